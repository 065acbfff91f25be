"""The store of clips: open, find, cut, keep and sweep."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from models.arrays import AnyArray
from models.errors import InvalidOption
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import FACTS_FILE, SCRATCH_PREFIX, discard, last_uses, trim
from pipelines.clip.errors import ClipExpired, ClipPathRefused, ClipTooLarge, EmptyClip, TooManyChannels
from pipelines.clip.files.clip_files import CLIP_FILES, ClipFiles, write_clip_files, write_part_of_clip, write_samples_again
from pipelines.clip.files.decoding import ClipLimits
from pipelines.clip.files.player_files import part_ending
from pipelines.clip.keepers import KEEPERS_FOLDER, ClipHoldings, keeper_key, kept_folder, short_hash
from pipelines.clip.recording import Recording
from pipelines.clip.shared_clips import SWEEP_SECONDS, SharedClips
from pipelines.clip.waveform_file import write_waveform
from pipelines.isolation.isolation import Isolation, NoIsolation
from pipelines.storage.age_clock import AgeClock
from pipelines.storage.folder_storage import FolderStorage
from pipelines.storage.storage import Storage, StorageFailed

HASH_BLOCK_BYTES = 4 * 2**20
CONTENT_HASH = re.compile(r"[0-9a-f]{32}")
MIN_CUT_SECONDS = 0.05
CLIP_FACTS = TypeAdapter(AudioClip)
"""How a clip is written beside its samples."""


class ClipStore:
    """All clips: one directory each under `directory`, removed when unused for `max_age_seconds`.

    A clip can have keepers, one for each person who has it in a history; it goes at once when the last of them lets go.
    With a `storage`, all stores that share it find each other's clips there, and `directory` has the copies that this one uses.
    Each method that needs the storage raises StorageFailed where it cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        limits: ClipLimits = ClipLimits(),
        max_age_seconds: float = 24 * 3600.0,
        storage: Storage | None = None,
        max_local_bytes: int = 10 * 10**9,
        isolation: Isolation = NoIsolation(),
        on_removed: Callable[[str], object] = lambda content_hash: None,
        holdings: ClipHoldings | None = None,
    ) -> None:
        """Keep clips in `directory`, `max_local_bytes` at most beside those in use; `isolation` reads files.

        `on_removed` is called with the content hash of each clip that goes; `holdings` bound what each person keeps.
        """
        self._on_removed = on_removed
        self.holdings = holdings or ClipHoldings()
        self._isolation = isolation
        self._directory = directory
        self._limits = limits
        self._max_age_seconds = max_age_seconds
        self._max_local_bytes = max_local_bytes
        self._shared = SharedClips(storage, directory, max_age_seconds) if storage else None
        self._keepers = storage or FolderStorage(directory)
        self._next_shared_sweep = 0.0
        self._age_clock = AgeClock(max_age_seconds)
        self._lock = threading.Lock()
        self._by_file_hash: dict[tuple[str, int | None, int | None], AudioClip] = {}

    @property
    def directory(self) -> Path:
        """Where the clips lie."""
        return self._directory

    @property
    def isolation(self) -> Isolation:
        """Where files are read."""
        return self._isolation

    @property
    def limits(self) -> ClipLimits:
        """What is accepted."""
        return self._limits

    @property
    def storage(self) -> Storage:
        """Where it is noted who keeps clips, and what they have of them."""
        return self._keepers

    def open(
        self,
        path: str | Path,
        allowed_roots: tuple[Path, ...] | None = None,
        name: str | None = None,
        track: int | None = None,
        channel: int | None = None,
        should_stop: Callable[[], bool] = never_stop,
    ) -> AudioClip:
        """Decode a file, or find the clip if the same was decoded before.

        Args:
            path: of the file.
            allowed_roots: folders; only a file that really lies below one of them is touched. None for any file.
            name: what the person calls the clip; by default the file's name.
            track: number among the file's audio tracks; None for the one that its container marks.
            channel: number of one channel that is read alone; None for all.
            should_stop: called for every packet.

        Raises:
            ClipPathRefused, EmptyClip, ClipTooLarge, NotAudio, UnreadableClip, ClipTooLong, TooManyChannels, SilentClip.
            WorkerFailed: reading it ended or stopped the process that does so.
            JobStopped: `should_stop` returned True.
        """
        file = checked_path(path, allowed_roots)
        size_bytes = file.stat().st_size
        if size_bytes == 0:
            raise EmptyClip
        if size_bytes > self._limits.max_bytes:
            raise ClipTooLarge(size_bytes, self._limits.max_bytes)
        file_hash = _hash_of(file)
        key = (file_hash, track, channel)
        clip = self._by_file_hash.get(key)
        if clip is None or not clip.is_here:
            clip = self._decode(Recording(file, track, channel, should_stop), file_hash)
            with self._lock:
                self._by_file_hash[key] = clip
        os.utime(clip.directory)
        if self._shared:
            self._shared.mark_used(clip.content_hash)
        return clip.named(name or file.name)

    def open_waveform(self, y: AnyArray, sr: float, name: str = "waveform") -> AudioClip:
        """Return a waveform, as `librosa.load` gives it, as a clip.

        Args:
            y: floats [samples], or [channels, samples] as of `librosa.load(..., mono=False)`; full scale is 1.
            sr: sample rate in Hz.
            name: what the person calls the clip.

        Raises:
            InvalidOption: the shape, the type, a sample or the rate is none that sound has.
            EmptyClip, ClipTooLarge, ClipTooLong, TooManyChannels, SilentClip.
        """
        if y.ndim == 2 and len(y) > self._limits.max_channels:
            raise TooManyChannels(len(y), self._limits.max_channels)
        self._directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._directory, prefix=SCRATCH_PREFIX) as scratch:
            file = Path(scratch) / "waveform.wav"
            write_waveform(file, y, sr)
            return self.open(file, name=name)

    def find(self, content_hash: str) -> AudioClip | None:
        """Return the clip with this hash if it is still kept, also from an earlier run; any other text finds nothing."""
        if not CONTENT_HASH.fullmatch(content_hash):
            return None
        directory = self._directory / content_hash
        if not (directory / FACTS_FILE).exists() and not (self._shared and self._shared.bring(content_hash)):
            return None
        try:
            facts = CLIP_FACTS.validate_json((directory / FACTS_FILE).read_bytes())
        except FileNotFoundError:  # it was removed just now
            return None
        if self._shared:
            self._shared.mark_used(content_hash)
        return replace(
            facts, directory=directory, shared=self._shared, isolation=self._isolation, write_samples=write_samples_again
        )

    def cut(self, clip: AudioClip, start: float, end: float) -> AudioClip:
        """Return the part of `clip` between two times in seconds, with all of its channels, as a clip of its own.

        Raises:
            InvalidOption: the part lies outside the clip or is shorter than `MIN_CUT_SECONDS`.
            SilentClip: all samples are silent.
        """
        end = min(end, clip.duration)
        if not 0 <= start <= end - MIN_CUT_SECONDS:
            raise InvalidOption("part", f"{start:.2f} to {end:.2f} s", f"at least {MIN_CUT_SECONDS} s inside the clip")
        with tempfile.TemporaryDirectory(dir=self._directory, prefix=SCRATCH_PREFIX) as scratch:
            part = Path(scratch) / f"part.{part_ending(clip.channels)}"
            self._isolation.run(write_part_of_clip, clip.recording, part, start, end)
            return self.open(part, name=clip.name)

    def select(self, clip: AudioClip, track: int, channel: int | None, should_stop: Callable[[], bool] = never_stop) -> AudioClip:
        """Return another track of the clip's file, or one channel of it, as a clip of its own.

        Raises:
            InvalidOption: there is no such track or channel.
            SilentClip: all samples are silent.
        """
        recording = clip.recording
        channels = clip.tracks[track].channels if 0 <= track < len(clip.tracks) else 0
        if not channels:
            raise InvalidOption("track", track, f"0 to {len(clip.tracks) - 1}")
        if channel is not None and not 0 <= channel < channels:
            raise InvalidOption("channel", channel, f"0 to {channels - 1}")
        return self.open(recording.file, name=clip.name, track=track, channel=channel, should_stop=should_stop)

    def keep(self, clip: AudioClip, keeper: str) -> None:
        """Note that `keeper` (any text that stands for one person) has this clip in a history.

        Raises:
            ClipExpired: its files are gone.
            TooManyClips: whoever is asking keeps as many as one may.
        """
        if not clip.is_here and self.find(clip.content_hash) is None:
            raise ClipExpired
        self.holdings.keep(clip.content_hash, keeper)
        self._keepers.write(keeper_key(clip.content_hash, keeper), b"")

    def find_kept(self, content_hash: str, keeper: str) -> AudioClip | None:
        """Return the clip with this hash if `keeper` has it in a history."""
        is_kept = CONTENT_HASH.fullmatch(content_hash) and self._keepers.exists(keeper_key(content_hash, keeper))
        return self.find(content_hash) if is_kept else None

    def release(self, content_hash: str, keeper: str) -> None:
        """Release the clip for `keeper`, whose results go; all files go with the last keeper. Others release nothing."""
        if not CONTENT_HASH.fullmatch(content_hash) or not self._keepers.exists(keeper_key(content_hash, keeper)):
            return
        self.holdings.release(content_hash, keeper)
        keepers = f"{content_hash}/{KEEPERS_FOLDER}"
        self._keepers.remove(keeper_key(content_hash, keeper), *self._keepers.stamps(kept_folder(content_hash, keeper)))
        if not self._keepers.stamps(keepers):
            if self._shared:
                self._shared.forget(content_hash)
            self._remove(self._directory / content_hash)

    def sweep(self, now: float | None = None) -> int:
        """Remove clips that were unused for the age limit, and what is too much; return the number of the former here.

        `now`: seconds since the epoch.

        A storage that cannot be used is left to the next time.
        """
        now = self._age_clock.now() if now is None else now
        stale = [folder for folder, used in last_uses(self._directory).items() if used < now - self._max_age_seconds]
        for folder in stale:
            self._remove(folder)
        trim(self._directory, self._max_local_bytes, now, lambda folder: self._note_removed(folder.name))
        if self._shared and now >= self._next_shared_sweep:
            self._next_shared_sweep = now + SWEEP_SECONDS
            with suppress(StorageFailed):
                self._shared.sweep(now)
        with self._lock:
            self._by_file_hash = {h: clip for h, clip in self._by_file_hash.items() if clip.is_here}
        return len(stale)

    def _connected(self, clip: AudioClip) -> AudioClip:
        return replace(clip, shared=self._shared, isolation=self._isolation, write_samples=write_samples_again)

    def _remove(self, folder: Path) -> None:
        discard(folder)
        self._note_removed(folder.name)

    def _note_removed(self, content_hash: str) -> None:
        self.holdings.forget(content_hash)
        self._on_removed(content_hash)

    def _decode(self, recording: Recording, file_hash: str) -> AudioClip:
        self._directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=self._directory, prefix=SCRATCH_PREFIX))
        try:
            written = self._isolation.run(
                write_clip_files,
                recording.file, recording.track, recording.channel, scratch, self._limits,
                should_stop=recording.should_stop,
            )  # fmt: skip
            clip = _clip(CLIP_FILES.validate_json(written), self._directory, recording.channel, file_hash)
            (scratch / FACTS_FILE).write_bytes(CLIP_FACTS.dump_json(clip))
            if self._shared:
                self._shared.give(scratch, clip.content_hash)
            _publish(scratch, clip.directory)
            return self._connected(clip)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _publish(scratch: Path, directory: Path) -> None:
    """Give a complete clip its name, unless the same content came in another file."""
    try:
        os.replace(scratch, directory)
    except OSError:
        if not directory.exists():
            raise
        if not (directory / FACTS_FILE).exists():  # its sound gave way to others, but not what people have of it
            for file in sorted(scratch.iterdir(), key=lambda file: file.name == FACTS_FILE):
                os.replace(file, directory / file.name)


def _clip(files: ClipFiles, clips: Path, channel: int | None, file_hash: str) -> AudioClip:
    content_hash = files.content_hash
    if files.is_part:  # other parts can be asked for, which another file with this content may not have
        content_hash = short_hash(f"{content_hash} {file_hash} {files.track} {channel}".encode())
    return AudioClip(
        content_hash=content_hash,
        sample_rate=files.sample_rate,
        duration=files.samples / files.sample_rate,
        channels=files.channels,
        container=files.container,
        codec=files.codec,
        directory=clips / content_hash,
        notes=files.notes,
        tracks=files.tracks,
        track=files.track,
        channel=channel,
        has_unlike_sides=files.has_unlike_sides,
    )


def checked_path(path: str | Path, allowed_roots: tuple[Path, ...] | None) -> Path:
    """Return the path of a file, without links, if it lies below one of the folders; raise ClipPathRefused otherwise."""
    try:
        file = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise ClipPathRefused from None
    inside = allowed_roots is None or any(file.is_relative_to(root.resolve()) for root in allowed_roots)
    if not inside or not file.is_file():
        raise ClipPathRefused
    return file


def _hash_of(file: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open(file, "rb") as stream:
        while block := stream.read(HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
