"""Pictures that follow each other, as files: MP4 with the sound of a clip, and GIF without.

H.264 and AAC in MP4 is what every browser plays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from io import BytesIO
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

VIDEO_CODEC, SOUND_CODEC = "h264", "aac"
QUALITY = {"crf": "18", "preset": "veryfast", "tune": "animation"}
"""Of x264: hardly to be told from the original, at a few hundred frames a second on one core."""
BT709 = {"color_primaries": 1, "color_trc": 1, "colorspace": 1}
"""Said in the file, so that no player guesses the colours by the size of the picture."""
SOUND_RATE = 48_000
SOUND_BITS_PER_SECOND = 160_000
MICROSECONDS = 1_000_000
GIF_COLOURS = 256
GIF_SHRINKING = 0.8
"""Of the sides, from one attempt to the next."""
SMALLEST_GIF_SIDE = 64

Frame = NDArray[np.uint8]
"""[height, width, 3], RGB."""


class Mp4Writer:
    """A film in the making: `add` frames in order; leaving the block without an error completes the file."""

    def __init__(self, path: Path, size: tuple[int, int], frame_rate: int, sound: Path, duration: float) -> None:
        """`size`: (width, height) in even pixels; `sound`: a file with at least `duration` seconds of sound."""
        import av

        self._file: Any = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._file.add_stream(VIDEO_CODEC, rate=frame_rate, options=QUALITY)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        for name, value in BT709.items():
            setattr(self._video.codec_context, name, value)
        self._frame_rate = frame_rate
        self._frames = 0
        self._sound = _Sound(self._file, sound, duration)

    def __enter__(self) -> Mp4Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with closing(self._file), closing(self._sound):
            if kind is None:
                self._file.mux(self._video.encode(None))
                self._sound.write_until(None)

    def add(self, frame: Frame) -> None:
        """The next frame, and the sound up to its time."""
        import av

        picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
        picture.pts = self._frames
        picture.time_base = Fraction(1, self._frame_rate)
        self._file.mux(self._video.encode(picture))
        self._frames += 1
        self._sound.write_until(self._frames / self._frame_rate)


class _Sound:
    """The sound of a file as a second stream of another, written as far as the pictures are."""

    def __init__(self, target: Any, source: Path, duration: float) -> None:
        import av

        self._target = target
        self._source = av.open(str(source))
        heard = self._source.streams.best("audio")
        layout = "mono" if heard.channels == 1 else "stereo"
        self._stream = target.add_stream(SOUND_CODEC, rate=SOUND_RATE, layout=layout, bit_rate=SOUND_BITS_PER_SECOND)
        self._samples = round(duration * SOUND_RATE)
        self._packets = self._encoded(heard, av.AudioResampler("fltp", layout, SOUND_RATE), av.AudioFifo())
        self._written = 0.0

    def close(self) -> None:
        self._source.close()

    def write_until(self, seconds: float | None) -> None:
        """Packets that begin before `seconds`, or all that are left."""
        while seconds is None or self._written < seconds:
            packet = next(self._packets, None)
            if packet is None:
                return
            self._written = float(packet.pts * packet.time_base)
            self._target.mux(packet)

    def _encoded(self, heard: Any, resampler: Any, waiting: Any) -> Iterator[Any]:
        """The packets of the sound, cut to its length."""
        left = self._samples
        for frame in chain(self._source.decode(heard), [None]):
            for part in resampler.resample(frame):
                part.pts = None
                waiting.write(part)
            while left and waiting.samples >= min(left, self._frame_samples):
                piece = waiting.read(min(left, self._frame_samples))
                left -= piece.samples
                yield from self._stream.encode(piece)
        yield from self._stream.encode(None)

    @property
    def _frame_samples(self) -> int:
        return self._stream.codec_context.frame_size or 1024


def gif_bytes(frames: Sequence[Image.Image], frame_rate: float, most_bytes: int) -> bytes:
    """An endless GIF of RGB pictures of one size, each with the palette that suits it, made smaller until it has `most_bytes`.

    GIF counts hundredths of a second: the times of the frames are rounded so that none drifts.
    """
    times = [round(100 * number / frame_rate) for number in range(len(frames) + 1)]
    durations = [10 * int(step) for step in np.diff(times)]
    while True:
        content = _gif(frames, durations)
        side = min(frames[0].size)
        if len(content) <= most_bytes or side * GIF_SHRINKING < SMALLEST_GIF_SIDE:
            return content
        size = tuple(round(GIF_SHRINKING * side) for side in frames[0].size)
        frames = [frame.resize((size[0], size[1]), Image.Resampling.LANCZOS) for frame in frames]


def _gif(frames: Sequence[Image.Image], durations: list[int]) -> bytes:
    """`durations` in milliseconds."""
    first, *others = (frame.quantize(GIF_COLOURS, method=Image.Quantize.FASTOCTREE) for frame in frames)
    file = BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return file.getvalue()
