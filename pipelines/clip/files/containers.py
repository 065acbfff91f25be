"""Files of every container that may be opened: their audio tracks, their parts, and how long they say they are."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.clip.errors import NotAudio, UnreadableClip
from pipelines.clip.files.file_clock import CLOCKLESS_KINDS
from pipelines.clip.files.file_parts import (
    FLAC_MARK,
    MATROSKA_MARK,
    FilePart,
    PartReader,
    adts_runs,
    marked_files,
    ogg_links,
    riff_files,
)
from pipelines.clip.files.header_lengths import PCM_KINDS, asf_seconds, has_length_header, pcm_bytes
from pipelines.clip.files.mp4_parts import mp4_parts
from pipelines.clip.recording import AudioTrack

FORMATS = (
    "wav,w64,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aiff,au,aac,caf,amr,ac3,asf,avi,"
    "eac3,dts,flv,mpegts,mpeg,wv,tta,ape,dsf,voc,nistsphere"
)
"""FFmpeg demuxers that may be used. Playlists (hls, concat, dash ...) stay out: they open other files and addresses."""

DURATION_TAG = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)", re.ASCII)


@contextmanager
def opened(file: Path, part: FilePart) -> Iterator[Any]:
    """Open a part of a file with FFmpeg.

    Raises:
        NotAudio, UnreadableClip.
    """
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    is_whole = part == FilePart(0, file.stat().st_size)
    source = f"file:{file}" if is_whole else PartReader(file, part)
    try:
        container = av.open(source, options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(file) from error
    with container:
        yield container


def parts_of(file: Path) -> tuple[FilePart, ...]:
    """Return the parts that are to be read one after the other; one of the whole file where FFmpeg reads all of it."""
    with open(file, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        head = content[:12]
        parts: list[FilePart] = []
        if head.startswith(b"OggS"):
            parts = ogg_links(stream)
        elif head.startswith((b"ID3", b"\xff")):
            parts = adts_runs(content)
        elif head.startswith((b"RIFF", b"RF64")):
            parts = riff_files(stream)
        elif head.startswith(b"fLaC"):
            parts = marked_files(content, FLAC_MARK)
        elif head.startswith(b"\x1aE\xdf\xa3"):
            parts = marked_files(content, MATROSKA_MARK)
        elif head[4:8] == b"ftyp":
            parts = mp4_parts(content)
        whole = FilePart(0, len(content))
    return tuple(parts) if len(parts) > 1 or any(part.patches for part in parts) else (whole,)


def _unreadable(file: Path) -> NotAudio | UnreadableClip:
    """Return the error for a file that cannot be read: damaged if it starts like a recording, else no recording."""
    with open(file, "rb") as stream:
        head = stream.read(12)
    starts_like_audio = (
        head.startswith((b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"\x1aE\xdf\xa3", b"ID3", b"caff")) or head[4:8] == b"ftyp"
    )
    return UnreadableClip() if starts_like_audio else NotAudio(file.suffix)


def audio_tracks(container: Any) -> tuple[AudioTrack, ...]:
    """Return the audio streams, in the order of the file; those whose codec is unknown have no channels."""
    import av

    return tuple(
        AudioTrack(
            language="" if stream.metadata.get("language", "und") == "und" else stream.metadata["language"],
            title=stream.metadata.get("title", ""),
            channels=stream.channels if stream.codec_context else 0,
            is_default=av.stream.Disposition.default in stream.disposition,
        )
        for stream in container.streams.audio
    )


def default_track(tracks: tuple[AudioTrack, ...]) -> int:
    """Return the number of the track that the container marks, or of the first, among those that can be read."""
    readable = [number for number, track in enumerate(tracks) if track.channels]
    return next((number for number in readable if tracks[number].is_default), readable[0] if readable else 0)


def container_kind(file: Path, format_name: str) -> str:
    """Return one name per container: FFmpeg calls MP4 'mov,mp4,...' and both Matroska and WebM 'matroska,webm'."""
    if format_name.startswith("matroska"):
        with open(file, "rb") as stream:
            return "webm" if b"webm" in stream.read(64) else "matroska"
    return format_name.split(",")[0]


def claimed_seconds(file: Path, container: Any, stream: Any) -> float | None:
    """Return how long the file says its sound is; None where the format does not say, or FFmpeg guesses from the bit rate."""
    kind = container_kind(file, container.format.name)
    if kind in CLOCKLESS_KINDS - {"mp3"} or (kind == "mp3" and not has_length_header(file)):
        return None
    bit_rate = stream.codec_context.bit_rate
    if kind in PCM_KINDS and (kind != "caf" or stream.codec_context.name.startswith("pcm")):
        size = pcm_bytes(file, kind)
        return size * 8 / bit_rate if size is not None and bit_rate else None
    if kind == "asf":  # whose header has the duration of the film, sound or not
        return None if container.streams.video else asf_seconds(file)
    tag = DURATION_TAG.fullmatch(stream.metadata.get("DURATION", ""))
    if tag:
        hours, minutes, seconds = tag.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is None or container.streams.video:
        return None
    return float(container.duration / 1e6)
