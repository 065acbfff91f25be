"""Files to samples with PyAV: any format a browser or a musician has, block by block, with every limit checked on the way."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.errors import (
    ClipTooLong,
    EmptyClip,
    NotAudio,
    TooManyChannels,
    TruncatedClip,
)

FORMATS = "wav,w64,mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aiff,au,aac,caf,amr,ac3,asf,avi"
"""FFmpeg demuxers that may be used. Playlists (hls, concat, dash ...) stay out: they open other files and addresses."""
BROWSER_CODECS = {"mp3", "flac", "vorbis", "opus", "aac", "pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le"}
BROWSER_CONTAINERS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "ogg": "ogg", "mov": "m4a", "webm": "webm", "aac": "aac"}
"""First FFmpeg name of a container that browsers play -> ending for the player's file."""
MIN_BYTES_PER_SECOND = 500
"""No codec that people use needs less (Opus at 6 kbit/s has 750): a file that claims more time than this is not believed."""
MAX_FLAC_CHANNELS = 8
BLOCK_SAMPLES = 2**18
UNKNOWN_SIZE = 0xFFFFFFFF
TRUNCATION_SHARE = 0.02
TRUNCATION_SECONDS = 0.5
"""A file is called cut off when it holds this share and this much time less than it promises."""


@dataclass(frozen=True)
class ClipLimits:
    """What is accepted."""

    max_bytes: int = 2 * 10**9
    max_seconds: float = 3 * 3600.0
    max_channels: int = 16


@dataclass(frozen=True)
class DecodedAudio:
    """What `decode_audio` found."""

    content_hash: str
    sample_rate: int
    channels: int
    samples: int
    """Per channel."""
    peak: float
    """Largest absolute sample of the mono mix; 1.0 is full scale."""
    container: str
    codec: str


def decode_audio(file: Path, mono_file: Path, limits: ClipLimits) -> DecodedAudio:
    """Decode the best audio stream of `file`; write its mono mix to `mono_file` as raw float32 at the original's rate.

    Memory stays at one frame, whatever the length.

    Raises:
        NotAudio, TruncatedClip, EmptyClip, ClipTooLong, TooManyChannels.
    """
    with _opened(file) as container, open(mono_file, "wb") as out:
        stream = container.streams.best("audio")
        if stream is None or not stream.rate:
            raise NotAudio(file.suffix)
        if stream.channels > limits.max_channels:
            raise TooManyChannels(stream.channels, limits.max_channels)
        claimed_seconds = _claimed_seconds(file, container, stream)
        if claimed_seconds and limits.max_seconds < claimed_seconds < file.stat().st_size / MIN_BYTES_PER_SECOND:
            raise ClipTooLong(limits.max_seconds)
        samples, peak, content_hash = _write_mono(_frames(container, stream), out, stream.rate, limits)
        audio = DecodedAudio(
            content_hash,
            stream.rate,
            stream.channels,
            samples,
            peak,
            container.format.name,
            stream.codec_context.codec.canonical_name,
        )
    held_seconds = audio.samples / audio.sample_rate
    if claimed_seconds and held_seconds < claimed_seconds * (1 - TRUNCATION_SHARE) - TRUNCATION_SECONDS:
        raise TruncatedClip(claimed_seconds, held_seconds)
    if samples == 0:
        raise EmptyClip
    return audio


def write_player_file(file: Path, audio: DecodedAudio, mono_file: Path, directory: Path) -> None:
    """Put `player.<ending>` into `directory`: the file itself if browsers play it, else its sound as FLAC.

    A sound of more channels than FLAC holds is played as its mono mix, and `file` is kept beside it as `original.<ending>`.
    """
    ending = BROWSER_CONTAINERS.get(_container_kind(file, audio.container))
    if audio.channels > MAX_FLAC_CHANNELS:
        _write_mono_flac(mono_file, audio.sample_rate, directory / "player.flac")
        _link(file, directory / f"original{file.suffix}")
    elif ending is None or audio.codec not in BROWSER_CODECS:
        write_part(file, directory / "player.flac", 0.0, math.inf)
    else:
        _link(file, directory / f"player.{ending}")


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _write_mono_flac(mono_file: Path, sample_rate: int, target: Path) -> None:
    import av

    samples = np.memmap(mono_file, dtype=np.float32, mode="r")
    blocks = (samples[None, start : start + BLOCK_SAMPLES] for start in range(0, len(samples), BLOCK_SAMPLES))
    _write_lossless(blocks, target, sample_rate, av.AudioLayout("mono"))


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    import av

    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        container = av.open(f"file:{file}", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(file) from error
    with container:
        yield container


def _unreadable(file: Path) -> NotAudio | TruncatedClip:
    """A file that starts like a recording is damaged; anything else never was one."""
    with open(file, "rb") as stream:
        head = stream.read(12)
    starts_like_audio = (
        head.startswith((b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"\x1aE\xdf\xa3", b"ID3", b"caff")) or head[4:8] == b"ftyp"
    )
    return TruncatedClip() if starts_like_audio else NotAudio(file.suffix)


def _frames(container: Any, stream: Any) -> Iterator[FloatArray]:
    """Decoded blocks of shape [channels, samples], float32, full scale ±1; packets that cannot be decoded are passed over.

    Samples are read as packed frames: PyAV counts the planes of a planar frame up to a NULL that is missing from 8 on.
    """
    import av

    to_packed = av.AudioResampler(format="flt", layout=stream.layout, rate=stream.rate)
    stream.thread_type = "AUTO"
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                frame.pts = None
                for block in to_packed.resample(frame):
                    yield block.to_ndarray().reshape(-1, stream.layout.nb_channels).T
    except av.error.FFmpegError:
        return  # what came so far is compared with what the file promised


def _write_mono(frames: Iterator[FloatArray], out: BinaryIO, sample_rate: int, limits: ClipLimits) -> tuple[int, float, str]:
    """(samples, peak, content hash) of what was written."""
    digest = hashlib.blake2b(str(sample_rate).encode(), digest_size=16)
    samples, peak = 0, 0.0
    for block in frames:
        digest.update(np.ascontiguousarray(block.T).tobytes())
        mono = np.nan_to_num(block.mean(axis=0, dtype=np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
        out.write(mono.tobytes())
        samples += len(mono)
        peak = max(peak, float(np.abs(mono).max(initial=0.0)))
        if samples > limits.max_seconds * sample_rate:
            raise ClipTooLong(limits.max_seconds)
    return samples, peak, digest.hexdigest()


def _claimed_seconds(file: Path, container: Any, stream: Any) -> float | None:
    """How long the file says its sound is; None where the format does not say, or FFmpeg only guesses from the bit rate."""
    kind = _container_kind(file, container.format.name)
    if kind in {"aac", "amr", "ac3"} or (kind == "mp3" and not _has_length_header(file)):
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


def _has_length_header(mp3: Path) -> bool:
    """Whether a Xing, Info or VBRI header says how many frames there are."""
    with open(mp3, "rb") as stream:
        head = stream.read(10)
        tag_bytes = 0
        if head.startswith(b"ID3"):
            tag_bytes = 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        stream.seek(tag_bytes)
        first_frame = stream.read(4096)
    return any(marker in first_frame for marker in (b"Xing", b"Info", b"VBRI"))


def _container_kind(file: Path, format_name: str) -> str:
    """One name per container: FFmpeg calls MP4 'mov,mp4,...' and both Matroska and WebM 'matroska,webm'."""
    if format_name.startswith("matroska"):
        with open(file, "rb") as stream:
            return "webm" if b"webm" in stream.read(64) else "matroska"
    return format_name.split(",")[0]


def write_part(source: Path, target: Path, start: float, end: float) -> None:
    """Write the sound of `source` between two times in seconds at its own rate, with all of its channels.

    The ending of `target`, which `part_ending` gives, decides between FLAC and Wave64; either has 24 bits a sample.
    """
    with _opened(source) as container:
        stream = container.streams.best("audio")
        blocks = _between(_frames(container, stream), start, end, stream.rate)
        _write_lossless(blocks, target, stream.rate, stream.layout)


def part_ending(channels: int) -> str:
    """Return the ending of a lossless file that holds this many channels."""
    return "flac" if channels <= MAX_FLAC_CHANNELS else "w64"


def _write_lossless(blocks: Iterator[FloatArray], target: Path, sample_rate: int, layout: Any) -> None:
    """Write blocks [channels, samples] with 24 bits a sample."""
    import av

    codec = "flac" if target.suffix == ".flac" else "pcm_s24le"
    with av.open(str(target), "w", format=target.suffix[1:]) as out:
        encoder = out.add_stream(codec, rate=sample_rate, layout=layout)
        encoder.format = "s32"
        to_integer = av.AudioResampler(format="s32", layout=layout, rate=sample_rate)
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T).reshape(1, -1), format="flt", layout=layout.name)
            frame.sample_rate = sample_rate
            for integer in to_integer.resample(frame):
                out.mux(encoder.encode(integer))
        out.mux(encoder.encode(None))


def _between(blocks: Iterator[FloatArray], start: float, end: float, sample_rate: int) -> Iterator[FloatArray]:
    """The samples of `blocks` [channels, samples] between two times in seconds."""
    first, position = round(start * sample_rate), 0
    last = round(end * sample_rate) if math.isfinite(end) else sys.maxsize
    for block in blocks:
        part = block[:, max(0, first - position) : max(0, last - position)]
        position += block.shape[1]
        if part.size:
            yield part
        if position >= last:
            return
