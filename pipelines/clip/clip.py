"""One clip: decoded once, mixed to mono for the models, resampled once per wanted rate, the original kept for the player.

Samples live in memory-mapped files in the clip's own directory, so hours of audio cost disk, not memory, and what one tab
prepared is there for the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from filelock import FileLock
from pydantic import Field, InstanceOf

from models.arrays import FloatArray
from pipelines.clip.clip_folders import CENTRE, FACTS_FILE, MIX, SIDES, samples_path
from pipelines.clip.clip_names import readable_name
from pipelines.clip.errors import ClipExpired
from pipelines.clip.recording import ORIGINAL_FILE, AudioTrack, Recording
from pipelines.clip.shared_clips import SharedClips
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.jobs.result import LEFT_OUT, Result

RESAMPLE_BLOCK_SAMPLES = 2**20


@dataclass(frozen=True)
class AudioClip(Result):
    """A decoded clip. Equal content has an equal `content_hash`, whatever file it came in, unless the file has more."""

    content_hash: str
    """BLAKE2b over the decoded samples of all channels and the rate, and over the file where it has more; 32 hex digits."""
    sample_rate: int
    """Rate of the original, in Hz."""
    duration: float
    """Seconds."""
    channels: int
    """Channels of the track, or 1 where one was chosen; `waveform` is always mono."""
    container: str
    codec: str
    directory: Path = field(metadata=LEFT_OUT)
    """The clip's own folder: samples, player file, and what else is derived from it."""
    name: str = ""
    """What this person calls it; not part of the content."""
    notes: tuple[str, ...] = ()
    """Sentences about what was lost when the file was read, and what was left out of the mix."""
    tracks: tuple[AudioTrack, ...] = ()
    """Audio tracks of the file, in its order."""
    track: int = 0
    """Number of the track that was read."""
    channel: int | None = None
    """Number of the one channel that was read; None for all."""
    has_unlike_sides: bool = False
    """Whether the two sides are different recordings, so that each is worth reading alone."""
    shared: Annotated[InstanceOf[SharedClips] | None, Field(exclude=True)] = field(
        default=None, compare=False, repr=False, metadata=LEFT_OUT
    )
    """Where several servers keep it, and its results, together; None where this one has it alone."""
    isolation: Annotated[InstanceOf[Isolation], Field(exclude=True)] = field(
        default=NoIsolation(), compare=False, repr=False, metadata=LEFT_OUT
    )
    """What reads its files again, for they are a stranger's as much as they were when it was opened."""
    write_samples: Annotated[Callable[..., bytes] | None, Field(exclude=True)] = field(
        default=None, compare=False, repr=False, metadata=LEFT_OUT
    )
    """`write_samples_again`: what decodes samples again that gave way to other clips."""

    def named(self, name: str) -> AudioClip:
        """Return the same clip under a person's own name for it, which may hold anything."""
        return replace(self, name=readable_name(name))

    @property
    def player_file(self) -> Path:
        """The original where browsers play its format, else the same sound as FLAC."""
        self.require_files()
        return next(self.directory.glob("player.*"))

    @property
    def recording(self) -> Recording:
        """What the clip was read from, or reads as from it: the original where it is kept, else the player's file."""
        original = self.directory / ORIGINAL_FILE
        if original.exists():
            return Recording(original, self.track, self.channel)
        return Recording(self.player_file)

    def waveform(self, sample_rate: int | None = None) -> FloatArray:
        """Return the mono mix at `sample_rate` Hz (default: the original's): float32 [samples], a read-only memory map.

        Resampled by soxr (HQ) at the first call, found on disk from then on.

        Raises:
            ClipExpired: the clip was removed because of its age.
        """
        return self._samples(MIX, sample_rate or self.sample_rate)

    @property
    def sides(self) -> tuple[str, ...]:
        """Names of the sides from which speech can be read one by one: two where they are unlike, else none."""
        return SIDES if self.has_unlike_sides else ()

    def speech_waveform(self, sample_rate: int, side: str = "") -> FloatArray:
        """Return what speech is read from, as `waveform`.

        Args:
            sample_rate: in Hz.
            side: one of `sides`; '' for the centre channel where surround sound uses one, else the mono mix.
        """
        self.require_files()
        if side:
            return self._samples(side, sample_rate)
        has_centre = samples_path(self.directory, self.sample_rate, CENTRE).exists()
        return self._samples(CENTRE if has_centre else MIX, sample_rate)

    def _samples(self, kind: str, rate: int) -> FloatArray:
        self.require_files()
        path = samples_path(self.directory, rate, kind)
        if not path.exists():
            with FileLock(self.directory / "resample.guard"):
                if not samples_path(self.directory, self.sample_rate, kind).exists():
                    self._decode_again()
                if not path.exists():
                    _resample(samples_path(self.directory, self.sample_rate, kind), self.sample_rate, path, rate)
        return np.memmap(path, dtype=np.float32, mode="r")

    def _decode_again(self) -> None:
        """Write the samples, which gave way to other clips, from the recording."""
        if self.write_samples is None:
            raise ClipExpired
        self.isolation.run(self.write_samples, self.recording, self.directory)

    @property
    def is_here(self) -> bool:
        """Whether its files are on this machine."""
        return (self.directory / FACTS_FILE).exists()

    def require_files(self) -> None:
        """Note that the clip is in use, and bring its files from the servers that share it.

        Raises:
            ClipExpired: the clip was removed because of its age.
        """
        try:
            os.utime(self.directory / FACTS_FILE)
            os.utime(self.directory)
        except FileNotFoundError:
            if self.shared is None or not self.shared.bring(self.content_hash):
                raise ClipExpired from None


def _resample(source: Path, source_rate: int, target: Path, target_rate: int) -> None:
    incoming = target.with_suffix(".incoming")
    with open(incoming, "wb") as out:
        for block in _resampled_blocks(np.memmap(source, dtype=np.float32, mode="r"), source_rate, target_rate):
            out.write(block.tobytes())
    os.replace(incoming, target)


def _resampled_blocks(samples: FloatArray, source_rate: int, target_rate: int) -> Iterator[FloatArray]:
    import soxr

    stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32", quality="HQ")
    for start in range(0, len(samples), RESAMPLE_BLOCK_SAMPLES):
        block = np.asarray(samples[start : start + RESAMPLE_BLOCK_SAMPLES])
        yield stream.resample_chunk(block, last=start + RESAMPLE_BLOCK_SAMPLES >= len(samples))
