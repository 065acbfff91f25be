"""Files of every container that may be opened: their audio trackss, their parts, and how long they say they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pipelines.clip.errors import NotAudio, UnreadableClip
from pipelines.clip.files.file_parts import ByteRange, FilePart
from pipelines.clip.recording import AudioTrack

FORMATS = "wav,w64,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aiff,au,aac,caf,amr,ac3,asf,avi"
"""FFmpeg demuxers that may be used. Playlists (hls, concat, dash ...) stay out: they open other files and addresses."""
UNKNOWN_SIZE = 0xFFFFFFFF


@contextmanager
def opened(file: Path, part: ByteRange | None = None) -> Iterator[Any]:
    """Open a file, or a range of its bytes, with FFmpeg.

    Raises:
        NotAudio, UnreadableClip.
    """
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    source = f"file:{file}" if part is None else FilePart(file, part)
    try:
        container = av.open(source, options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(file) from error
    with container:
        yield container


def _unreadable(file: Path) -> NotAudio | UnreadableClip:
    """A file that starts like a recording is damaged; anything else never was one."""
    with open(file, "rb") as stream:
        head = stream.read(12)
    starts_like_audio = (
        head.startswith((b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"\x1aE\xdf\xa3", b"ID3", b"caff")) or head[4:8] == b"ftyp"
    )
    return UnreadableClip() if starts_like_audio else NotAudio(file.suffix)


def audio_tracks(container: Any) -> tuple[AudioTrack, ...]:
    """Return the audio streams, in the order of the file."""
    import av

    return tuple(
        AudioTrack(
            language="" if stream.metadata.get("language", "und") == "und" else stream.metadata["language"],
            title=stream.metadata.get("title", ""),
            channels=stream.channels,
            is_default=av.stream.Disposition.default in stream.disposition,
        )
        for stream in container.streams.audio
    )


def default_track(tracks: tuple[AudioTrack, ...]) -> int:
    """Return the number of the track that the container marks, or of the first."""
    return next((number for number, track in enumerate(tracks) if track.is_default), 0)


def container_kind(file: Path, format_name: str) -> str:
    """Return one name per container: FFmpeg calls MP4 'mov,mp4,...' and both Matroska and WebM 'matroska,webm'."""
    if format_name.startswith("matroska"):
        with open(file, "rb") as stream:
            return "webm" if b"webm" in stream.read(64) else "matroska"
    return format_name.split(",")[0]


def claimed_seconds(file: Path, container: Any, stream: Any) -> float | None:
    """Return how long the file says its sound is; None where the format does not say, or FFmpeg guesses from the bit rate."""
    kind = container_kind(file, container.format.name)
    if kind in {"aac", "amr", "ac3"} or (kind == "mp3" and not has_length_header(file)):
        return None
    if kind in {"wav", "aiff", "au"}:
        return _claimed_pcm_seconds(file, kind, stream)
    tag = stream.metadata.get("DURATION")
    if tag:
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is None or container.streams.video:
        return None
    return float(container.duration / 1e6)


def _claimed_pcm_seconds(file: Path, kind: str, stream: Any) -> float | None:
    """The size that the header gives the samples, as time: FFmpeg itself trusts the file's size more than the header."""
    if not stream.codec_context.bit_rate:
        return None
    with open(file, "rb") as header:
        size = _claimed_pcm_bytes(header, kind)
    return None if size is None else size * 8 / stream.codec_context.bit_rate


def _claimed_pcm_bytes(header: BinaryIO, kind: str) -> int | None:
    """Bytes of the sample data as the header has it; None where it says 'unknown', as recorders that stream do."""
    if kind == "au":
        header.seek(8)
        size = int.from_bytes(header.read(4), "big")
        return None if size == UNKNOWN_SIZE else size
    order: Literal["big", "little"] = "big" if kind == "aiff" else "little"
    wanted = b"SSND" if kind == "aiff" else b"data"
    header.seek(12)
    while len(chunk := header.read(8)) == 8:
        size = int.from_bytes(chunk[4:], order)
        if chunk[:4] == wanted:
            return None if size in (0, UNKNOWN_SIZE) else size
        header.seek(size + size % 2, os.SEEK_CUR)
    return None


def has_length_header(mp3: Path) -> bool:
    """Whether a Xing, Info or VBRI header says how many frames there are."""
    with open(mp3, "rb") as stream:
        head = stream.read(10)
        tag_bytes = 0
        if head.startswith(b"ID3"):
            tag_bytes = 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        stream.seek(tag_bytes)
        first_frame = stream.read(4096)
    return any(marker in first_frame for marker in (b"Xing", b"Info", b"VBRI"))
