"""Notes of a clip.

The networks' outputs are kept in the feature store, so that a second request for a clip, with other options, runs only the
decoding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np

from models.arrays import BoolArray
from models.runtime import ModelRuntime
from models.specs.music import PIANO_NETWORK
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.music.facts import ClipTags, MusicFacts
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE, NoteFrames
from pipelines.music.harmony.note_reading import NoteReader
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE
from pipelines.music.sounding_part import sounding_part
from pipelines.notes.detection.decoding import ONSET_LAG_SECONDS, FrameNote, decode_notes
from pipelines.notes.detection.drum_hits import HIT_SECONDS, drum_hits
from pipelines.notes.detection.melody import decode_melody, with_curves
from pipelines.notes.detection.note_candidates import note_candidates
from pipelines.notes.detection.velocities import note_velocities, pitch_levels
from pipelines.notes.instruments import is_pitched, pitched_part
from pipelines.notes.notes import NO_PITCHED_NOTES, Note, NoteOptions, NotePart, NoteTranscription, ordered, without_overlaps
from pipelines.notes.piano.piano_notes import PIANO_PART, PianoNotes
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import SoundTags, TagOptions

DRUM_PART = NotePart("Drums", 0, is_drums=True)
JOB_FRACTIONS = {"sounds": 0.2, "notes": 0.7}
"""Fraction of the work that each part of the job is; drums take the rest."""

Block = TypeVar("Block", covariant=True)


class BlockReader(Protocol[Block]):
    """A network's outputs for a clip."""

    @property
    def count(self) -> int:
        """Number of blocks."""

    def block(self, number: int) -> Block:
        """Return the outputs of one block."""


@in_cluster("music")
def transcribe_notes(
    clip: AudioClip,
    options: NoteOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
    facts: MusicFacts | None = None,
    tags: ClipTags = ClipTags(),
) -> Iterator[NoteTranscription]:
    """Transcribe the notes of `clip`: yield a snapshot after every block of 26 s, and ten a second in between.

    Args:
        clip: the clip.
        options: what counts as a note.
        runtime: catalogue, models and feature store.
        should_stop: whether to stop.
        clock: seconds.
        facts: what `music_facts` has found already, whose beats and key the result gets.
        tags: what `tag_sounds` and `tag_music` have found already.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    began = clock()
    options.check()
    transcriber = _Transcriber(clip, options, runtime, tags)
    now = NoteTranscription(clip.duration, **model_fields(transcriber.specs, runtime.catalog.device))
    now = now.with_facts(facts) if facts else now
    yield now
    for step in in_background(transcriber.steps, should_stop):
        if step is not None:
            now = replace(now, **step, state="analysing")
        now = replace(now, elapsed=clock() - began)
        if step is None or now.position < 1:
            yield now
    yield replace(now, state="done" if now.position >= 1 else "stopped", elapsed=clock() - began)


class _Transcriber:
    """One clip and the models for it."""

    def __init__(self, clip: AudioClip, options: NoteOptions, runtime: ModelRuntime, tags: ClipTags) -> None:
        self._clip = clip
        self._options = options
        self._runtime = runtime
        self._tags = tags
        self._part = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE)
        self._reader = NoteReader(clip, self._part, runtime)
        self._is_piano = options.mode == "piano"
        self.specs = (PIANO_NETWORK if self._is_piano else self._reader.spec, YAMNET)

    def steps(self, stopped: Callable[[], bool]) -> Generator[dict[str, Any], None, None]:
        """Yield fields of the result as they become known."""
        sounds = yield from self._sound_tags(stopped)
        yield from self._piano_steps(sounds) if self._is_piano else self._steps(sounds)

    def _piano_steps(self, sounds: SoundTags) -> Generator[dict[str, Any], None, None]:
        piano = PianoNotes(self._clip, self._part, self._reader.cents, self._options, self._runtime)
        yield from self._read_blocks(piano.frames)
        musical = is_pitched(sounds)
        found, pedals = piano.decode()
        notes = without_overlaps(tuple(note for note in found if _holds(musical, note.onset, sounds)))
        yield {
            "notes": notes,
            # A pedal in silence cannot be known.
            "pedals": tuple((a, b) for a, b in pedals if any(note.onset < b and note.offset > a for note in notes)),
            "parts": (PIANO_PART,) if notes else (),
            "no_notes_reason": "" if notes else NO_PITCHED_NOTES,
            "position": 1.0,
        }

    def _steps(self, sounds: SoundTags) -> Generator[dict[str, Any], None, None]:
        frames = yield from self._frames()
        found = self._decoded(frames)
        part = pitched_part(self._tags, sounds)
        musical = is_pitched(sounds, of_voices=self._options.mode == "melody")
        pitched = tuple(note for note in self._timed(found, part.name) if _holds(musical, note.onset, sounds))
        hits = tuple(self._hits(sounds)) if self._options.drums else ()
        yield {
            "notes": ordered(without_overlaps(pitched) + hits),
            "parts": ((part,) if pitched else ()) + ((DRUM_PART,) if hits else ()),
            "no_notes_reason": "" if pitched else NO_PITCHED_NOTES,
            "position": 1.0,
        }

    def _decoded(self, frames: NoteFrames) -> list[FrameNote]:
        candidates, rate = note_candidates(frames), self._reader.frames_per_second
        if self._options.mode == "melody":
            levels = pitch_levels(self._reader.waveform, NOTE_SAMPLE_RATE, len(frames.notes))
            return decode_melody(frames, levels, candidates, self._options, rate)
        found = decode_notes(frames, candidates, self._options, rate)
        return with_curves(found, frames.contours) if self._options.pitch_bends else found

    def _sound_tags(self, stopped: Callable[[], bool]) -> Generator[dict[str, Any], None, SoundTags]:
        known = self._tags.sounds
        if known and known.state == "done" and known.classes == class_tree().names:
            return known
        for tags in tag_sounds(self._clip, TagOptions(model=YAMNET.key), self._runtime, stopped):
            yield {"position": JOB_FRACTIONS["sounds"] * tags.position / self._clip.duration}
        return tags

    def _frames(self) -> Generator[dict[str, Any], None, NoteFrames]:
        """Return the activations of the part that sounds."""
        blocks = yield from self._read_blocks(self._reader)
        return NoteFrames(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))

    def _read_blocks(self, reader: BlockReader[Block]) -> Generator[dict[str, Any], None, list[Block]]:
        """Return all blocks of the part that sounds."""
        blocks: list[Block] = []
        for number in range(reader.count):
            blocks.append(reader.block(number))
            position = JOB_FRACTIONS["sounds"] + JOB_FRACTIONS["notes"] * (number + 1) / reader.count
            yield {"position": position, "tuning_cents": self._reader.cents}
        return blocks

    def _timed(self, found: list[FrameNote], part: str) -> Iterator[Note]:
        """Yield notes on the clip's time axis, with their velocities."""
        rate = self._reader.frames_per_second
        onsets = [max(0.0, note.start / rate - ONSET_LAG_SECONDS) for note in found]
        pitches = [note.pitch for note in found]
        velocities = note_velocities(self._reader.waveform, self._reader.sample_rate, onsets, pitches).tolist()
        for note, onset, velocity in zip(found, onsets, velocities, strict=True):
            offset = min(self._clip.duration, self._part.start + note.end / rate)
            yield Note(round(self._part.start + onset, 4), round(offset, 4), note.pitch, velocity, part, note.bend)

    def _hits(self, sounds: SoundTags) -> Iterator[Note]:
        """Yield the hits of drums where there is music."""
        musical = is_pitched(sounds)
        for hit in drum_hits(self._clip.waveform(NOTE_SAMPLE_RATE)) if musical.any() else []:
            if _holds(musical, hit.onset, sounds):
                yield Note(hit.onset, round(hit.onset + HIT_SECONDS, 4), hit.pitch, hit.velocity, DRUM_PART.name)


def _holds(patches: BoolArray, seconds: float, sounds: SoundTags) -> bool:
    """Return what `patches` [patches] has for a time."""
    return bool(patches[min(len(patches) - 1, int(seconds / sounds.hop_seconds))])
