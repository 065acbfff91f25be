"""The samples of one audio track where the file's own clock puts them; what is missing is silence of the same length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.errors import JobStopped
from pipelines.clip.errors import ClipError, NotAudio
from pipelines.clip.files.containers import (
    audio_tracks,
    claimed_seconds,
    container_kind,
    default_track,
    opened,
    parts_of,
)
from pipelines.clip.files.downmix import mono_weights
from pipelines.clip.files.file_clock import (
    MIN_GAP_SECONDS,
    FileClock,
    Gap,
    cropped_seconds,
    gap_of,
)
from pipelines.clip.files.file_parts import FilePart
from pipelines.clip.recording import Recording

MAX_SAMPLE = 1e3
"""Larger samples (60 dB above full scale) are damage, as are NaN and infinity."""
SILENCE_BLOCK_SAMPLES = 2**18
MAX_FAILURES = 100
"""In a row, each after some 64 kB, before the rest of a file is given up."""


class TrackReader:
    """Reads a track block by block. The attributes about damage are complete when `blocks` has ended."""

    def __init__(self, recording: Recording) -> None:
        """Read the headers.

        Raises:
            NotAudio: there is no such track.
            UnreadableClip: the headers are damaged.
        """
        self._file = recording.file
        self._channel = recording.channel
        self._should_stop = recording.should_stop
        self._parts = parts_of(recording.file)
        with opened(self._file, self._parts[0]) as container:
            self.tracks = audio_tracks(container)
            self.track = default_track(self.tracks) if recording.track is None else recording.track
            if not 0 <= self.track < len(self.tracks) or not self.tracks[self.track].channels:
                raise NotAudio(self._file.suffix)
            stream = container.streams.audio[self.track]
            if not stream.rate:
                raise NotAudio(self._file.suffix)
            self.sample_rate: int = stream.rate
            self.layout: Any = stream.layout
            self.file_channels: int = stream.layout.nb_channels
            self.container: str = container.format.name
            self.codec: str = stream.codec_context.codec.canonical_name
            self.kind = container_kind(self._file, self.container)
            claimed = claimed_seconds(self._file, container, stream) if len(self._parts) == 1 else None
            self.claimed_seconds = claimed and claimed - (cropped_seconds(self.kind, container) if self.kind == "ogg" else 0.0)
            self.header_seconds = container.duration / 1e6 if container.duration and len(self._parts) == 1 else None
        self.channels = self.file_channels if self.channel is None else 1
        self.seconds = 0.0
        """Read so far, silence included."""
        self.gaps: list[Gap] = []
        self.is_changing = False
        """Whether rate or channels change inside the track."""
        self.replaced_samples = 0
        """Number of samples that were not finite, or beyond `MAX_SAMPLE`."""
        self.packet_bytes: tuple[int, int] = (0, 0)
        """(least, most) of a packet."""

    @property
    def channel(self) -> int | None:
        """The one channel that is read, or None for all."""
        return self._channel if self._channel is not None and self._channel < self.file_channels else None

    @property
    def is_plain(self) -> bool:
        """Whether the file is one stream without gaps, changes or broken samples."""
        return len(self._parts) == 1 and not (self._parts[0].patches or self.gaps or self.is_changing or self.replaced_samples)

    def blocks(self) -> Iterator[FloatArray]:
        """Yield the samples, float32 [channels, samples], full scale ±1, without a break from 0 s on.

        Raises:
            JobStopped: the recording's `should_stop` said so.
        """
        converter = _Converter(self.sample_rate, self.layout)
        end, bytes_read = self._parts[0].first, 0
        for part in self._parts:
            yield from self._lost_bytes(part.first - end, bytes_read, converter)
            end = part.end
            try:
                for block in self._part_blocks(part, converter):
                    yield self._checked(block)
            except ClipError:
                if not bytes_read:
                    raise
                yield from self._lost_bytes(part.end - part.first, bytes_read, converter)
            else:
                bytes_read += part.end - part.first
        for block in converter.flush():
            yield self._checked(block)
        self.is_changing = converter.is_changing

    def _lost_bytes(self, lost: int, bytes_read: int, converter: _Converter) -> Iterator[FloatArray]:
        """Yield silence for bytes that were passed over, as long as those that were read."""
        sound_seconds = self.seconds - sum(gap.duration for gap in self.gaps)
        yield from self._silence(gap_of(self.seconds, lost * sound_seconds / max(1, bytes_read), is_damage=True), converter)

    def _part_blocks(self, part: FilePart, converter: _Converter) -> Iterator[FloatArray]:
        with opened(self._file, part) as container:
            streams = container.streams.audio
            stream = streams[self.track] if self.track < len(streams) else streams[-1] if streams else None
            if stream is None or stream.codec_context is None:
                raise NotAudio
            clock = FileClock(self._file, part, self.kind, container, self.seconds, self.claimed_seconds)
            for packet in _packets(container, stream):
                if self._should_stop():
                    raise JobStopped
                if packet is None:
                    clock.note_damage()
                    continue
                self._note_size(packet.size)
                yield from self._silence(clock.gap_before_packet(packet, self.seconds), converter)
                frames = _decoded(packet)
                if frames is None:
                    yield from self._silence(clock.gap_of_damage(packet, self.seconds), converter)
                else:
                    yield from self._silence(clock.gap_inside_packet(packet, self.seconds), converter)
                for frame in frames or ():
                    yield from self._silence(clock.gap_before_frame(frame, self.seconds), converter)
                    self.seconds += frame.samples / frame.sample_rate
                    yield from converter.convert(frame)
            yield from self._silence(clock.gap_at_end(self.seconds), converter)

    def _silence(self, gap: Gap | None, converter: _Converter) -> Iterator[FloatArray]:
        if gap is None:
            return
        yield from converter.flush()
        last = self.gaps[-1] if self.gaps else None
        if last and last.is_damage == gap.is_damage and gap.start - (last.start + last.duration) < MIN_GAP_SECONDS:
            self.gaps[-1] = Gap(last.start, gap.start + gap.duration - last.start, gap.is_damage)
        else:
            self.gaps.append(gap)
        left = round((gap.start + gap.duration) * self.sample_rate) - round(gap.start * self.sample_rate)
        self.seconds += gap.duration
        while left > 0:
            size = min(left, SILENCE_BLOCK_SAMPLES)
            yield np.zeros((self.file_channels, size), np.float32)
            left -= size

    def _note_size(self, size: int) -> None:
        least, most = self.packet_bytes
        if size:
            self.packet_bytes = (min(least or size, size), max(most, size))

    def _checked(self, block: FloatArray) -> FloatArray:
        if self.channel is not None:
            block = block[self.channel : self.channel + 1]
        broken = ~(np.abs(block) <= MAX_SAMPLE)
        count = int(broken.sum())
        if count:
            self.replaced_samples += count
            block = np.where(broken, np.float32(0.0), block)
        return block


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a stream; None where the container's structure is broken, after which FFmpeg may find it again."""
    import av

    failures = 0
    while failures < MAX_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
            return
        except av.error.InvalidDataError:
            failures += 1
            yield None
        except av.error.FFmpegError:
            return  # what came so far is compared with what the file promised


def _decoded(packet: Any) -> list[Any] | None:
    """Return the frames of a packet, or None if it cannot be decoded."""
    import av

    try:
        frames: list[Any] = packet.decode()
    except av.error.FFmpegError:
        return None
    return frames


class _Converter:
    """Frames of any format, rate and layout to blocks of one rate and layout.

    Samples are read as packed frames: PyAV counts the planes of a planar frame up to a NULL that is missing from 8 on.
    """

    def __init__(self, sample_rate: int, layout: Any) -> None:
        self._sample_rate = sample_rate
        self._layout = layout
        self._resampler: Any = None
        self._of: tuple[str, int, str, int] | None = None
        self._frame_layout: Any = None
        self.is_changing = False

    def convert(self, frame: Any) -> list[FloatArray]:
        """Return the blocks [channels, samples] that are ready after this frame."""
        import av

        of = (frame.format.name, frame.sample_rate, frame.layout.name, frame.layout.nb_channels)
        blocks: list[FloatArray] = []
        if of != self._of:
            blocks = self.flush()
            self.is_changing |= self._of is not None and of[1:] != self._of[1:]
            self._of, self._frame_layout = of, frame.layout
            self._resampler = av.AudioResampler(format="flt", layout=frame.layout, rate=self._sample_rate)
        frame.pts = None
        return [*blocks, *(self._block(part) for part in self._resampler.resample(frame))]

    def flush(self) -> list[FloatArray]:
        """Return the samples left in the resampler; the next frame begins a new one."""
        resampler, self._resampler = self._resampler, None
        of, self._of = self._of, None
        if resampler is None or of is None or of[1] == self._sample_rate:
            return []
        return [self._block(part) for part in resampler.resample(None)]

    def _block(self, frame: Any) -> FloatArray:
        samples: FloatArray = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T
        if len(samples) == self._layout.nb_channels:
            return samples
        mono = mono_weights(frame.layout) @ samples
        return np.repeat(mono[None], self._layout.nb_channels, axis=0)
