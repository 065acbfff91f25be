"""Files to samples: any format a browser or a musician has, block by block, with every limit checked on the way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.clip.errors import ClipTooLong, EmptyClip, TooManyChannels, UnreadableClip
from pipelines.clip.files.downmix import (
    LevelChange,
    Mixer,
    MixFacts,
    mono_weights,
    set_level,
    speech_channel,
)
from pipelines.clip.files.file_warnings import (
    centre_note,
    channel_note,
    cut_off_note,
    gap_notes,
    level_notes,
    side_note,
)
from pipelines.clip.files.track_reader import TrackReader
from pipelines.clip.recording import AudioTrack, Recording

MIN_BYTES_PER_SECOND = 500
"""No codec that people use needs less (Opus at 6 kbit/s has 750): a header that implies less is ignored."""
TRUNCATION_RATIO = 0.02
TRUNCATION_SECONDS = 0.5
"""A file is called cut off when it holds this ratio and this much time less than it promises."""


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
    """Number of channels that were read: all of the track's, or 1."""
    samples: int
    """Per channel."""
    peak: float
    """Largest absolute sample of the mono mix before its level was set; 1.0 is full scale."""
    channel_peak: float
    """The same of all channels."""
    codec: str
    notes: tuple[str, ...]
    """Sentences about what was lost or chosen."""
    tracks: tuple[AudioTrack, ...]
    track: int
    has_unlike_sides: bool
    """Whether a stereo recording holds two recordings, one a side."""
    substitute: int | None
    """Number of the channel that was taken in place of the mix."""
    centre: int | None
    """Number of the channel in which speech is read."""
    is_part: bool
    """Whether the file has other tracks or channels than those that were read."""
    reader: TrackReader
    """The reader after it has read the track; it knows how the file is built."""


def decode_audio(recording: Recording, mono_file: Path, limits: ClipLimits) -> DecodedAudio:
    """Decode a track; write its mono mix to `mono_file` as raw float32 at the track's rate.

    Memory stays at one block, whatever the length.

    Raises:
        NotAudio, UnreadableClip, EmptyClip, ClipTooLong, TooManyChannels.
    """
    reader = TrackReader(recording)
    if reader.file_channels > limits.max_channels:
        raise TooManyChannels(reader.file_channels, limits.max_channels)
    _check_claim(reader, recording.file, limits)
    mixed = _write_mix(reader, mono_file, limits)
    if mixed.samples == 0:
        raise UnreadableClip if reader.claimed_seconds else EmptyClip
    if all(gap.is_damage for gap in reader.gaps) and sum(gap.duration for gap in reader.gaps) >= reader.seconds - 1e-3:
        raise UnreadableClip
    substitute = mixed.facts.cancelled_by
    level = set_level(mono_file, reader.sample_rate) if substitute is None else write_channel(recording, substitute, mono_file)
    centre = speech_channel(mixed.facts, reader.layout) if reader.channel is None else None
    notes = (
        *gap_notes(reader.gaps),
        *cut_off_note(_missing_seconds(reader), reader.seconds),
        *channel_note(mixed.facts, reader.layout),
        *centre_note(centre),
        *side_note(mixed.facts, recording.channel),
        *level_notes(level, mixed.peak, reader.replaced_samples),
    )
    return DecodedAudio(
        content_hash=mixed.content_hash,
        sample_rate=reader.sample_rate,
        channels=reader.channels,
        samples=mixed.samples,
        peak=level.peak,
        channel_peak=mixed.peak,
        codec=reader.codec,
        notes=notes,
        tracks=reader.tracks,
        track=reader.track,
        has_unlike_sides=mixed.facts.has_unlike_sides,
        substitute=substitute,
        centre=centre,
        is_part=len(reader.tracks) > 1 or recording.channel is not None,
        reader=reader,
    )


def _check_claim(reader: TrackReader, file: Path, limits: ClipLimits) -> None:
    """Refuse a clip that is too long before it is read, if its header is plausible."""
    claimed = reader.claimed_seconds
    if claimed and limits.max_seconds < claimed < file.stat().st_size / MIN_BYTES_PER_SECOND:
        raise ClipTooLong(limits.max_seconds)


@dataclass(frozen=True)
class _Mixed:
    samples: int
    peak: float
    content_hash: str
    facts: MixFacts


def _write_mix(reader: TrackReader, mono_file: Path, limits: ClipLimits) -> _Mixed:
    mixer = Mixer(mono_weights(reader.layout) if reader.channel is None else np.ones(1, np.float32), reader.sample_rate)
    layout = f" {reader.layout.name}" if reader.channels > 2 else ""  # which decides how they are mixed
    digest = hashlib.blake2b(f"{reader.sample_rate}{layout}".encode(), digest_size=16)
    samples, peak = 0, 0.0
    with open(mono_file, "wb") as out:
        for block in reader.blocks():
            digest.update(np.ascontiguousarray(block.T).tobytes())
            out.write(mixer.mix(block).tobytes())
            samples += block.shape[1]
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            if samples > limits.max_seconds * reader.sample_rate:
                raise ClipTooLong(limits.max_seconds)
    return _Mixed(samples, peak, digest.hexdigest(), mixer.facts())


def write_channel(recording: Recording, channel: int, target: Path) -> LevelChange:
    """Write one channel of a recording as raw float32 samples at a usual level."""
    reader = TrackReader(recording)
    with open(target, "wb") as out:
        for block in reader.blocks():
            out.write(np.ascontiguousarray(block[channel]).tobytes())
    return set_level(target, reader.sample_rate)


def _missing_seconds(reader: TrackReader) -> float:
    """Return how much less the file holds than it promises, in seconds; 0.0 for what is rounding or nothing."""
    claimed = reader.claimed_seconds or 0.0
    is_cut_off = reader.seconds < claimed * (1 - TRUNCATION_RATIO) - TRUNCATION_SECONDS
    return claimed - reader.seconds if is_cut_off else 0.0
