"""Checks of results that types cannot express; anybody may have written them into a bundle."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from pipelines.bundle.contents import BundleContents, BundledMap
from pipelines.bundle.errors import BundleRefused
from pipelines.bundle.values import MAX_SECONDS_BEYOND, check_times
from pipelines.clip.clip_folders import SIDES
from pipelines.description.caption import CheckedCaption
from pipelines.description.description import ClipDescription
from pipelines.embeddings.map import check_map_options
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.notation import FLATS, SHARPS, pitch_classes
from pipelines.music.harmony.types import NO_CHORD_NAME
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.notes.notes import MAX_VELOCITY, NoteTranscription
from pipelines.speech.edits.versions import TranscriptVersion
from pipelines.speech.transcript import Transcription
from pipelines.tagging.zero_shot import MAX_LABELS

MAX_PITCH = MAX_PROGRAM = 127
MAX_PARTS = 64
"""Instruments of a score."""
MAX_BEND = 48.0
"""Semitones between a note and its curve; the pitch wheel of exported files reaches 12."""
MAX_BEATS_PER_BAR = 32
MIN_BEAT_SECONDS = 0.05
"""Time between two beats; the app's beats are at least 0.2 s apart."""
MAX_BPM = 60 / MIN_BEAT_SECONDS
MAX_TUNING_CENTS = 100.0
"""A tuning is read to half a semitone."""
MAX_ALTERNATIVES = 100
"""Other readings of one fact; there are 24 keys."""
MAX_NOTE_BEYOND_CLIP = 1.0
"""Seconds that a note which a person drew may outlast the clip."""
MAP_LIMIT = 1.001
"""Largest coordinate of a map, and what rounding adds."""
TONICS = frozenset({*SHARPS, *FLATS})


def check_plausible(contents: BundleContents, duration: float) -> None:
    """Check that the results for a clip of `duration` seconds can be shown and exported.

    Raises:
        BundleRefused: a note, a beat or another part is none of such a clip.
        ValueError, TypeError, LookupError, ArithmeticError, AudioscopeError: a result cannot be written.
    """
    check_times(contents, duration)
    if contents.transcript:
        _check_version(contents.transcript)
    if contents.description:
        _check_description(contents.description, duration)
    if contents.notes:
        _check_notes(contents.notes, duration)
    if contents.own_words:
        if contents.own_words.scores:
            contents.own_words.scores.check()
        if contents.own_words.matches and len(contents.own_words.matches.matches) > MAX_LABELS:
            raise BundleRefused("it has more words than can be sought")
    if contents.map:
        _check_map(contents.map, duration)
    for result in (contents.transcript and contents.transcript.transcription, contents.description, contents.notes):
        if result:
            result.to_dict()


def _check_description(found: ClipDescription, duration: float) -> None:
    for tags in (found.sounds, found.music):
        if tags:
            tags.check()
    if found.facts:
        _check_facts(found.facts, duration)
    if found.caption:
        _check_caption(found.caption)
    if found.speech:
        _check_speech(found.speech)


def _check_facts(found: MusicFacts, duration: float) -> None:
    if found.beats:
        _check_beats(found.beats, duration)
    if found.tempo:
        _check_tempo(found.tempo)
    tonics = {span.key.tonic for span in found.key_spans}
    if found.key:
        tonics |= {found.key.tonic, *(other.tonic for other in found.key.alternatives)}
    if not (tonics <= TONICS and (found.tuning_cents is None or abs(found.tuning_cents) <= MAX_TUNING_CENTS)):
        raise BundleRefused("its key is none")
    for spans in (
        [(chord.start, chord.end) for chord in found.chords],
        [(span.start, span.end) for span in found.key_spans],
        [(section.start, section.end) for section in found.sections],
        found.vocals.spans if found.vocals else (),
    ):
        if not all(before[1] <= after[0] for before, after in pairwise(spans)):
            raise BundleRefused("its chords, keys, sections or vocals are not in order")
    for name in {chord.name for chord in found.chords} - {NO_CHORD_NAME}:
        pitch_classes(name)
    for fact in (found.key, found.beats, *found.chords):
        if fact and len(fact.alternatives) > MAX_ALTERNATIVES:
            raise BundleRefused("a fact has more readings than there are")


def _check_tempo(found: Tempo) -> None:
    tempi = (found.bpm, *(other.bpm for other in found.alternatives))
    if len(tempi) > MAX_ALTERNATIVES or not all(0 < bpm <= MAX_BPM for bpm in tempi):
        raise BundleRefused("its tempo is none")


def _check_caption(found: CheckedCaption) -> None:
    for sentence in found.sentences:
        if not all(0 <= one.claim.start_char <= one.claim.end_char <= len(sentence.text) for one in sentence.claims):
            raise BundleRefused("a claim of its caption has no words")


def _check_version(found: TranscriptVersion) -> None:
    _check_speech(found.transcription)
    for edits, is_done in ((found.done, True), (found.undone, False)):
        lines = Counter(found.items)
        for change in reversed(edits):
            gone, new = (change.after, change.before) if is_done else (change.before, change.after)
            lines.subtract(gone)
            if any(lines[line] < 0 for line in gone):
                raise BundleRefused("an edit of its transcript cannot be undone")
            lines.update(new)


def _check_speech(found: Transcription) -> None:
    if not {line.side for line in found.segments} <= {"", *SIDES}:
        raise BundleRefused("a line of its transcript is of a side that no clip has")


def _check_notes(found: NoteTranscription, duration: float) -> None:
    parts = {part.name for part in found.parts}
    end = duration + MAX_NOTE_BEYOND_CLIP
    are_notes = all(
        0 <= note.onset < note.offset <= end
        and 0 <= note.pitch <= MAX_PITCH
        and 1 <= note.velocity <= MAX_VELOCITY
        and note.part in parts
        and all(abs(bend) <= MAX_BEND for bend in note.bend)
        for note in found.notes
    )
    are_parts = len(parts) == len(found.parts) <= MAX_PARTS and all(0 <= part.program <= MAX_PROGRAM for part in found.parts)
    is_key = (found.key is None or found.key[0] in TONICS) and abs(found.tuning_cents) <= MAX_TUNING_CENTS
    if not (are_notes and are_parts and is_key):
        raise BundleRefused("its notes are none of its clip")
    if found.beats:
        _check_beats(found.beats, duration)


def _check_beats(beats: Beats, duration: float) -> None:
    is_grid = (
        1 <= beats.beats_per_bar <= MAX_BEATS_PER_BAR
        and beats.beat_unit in (4, 8)
        and len(beats.times) == len(beats.positions)
        and all(1 <= position <= beats.beats_per_bar for position in beats.positions)
        and all(after - before >= MIN_BEAT_SECONDS for before, after in pairwise((-MIN_BEAT_SECONDS, *beats.times)))
        and (not beats.times or beats.times[-1] <= duration + MAX_SECONDS_BEYOND)
    )
    if not is_grid:
        raise BundleRefused("its beats are none")


def _check_map(found: BundledMap, duration: float) -> None:
    check_map_options(found.map.options)
    times = found.embedding.times
    is_within = times[0] >= 0 and times[-1] <= duration + MAX_SECONDS_BEYOND
    if not (is_within and np.abs(found.map.points).max() <= MAP_LIMIT):
        raise BundleRefused("its map does not fit its clip")
    if found.analyses.tags:
        found.analyses.tags.check()
    if found.analyses.facts:
        _check_facts(found.analyses.facts, duration)
