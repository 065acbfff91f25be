"""Notes of a clip.

The networks' outputs are kept in the feature store, so that a second request for a clip, with other options, runs only the
decoding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.music.facts import ClipTags, MusicFacts
from pipelines.music.harmony.note_activations import NoteFrames
from pipelines.music.harmony.note_reading import NoteReader
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE
from pipelines.music.sounding_part import sounding_part
from pipelines.notes.decoding import ONSET_LAG_SECONDS, FrameNote, decode_notes
from pipelines.notes.note_candidates import note_candidates
from pipelines.notes.notes import NO_PITCHED_NOTES, Note, NoteOptions, NotePart, NoteTranscription, ordered
from pipelines.notes.velocities import note_velocities

PIANO = NotePart("Piano", 0)


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
    transcriber = _Transcriber(clip, options, runtime)
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

    def __init__(self, clip: AudioClip, options: NoteOptions, runtime: ModelRuntime) -> None:
        self._clip = clip
        self._options = options
        self._runtime = runtime
        self._part = sounding_part(clip.waveform(BEAT_SAMPLE_RATE), BEAT_SAMPLE_RATE)
        self._reader = NoteReader(clip, self._part, runtime)
        self.specs = (self._reader.spec,)

    def steps(self, stopped: Callable[[], bool]) -> Generator[dict[str, Any], None, None]:
        """Yield fields of the result as they become known."""
        blocks: list[NoteFrames] = []
        count = self._reader.count
        for block in range(count):
            blocks.append(self._reader.block(block))
            yield {"position": 0.999 * (block + 1) / count, "tuning_cents": self._reader.cents}
        frames = NoteFrames(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))
        found = decode_notes(frames, note_candidates(frames), self._options, self._reader.frames_per_second)
        notes = ordered(tuple(self._timed(found, PIANO.name)))
        yield {
            "notes": notes,
            "parts": (PIANO,) if notes else (),
            "no_notes_reason": "" if notes else NO_PITCHED_NOTES,
            "position": 1.0,
        }

    def _timed(self, found: list[FrameNote], part: str) -> Iterator[Note]:
        """Yield notes on the clip's time axis, with their velocities."""
        rate = self._reader.frames_per_second
        onsets = [max(0.0, note.start / rate - ONSET_LAG_SECONDS) for note in found]
        pitches = [note.pitch for note in found]
        velocities = note_velocities(self._reader.waveform, self._reader.sample_rate, onsets, pitches).tolist()
        for note, onset, velocity in zip(found, onsets, velocities, strict=True):
            offset = min(self._clip.duration, self._part.start + note.end / rate)
            yield Note(round(self._part.start + onset, 4), round(offset, 4), note.pitch, velocity, part)
