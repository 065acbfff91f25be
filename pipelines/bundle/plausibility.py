"""Checks of results that types cannot express; anybody may have written them into a bundle."""

from __future__ import annotations

from itertools import pairwise

from pipelines.bundle.contents import BundleContents
from pipelines.bundle.errors import BundleRefused
from pipelines.description.description import ClipDescription
from pipelines.music.harmony.notation import FLATS, SHARPS
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import MAX_VELOCITY, NoteTranscription

MAX_PITCH = MAX_PROGRAM = 127
MAX_BEATS_PER_BAR = 32
MIN_BEAT_SECONDS = 0.05
"""Time between two beats; the app's beats are at least 0.2 s apart."""
MAX_NOTE_BEYOND_CLIP = 1.0
"""Seconds that a note which a person drew may outlast the clip."""


def check_plausible(contents: BundleContents, duration: float) -> None:
    """Check that the results for a clip of `duration` seconds can be shown and exported.

    Raises:
        BundleRefused: a note, a beat or another part is none of such a clip.
        ValueError, TypeError, LookupError, ArithmeticError: a result cannot be written.
    """
    if contents.notes:
        _check_notes(contents.notes, duration)
    if contents.description:
        _check_description(contents.description, duration)
    if contents.own_words and contents.own_words.scores:
        contents.own_words.scores.check()
    if contents.storyboard and abs(contents.storyboard.duration - duration) > MAX_NOTE_BEYOND_CLIP:
        raise BundleRefused("its storyboard is none of its clip")
    for result in (contents.transcript and contents.transcript.transcription, contents.description, contents.notes):
        if result:
            result.to_dict()


def _check_description(found: ClipDescription, duration: float) -> None:
    for tags in (found.sounds, found.music):
        if tags:
            tags.check()
    if found.facts and found.facts.beats:
        _check_beats(found.facts.beats)


def _check_notes(found: NoteTranscription, duration: float) -> None:
    parts = {part.name for part in found.parts}
    end = duration + MAX_NOTE_BEYOND_CLIP
    are_notes = all(
        0 <= note.onset < note.offset <= end
        and 0 <= note.pitch <= MAX_PITCH
        and 1 <= note.velocity <= MAX_VELOCITY
        and note.part in parts
        for note in found.notes
    )
    are_parts = len(parts) == len(found.parts) and all(0 <= part.program <= MAX_PROGRAM for part in found.parts)
    is_key = found.key is None or found.key[0] in {*SHARPS, *FLATS}
    if not (are_notes and are_parts and is_key and abs(found.duration - duration) <= MAX_NOTE_BEYOND_CLIP):
        raise BundleRefused("its notes are none of its clip")
    if found.beats:
        _check_beats(found.beats)


def _check_beats(beats: Beats) -> None:
    is_grid = (
        1 <= beats.beats_per_bar <= MAX_BEATS_PER_BAR
        and beats.beat_unit in (4, 8)
        and len(beats.times) == len(beats.positions)
        and all(1 <= position <= beats.beats_per_bar for position in beats.positions)
        and all(after - before >= MIN_BEAT_SECONDS for before, after in pairwise((-MIN_BEAT_SECONDS, *beats.times)))
    )
    if not is_grid:
        raise BundleRefused("its beats are none")
