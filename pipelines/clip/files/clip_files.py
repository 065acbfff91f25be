"""All files of a clip, written from one recording: the samples that models read, and what the browser plays."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from models.stopping import never_stop
from pipelines.clip.clip_folders import CENTRE, SAMPLES, SCRATCH_PREFIX, SIDES, SILENCE_PEAK, samples_path
from pipelines.clip.errors import SilentClip
from pipelines.clip.files.decoding import ClipLimits, decode_audio, write_channel
from pipelines.clip.files.player_files import write_part, write_player_file
from pipelines.clip.recording import AudioTrack, Recording


@dataclass(frozen=True)
class ClipFiles:
    """What is known of a clip whose files were written; see `DecodedAudio` and `AudioClip`."""

    content_hash: str
    sample_rate: int
    samples: int
    channels: int
    container: str
    codec: str
    notes: tuple[str, ...]
    tracks: tuple[AudioTrack, ...]
    track: int
    has_unlike_sides: bool
    is_part: bool


CLIP_FILES = TypeAdapter(ClipFiles)


def write_clip_files(
    file: Path,
    track: int | None,
    channel: int | None,
    folder: Path,
    limits: ClipLimits,
    should_stop: Callable[[], bool] = never_stop,
) -> bytes:
    """Decode a recording and write its files into `folder`; `ClipFiles` as JSON.

    Raises:
        SilentClip, and what `decode_audio` raises.
    """
    recording = Recording(file, track, channel, should_stop)
    audio = decode_audio(recording, folder / "mono.f32", limits)
    if audio.peak < SILENCE_PEAK:
        raise SilentClip
    mono_file = samples_path(folder, audio.sample_rate)
    os.replace(folder / "mono.f32", mono_file)
    if audio.centre is not None:
        write_channel(recording, audio.centre, samples_path(folder, audio.sample_rate, CENTRE))
    if audio.has_unlike_sides:
        for number, side in enumerate(SIDES):
            write_channel(recording, number, samples_path(folder, audio.sample_rate, side))
    write_player_file(recording, audio, mono_file, folder)
    return CLIP_FILES.dump_json(
        ClipFiles(
            content_hash=audio.content_hash,
            sample_rate=audio.sample_rate,
            samples=audio.samples,
            channels=audio.channels,
            container=audio.reader.container,
            codec=audio.codec,
            notes=audio.notes,
            tracks=audio.tracks,
            track=audio.track,
            has_unlike_sides=audio.has_unlike_sides,
            is_part=audio.is_part,
        )
    )


def write_samples_again(recording: Recording, folder: Path, should_stop: Callable[[], bool] = never_stop) -> bytes:
    """Write the samples of a clip beside its recording, as `write_clip_files` wrote them. Nothing is returned."""
    limits = ClipLimits(sys.maxsize, math.inf, sys.maxsize)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=SCRATCH_PREFIX) as scratch:
        write_clip_files(recording.file, recording.track, recording.channel, Path(scratch), limits, should_stop)
        for samples in Path(scratch).glob(SAMPLES):
            os.replace(samples, folder / samples.name)
    return b""


def write_part_of_clip(
    recording: Recording, target: Path, start: float, end: float, should_stop: Callable[[], bool] = never_stop
) -> bytes:
    """Write a part of a recording; see `write_part`. Nothing is returned."""
    write_part(Recording(recording.file, recording.track, recording.channel, should_stop), target, start, end)
    return b""
