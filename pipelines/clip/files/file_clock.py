"""Where the frames of a file belong on the clip's timeline: by time stamps, or by bytes where a file has no clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.clip.files.file_parts import OGG_PAGE_HEADER_BYTES, FilePart
from pipelines.clip.files.header_lengths import id3_bytes

CLOCKLESS_KINDS = {"mp3", "aac", "ac3", "eac3", "dts", "amr"}
"""Containers of bare frames. Their time stamps are counted from the frames, so that lost bytes would take no time."""
CLOCKED_KINDS = {"mov", "matroska", "webm", "ogg", "avi", "asf"}
"""Containers whose time stamps count from the file's beginning, as browsers play them: before a late first one is silence."""
MAX_LATE_SECONDS = 600.0
"""A first time stamp after this, in a file that does not say how long it is, is that of a live stream from which it was cut."""
MAX_FRAME_BYTES = 1729
"""Largest frame of MP3 (layer II, 384 kbit/s, 32 kHz). FFmpeg makes one packet of all between two frames that it knows."""
MIN_GAP_SECONDS = 0.06
"""Shorter gaps are rounding: Matroska counts milliseconds, and a lost frame of AAC lasts 23 ms."""
MIN_SKIPPED_BYTES = 200
"""Fewer bytes between two packets are headers of the container."""


@dataclass(frozen=True)
class Gap:
    """A stretch for which silence stands."""

    start: float
    """Seconds."""
    duration: float
    """Seconds."""
    is_damage: bool
    """Whether the file has data there that cannot be decoded; otherwise it has none."""


class FileClock:
    """What is missing before, inside and after the packets of a part, given in the order of the file.

    `now` is how much was read so far, silence included, in seconds.
    """

    def __init__(self, file: Path, part: FilePart, kind: str, container: Any, begin: float, claimed: float | None) -> None:
        """Start a part: `begin` is its own in the clip, and `claimed` the clip's duration by its header; both in seconds."""
        self._begin = begin
        self._part_bytes = part.end - part.first
        self._bytes = _ByteClock(file, MAX_FRAME_BYTES if kind == "mp3" else None) if kind in CLOCKLESS_KINDS else None
        self._is_alone = len(container.streams) == 1
        self._page = _OggPage() if kind == "ogg" and self._is_alone else None
        # FFmpeg drops damaged pages without a word, and no recorder leaves pauses in Ogg.
        self._are_gaps_damage = kind == "ogg" or bool(part.patches)
        start, length = (container.start_time or 0) / 1e6, (container.duration or 0) / 1e6
        self._offset = begin - cropped_seconds(kind, container)
        self._latest = None if claimed is None else begin + max(0.0, start) + max(claimed, length) + 1.0
        self._is_damaged = False
        self._unread_end = 0.0
        self._next_byte: int | None = None

    def gap_before_packet(self, packet: Any, now: float) -> Gap | None:
        """Return the gap of bytes that belong to no packet, or None."""
        if self._bytes:
            return gap_of(now, self._bytes.lost_seconds(packet), is_damage=True)
        if self._next_byte is not None and packet.pos is not None and self._is_alone:
            self._is_damaged |= packet.pos - self._next_byte > MIN_SKIPPED_BYTES
        self._is_damaged |= packet.is_corrupt
        if self._page:
            self._page.add(packet)
        self._next_byte = None if packet.pos is None else packet.pos + packet.size
        return None

    def note_damage(self) -> None:
        """Note that the container's structure is broken here."""
        self._is_damaged = True

    def gap_of_damage(self, packet: Any, now: float) -> Gap | None:
        """Return the gap of a packet that cannot be decoded, or None where the clock will show it."""
        self._is_damaged = True
        if self._bytes:
            return gap_of(now, self._bytes.damaged_seconds(packet), is_damage=True)
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            self._unread_end = self._offset + float(end * packet.time_base)
        return None

    def gap_inside_packet(self, packet: Any, now: float) -> Gap | None:
        """Return the gap of bytes before a frame that FFmpeg took for a part of it, or None."""
        return gap_of(now, self._bytes.oversize_seconds(packet), is_damage=True) if self._bytes else None

    def gap_before_frame(self, frame: Any, now: float) -> Gap | None:
        """Return the gap between what was read so far and the frame's time stamp, or None."""
        if self._bytes or frame.time is None:
            return None
        gap = self._offset + frame.time - now
        is_damage, self._is_damaged = self._is_damaged or (self._are_gaps_damage and now > 0), False
        if abs(gap) < MIN_GAP_SECONDS:
            return None
        is_plausible = self._latest is None or now + gap <= self._latest
        if gap > 0 and is_plausible:
            return Gap(now, gap, is_damage)
        self._offset -= gap  # the clock was set back, or its stamp is damaged: what follows goes on from here
        return None

    def gap_at_end(self, now: float) -> Gap | None:
        """Return the gap of packets at the end that could not be decoded, and of pages that FFmpeg dropped there."""
        if self._page:
            lost = self._part_bytes - self._page.end
            seconds = (now - self._begin) * lost / max(1, self._page.end)
            return gap_of(now, seconds, is_damage=True) if lost > MIN_SKIPPED_BYTES else None
        if self._latest is not None and self._unread_end > self._latest:
            return None
        return gap_of(now, self._unread_end - now, is_damage=True)


def gap_of(start: float, seconds: float, is_damage: bool) -> Gap | None:
    """Return the gap, or None if it has no duration."""
    return Gap(start, seconds, is_damage) if seconds > 0 else None


def cropped_seconds(kind: str, container: Any) -> float:
    """Return the time on the container's clock at which the clip begins."""
    start = max(0.0, (container.start_time or 0) / 1e6)
    if kind not in CLOCKED_KINDS:
        return start
    has_length = container.duration is not None and kind != "ogg"
    return start if start > MAX_LATE_SECONDS and not has_length else 0.0


class _OggPage:
    """Where the page ends that was read last."""

    def __init__(self) -> None:
        self._begin = -1
        self.end = 0
        """In bytes."""

    def add(self, packet: Any) -> None:
        """Count a packet, which has a byte for each 255 of its own in the page's header."""
        if packet.pos is None:
            return
        if packet.pos != self._begin:
            self._begin, self.end = packet.pos, packet.pos + OGG_PAGE_HEADER_BYTES
        self.end += packet.size + packet.size // 255 + 1


class _ByteClock:
    """Time of lost bytes in a file of bare frames, by the size of the frames before them."""

    def __init__(self, file: Path, max_frame_bytes: int | None) -> None:
        self._file = file
        self._max_bytes = max_frame_bytes
        self._next = -1
        self._frames, self._bytes = 0, 0
        self._least, self._most = 0, 0

    def lost_seconds(self, packet: Any) -> float:
        """Return the seconds between the last packet and `packet`; 0.0 where one follows the other, or only tags lie between."""
        if packet.pos is None or not packet.duration:
            return 0.0
        lost = packet.pos - self._next if self._next >= 0 else 0
        self._next = packet.pos + packet.size
        if lost <= 0:
            return 0.0
        lost -= _tag_bytes(self._file, packet.pos - lost, packet.pos)
        return self._seconds(packet, max(0, lost))

    def damaged_seconds(self, packet: Any) -> float:
        """Return the seconds of a packet that cannot be decoded."""
        if not packet.size:
            return 0.0
        return max(self._seconds(packet, packet.size), float((packet.duration or 0) * packet.time_base))

    def oversize_seconds(self, packet: Any) -> float:
        """Return the seconds of what a packet holds beside its frame."""
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
        """Return the seconds of the whole frames in `size` bytes."""
        if not self._frames or not packet.duration:
            return 0.0
        return float(packet.duration * packet.time_base) * round(size / self._mean)


def _tag_bytes(file: Path, first: int, end: int) -> int:
    """Return how many bytes between two places are ID3 or APE tags, which files that were joined have between them."""
    position = first
    with open(file, "rb") as stream:
        while position < end:
            stream.seek(position)
            head = stream.read(32)
            size = id3_bytes(head)
            if head.startswith(b"TAG"):
                size = 128
            elif head.startswith(b"APETAGEX"):
                size = 32 + int.from_bytes(head[12:16], "little")
            if not size:
                break
            position += size
    return min(position, end) - first
