"""The samples of one audio track where the file's own clock puts them; what is missing is silence of the same length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.containers import (
    ByteRange,
    audio_tracks,
    claimed_seconds,
    container_kind,
    default_track,
    opened,
    parts_of,
)
from pipelines.clip.downmix import mono_weights
from pipelines.clip.errors import NotAudio

CLOCKLESS_KINDS = {"mp3", "aac", "ac3", "amr"}
"""Containers of bare frames. Their time stamps are counted from the frames, so that lost bytes would take no time."""
CLOCKED_KINDS = {"mov", "matroska", "webm", "ogg", "avi", "asf"}
"""Containers whose time stamps count from the file's beginning, as browsers play them: before a late first one is silence."""
MAX_LATE_SECONDS = 600.0
"""A first time stamp after this, in a file that does not say how long it is, is that of a live stream from which it was cut."""
MAX_FRAME_BYTES = 1729
"""Of MP3 (layer II, 384 kbit/s at 32 kHz). FFmpeg makes one packet of all that lies between two frames it recognises."""
MIN_GAP_SECONDS = 0.06
"""Shorter gaps are rounding: Matroska counts milliseconds, and a lost frame of AAC lasts 23 ms."""
MIN_SKIPPED_BYTES = 200
"""Fewer bytes between two packets are headers of the container."""
MAX_SAMPLE = 1e3
"""Larger samples (60 dB above full scale) are damage, as are NaN and infinity."""
SILENCE_BLOCK_SAMPLES = 2**18


@dataclass(frozen=True)
class Recording:
    """A file, and what of it is to be read."""

    file: Path
    track: int | None = None
    """Number among the audio tracks; None for the container's default."""
    channel: int | None = None
    """One channel alone; None for all."""


@dataclass(frozen=True)
class Gap:
    """A stretch for which silence stands."""

    start: float
    """Seconds."""
    duration: float
    """Seconds."""
    is_damage: bool
    """Whether the file has data there that cannot be decoded; otherwise it has none."""


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
        self._parts = parts_of(recording.file)
        with opened(self._file, self._parts[0]) as container:
            self.tracks = audio_tracks(container)
            self.track = default_track(self.tracks) if recording.track is None else recording.track
            if not 0 <= self.track < len(self.tracks):
                raise NotAudio(self._file.suffix)
            stream = container.streams.audio[self.track]
            if not stream.rate or not stream.channels:
                raise NotAudio(self._file.suffix)
            self.sample_rate: int = stream.rate
            self.layout: Any = stream.layout
            self.file_channels: int = stream.layout.nb_channels
            self.container: str = container.format.name
            self.codec: str = stream.codec_context.codec.canonical_name
            self.kind = container_kind(self._file, self.container)
            claimed = claimed_seconds(self._file, container, stream) if len(self._parts) == 1 else None
            self.claimed_seconds = claimed and claimed - (_cropped_seconds(self.kind, container) if self.kind == "ogg" else 0.0)
            self.header_seconds = container.duration / 1e6 if container.duration and len(self._parts) == 1 else None
        self.channels = self.file_channels if self.channel is None else 1
        self.seconds = 0.0
        """Read so far, silence included."""
        self.gaps: list[Gap] = []
        self.is_changing = False
        """Whether rate or channels change inside the track."""
        self.replaced_samples = 0
        """That were not numbers, or beyond `MAX_SAMPLE`."""
        self.packet_bytes: tuple[int, int] = (0, 0)
        """(least, most) of a packet."""

    @property
    def channel(self) -> int | None:
        """The one channel that is read, or None for all."""
        return self._channel if self._channel is not None and self._channel < self.file_channels else None

    @property
    def is_plain(self) -> bool:
        """Whether the file is one stream without gaps, changes or broken samples."""
        return len(self._parts) == 1 and not (self.gaps or self.is_changing or self.replaced_samples)

    def blocks(self) -> Iterator[FloatArray]:
        """Yield the samples, float32 [channels, samples], full scale ±1, without a break from 0 s on."""
        converter = _Converter(self.sample_rate, self.layout)
        for part in self._parts:
            for block in self._part_blocks(part, converter):
                yield self._checked(block)
        for block in converter.flush():
            yield self._checked(block)
        self.is_changing = converter.is_changing

    def _part_blocks(self, part: ByteRange | None, converter: _Converter) -> Iterator[FloatArray]:
        with opened(self._file, part) as container:
            stream = container.streams.audio[self.track]
            placing = _Placing(self._file, self.kind, container, self.seconds, self.claimed_seconds)
            for packet in _packets(container, stream):
                self._note_size(packet.size)
                yield from self._silence(placing.gap_before_packet(packet, self.seconds), converter)
                frames = _decoded(packet)
                if frames is None:
                    yield from self._silence(placing.gap_of_damage(packet, self.seconds), converter)
                else:
                    yield from self._silence(placing.gap_inside_packet(packet, self.seconds), converter)
                for frame in frames or ():
                    yield from self._silence(placing.gap_before_frame(frame, self.seconds), converter)
                    self.seconds += frame.samples / frame.sample_rate
                    yield from converter.convert(frame)
            yield from self._silence(placing.gap_at_end(self.seconds), converter)

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


class _Placing:
    """Where a part's frames belong on the clip's timeline."""

    def __init__(self, file: Path, kind: str, container: Any, begin: float, claimed: float | None) -> None:
        """`begin` is the part's own in the clip, and `claimed` the clip's duration by its header; both in seconds."""
        self._bytes = _ByteClock(file, MAX_FRAME_BYTES if kind == "mp3" else None) if kind in CLOCKLESS_KINDS else None
        self._is_alone = len(container.streams) == 1
        start, length = (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
        self._offset = begin - _cropped_seconds(kind, container)
        self._latest = None if claimed is None else begin + max(0.0, start) + max(claimed, length) + 1.0
        self._is_damaged = False
        self._unread_end = 0.0
        self._next_byte: int | None = None

    def gap_before_packet(self, packet: Any, now: float) -> Gap | None:
        """The time of bytes that belong to no packet."""
        if self._bytes:
            return _gap(now, self._bytes.lost_seconds(packet), is_damage=True)
        if self._next_byte is not None and packet.pos is not None and self._is_alone:
            self._is_damaged |= packet.pos - self._next_byte > MIN_SKIPPED_BYTES
        self._is_damaged |= packet.is_corrupt
        self._next_byte = None if packet.pos is None else packet.pos + packet.size
        return None

    def gap_of_damage(self, packet: Any, now: float) -> Gap | None:
        """The time of a packet that cannot be decoded, where there is no clock that will show it."""
        self._is_damaged = True
        if self._bytes:
            return _gap(now, self._bytes.damaged_seconds(packet), is_damage=True)
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            self._unread_end = self._offset + float(end * packet.time_base)
        return None

    def gap_inside_packet(self, packet: Any, now: float) -> Gap | None:
        """The time of bytes before a frame that FFmpeg took for a part of it."""
        return _gap(now, self._bytes.oversize_seconds(packet), is_damage=True) if self._bytes else None

    def gap_before_frame(self, frame: Any, now: float) -> Gap | None:
        """What the frame's time stamp leaves between it and what was read so far."""
        if self._bytes or frame.time is None:
            return None
        gap = self._offset + frame.time - now
        is_damage, self._is_damaged = self._is_damaged, False
        if abs(gap) < MIN_GAP_SECONDS:
            return None
        is_believed = self._latest is None or now + gap <= self._latest
        if gap > 0 and is_believed:
            return Gap(now, gap, is_damage)
        self._offset -= gap  # the clock was set back, or its stamp is damaged: what follows goes on from here
        return None

    def gap_at_end(self, now: float) -> Gap | None:
        """The time of packets at the end that could not be decoded."""
        if self._latest is not None and self._unread_end > self._latest:
            return None
        return _gap(now, self._unread_end - now, is_damage=True)


def _gap(start: float, seconds: float, is_damage: bool) -> Gap | None:
    return Gap(start, seconds, is_damage) if seconds > 0 else None


def _cropped_seconds(kind: str, container: Any) -> float:
    """The time on the container's clock at which the clip begins."""
    start = max(0.0, (container.start_time or 0) / 1e6)
    if kind not in CLOCKED_KINDS:
        return start
    has_length = container.duration is not None and kind != "ogg"
    return start if start > MAX_LATE_SECONDS and not has_length else 0.0


class _ByteClock:
    """Time of lost bytes in a file of bare frames, by the size of the frames before them."""

    def __init__(self, file: Path, max_frame_bytes: int | None) -> None:
        self._file = file
        self._max_bytes = max_frame_bytes
        self._next = -1
        self._frames, self._bytes = 0, 0
        self._least, self._most = 0, 0

    def lost_seconds(self, packet: Any) -> float:
        """Seconds between the packet before and `packet`; 0.0 where one follows the other, or only tags are between them."""
        if packet.pos is None or not packet.duration:
            return 0.0
        lost = packet.pos - self._next if self._next >= 0 else 0
        self._next = packet.pos + packet.size
        if lost <= 0:
            return 0.0
        lost -= _tag_bytes(self._file, packet.pos - lost, packet.pos)
        return self._seconds(packet, max(0, lost))

    def damaged_seconds(self, packet: Any) -> float:
        """Seconds of a packet that cannot be decoded."""
        if not packet.size:
            return 0.0
        return max(self._seconds(packet, packet.size), float((packet.duration or 0) * packet.time_base))

    def oversize_seconds(self, packet: Any) -> float:
        """Seconds of what a packet holds beside its frame."""
        has_one_rate = self._frames > 1 and self._most - self._least <= 1
        if (self._max_bytes and packet.size > self._max_bytes) or (has_one_rate and packet.size > 1.5 * self._most):
            return self._seconds(packet, packet.size - self._mean)
        if packet.size:
            self._frames += 1
            self._bytes += packet.size
            self._least, self._most = min(self._least or packet.size, packet.size), max(self._most, packet.size)
        return 0.0

    @property
    def _mean(self) -> float:
        return self._bytes / max(1, self._frames)

    def _seconds(self, packet: Any, size: float) -> float:
        """`size` in bytes as the time of whole frames."""
        if not self._frames or not packet.duration:
            return 0.0
        return float(packet.duration * packet.time_base) * round(size / self._mean)


def _tag_bytes(file: Path, first: int, end: int) -> int:
    """How many bytes between two places are ID3 or APE tags, which files that were joined have between them."""
    position = first
    with open(file, "rb") as stream:
        while position < end:
            stream.seek(position)
            head = stream.read(32)
            if head.startswith(b"ID3"):
                size = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
            elif head.startswith(b"TAG"):
                size = 128
            elif head.startswith(b"APETAGEX"):
                size = 32 + int.from_bytes(head[12:16], "little")
            else:
                break
            position += size
    return min(position, end) - first


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream up to the end of the file or to where its structure ends."""
    import av

    try:
        yield from container.demux(stream)
    except av.error.FFmpegError:
        return  # what came so far is compared with what the file promised


def _decoded(packet: Any) -> list[Any] | None:
    """The frames of a packet, or None if it cannot be decoded."""
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
        """The blocks [channels, samples] that are ready after this frame."""
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
        """What the resampler still holds; the next frame begins a new one."""
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
