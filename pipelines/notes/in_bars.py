"""Notes of a clip with its beats and key, from which bars are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.facts import ClipTags, FactOptions, MusicFacts
from pipelines.notes.notes import NoteOptions, NoteTranscription
from pipelines.notes.transcription import transcribe_notes

NOTES_FRACTION = 0.5
"""Fraction of the job that the notes are where beats and key have to be found too."""


def notes_in_bars(
    clip: AudioClip,
    options: NoteOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    facts: MusicFacts | None = None,
    tags: ClipTags = ClipTags(),
) -> Iterator[NoteTranscription]:
    """Yield snapshots of `transcribe_notes`, then the notes with the beats and the key of the clip.

    Args:
        clip: the clip.
        options: what counts as a note.
        runtime: catalogue, models and feature store.
        should_stop: whether to stop; then beats and key may be missing.
        facts: what `music_facts` has found already; otherwise they are found where there are notes.
        tags: what `tag_sounds` and `tag_music` have found already.

    Raises:
        InvalidOption: before any model is touched.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    now = None
    for now in transcribe_notes(clip, options, runtime, should_stop, facts=facts, tags=tags):
        needs_facts = facts is None and (now.state != "done" or bool(now.notes))
        is_last = now.state == "done" and needs_facts
        yield replace(now, position=NOTES_FRACTION * now.position, state="analysing") if is_last else now
    if now is None or facts is not None or now.state != "done" or not now.notes:
        return
    for found in music_facts(clip, FactOptions(), runtime, should_stop, tags=tags):
        place = NOTES_FRACTION + (1 - NOTES_FRACTION) * found.position
        state = found.state if found.state in ("done", "stopped") else "analysing"
        elapsed = now.elapsed + found.elapsed
        yield replace(now.with_facts(found), position=place, state=state, elapsed=elapsed)
