"""Video files: MP4 with the sound of a clip, and GIF without.

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

VIDEO_CODEC, AUDIO_CODEC = "h264", "aac"
QUALITY = {"crf": "18", "preset": "veryfast", "tune": "animation"}
"""Options of x264: nearly lossless, at a few hundred frames per second on one core."""
BT709 = {"color_primaries": 1, "color_trc": 1, "colorspace": 1}
"""Colour space, written into the file so that no player guesses it from the size of the picture."""
AUDIO_SAMPLE_RATE = 48_000
AUDIO_BITS_PER_SECOND = 160_000
GIF_COLOURS = 256
GIF_SCALE_STEP = 0.8
"""Factor on the sides from one attempt to the next."""
MIN_GIF_SIDE = 64

Frame = NDArray[np.uint8]
"""[height, width, 3], RGB."""


class Mp4Writer:
    """Writer of an MP4: `add` frames in order; leaving the `with` block without an error completes the file."""

    def __init__(self, path: Path, size: tuple[int, int], frame_rate: int, audio: Path, duration: float) -> None:
        """Open the file; `size` is (width, height) in even pixels, `audio` a file with at least `duration` seconds of sound."""
        import av

        self._file: Any = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._file.add_stream(VIDEO_CODEC, rate=frame_rate, options=QUALITY)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        for name, value in BT709.items():
            setattr(self._video.codec_context, name, value)
        self._frame_rate = frame_rate
        self._frames = 0
        self._audio = _AudioStream(self._file, audio, duration)

    def __enter__(self) -> Mp4Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with closing(self._file), closing(self._audio):
            if kind is None:
                self._file.mux(self._video.encode(None))
                self._audio.write_until(None)

    def add(self, frame: Frame) -> None:
        """Write the next frame, and the sound up to its time."""
        import av

        picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
        picture.pts = self._frames
        picture.time_base = Fraction(1, self._frame_rate)
        self._file.mux(self._video.encode(picture))
        self._frames += 1
        self._audio.write_until(self._frames / self._frame_rate)


class _AudioStream:
    """The sound of a file, written as a second stream of another, as far as the frames are."""

    def __init__(self, target: Any, source: Path, duration: float) -> None:
        import av

        self._target = target
        self._source = av.open(str(source))
        audio = self._source.streams.best("audio")
        layout = "mono" if audio.channels == 1 else "stereo"
        self._stream = target.add_stream(AUDIO_CODEC, rate=AUDIO_SAMPLE_RATE, layout=layout, bit_rate=AUDIO_BITS_PER_SECOND)
        self._samples = round(duration * AUDIO_SAMPLE_RATE)
        self._packets = self._encode(audio, av.AudioResampler("fltp", layout, AUDIO_SAMPLE_RATE), av.AudioFifo())
        self._written = 0.0

    def close(self) -> None:
        self._source.close()

    def write_until(self, seconds: float | None) -> None:
        """Write the packets that begin before `seconds`, or all that are left."""
        while seconds is None or self._written < seconds:
            packet = next(self._packets, None)
            if packet is None:
                return
            self._written = float(packet.pts * packet.time_base)
            self._target.mux(packet)

    def _encode(self, audio: Any, resampler: Any, buffer: Any) -> Iterator[Any]:
        """Yield the packets of the sound, cut to its duration."""
        left = self._samples
        for frame in chain(self._source.decode(audio), [None]):
            for part in resampler.resample(frame):
                part.pts = None
                buffer.write(part)
            while left and buffer.samples >= min(left, self._frame_samples):
                piece = buffer.read(min(left, self._frame_samples))
                left -= piece.samples
                yield from self._stream.encode(piece)
        yield from self._stream.encode(None)

    @property
    def _frame_samples(self) -> int:
        return self._stream.codec_context.frame_size or 1024


def gif_bytes(frames: Sequence[Image.Image], frame_rate: float, max_bytes: int) -> bytes:
    """Encode an endless GIF of RGB frames of one size, each with its own palette, scaled down until it has `max_bytes`.

    GIF counts hundredths of a second: the times of the frames are rounded so that no error adds up.
    """
    times = [round(100 * number / frame_rate) for number in range(len(frames) + 1)]
    durations = [10 * int(step) for step in np.diff(times)]
    while True:
        content = _gif(frames, durations)
        side = min(frames[0].size)
        if len(content) <= max_bytes or side * GIF_SCALE_STEP < MIN_GIF_SIDE:
            return content
        size = tuple(round(GIF_SCALE_STEP * side) for side in frames[0].size)
        frames = [frame.resize((size[0], size[1]), Image.Resampling.LANCZOS) for frame in frames]


def _gif(frames: Sequence[Image.Image], durations: list[int]) -> bytes:
    """Encode a GIF; `durations` in milliseconds."""
    first, *others = (frame.quantize(GIF_COLOURS, method=Image.Quantize.FASTOCTREE) for frame in frames)
    file = BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return file.getvalue()
