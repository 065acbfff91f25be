"""Everything that was measured in a clip, and what may be said of it: the one ground of captions, evidence and answers.

What is below `MIN_POSSIBLE` counts as not measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.arrays import FloatArray
from pipelines.description.spans import Span, runs_of
from pipelines.music.chord_recognition import NO_CHORD_NAME, Chord
from pipelines.music.decisions import MIN_MUSIC_SCORE, MIN_POSSIBLE, MIN_PROBABLE, MIN_VOCALS_MOMENT_PROB, has_vocals
from pipelines.music.facts import MusicFacts
from pipelines.music.key_detection import Key
from pipelines.music.rhythm.beat_tracking import Beats
from pipelines.music.rhythm.tempo import Tempo
from pipelines.music.tags.tag_fusion import MusicTag, MusicTags
from pipelines.music.tags.tag_table import TABLE, Kind
from pipelines.speech.transcription import Transcription
from pipelines.tagging.audioset import (
    MUSIC,
    SPEECH,
    Tag,
    tree_of,
)
from pipelines.tagging.tags import SoundTags
from pipelines.wording.music_vocabulary import (
    TermKind,
    narrower,
    term_of_class,
    term_of_row,
)

ABSENT = 0.2
"""Confidence that a tag nowhere reaches if what it names is not there."""
ABSENT_SOUND, ABSENT_SOUND_IN_MUSIC = 0.05, 0.01
"""The same for the scores of AudioSet's classes; beside 'Music' near 1 they stay small."""
STRONG_ALTERNATIVE = 0.5
"""Of the confidence of the chosen tempo: an alternative that reaches it is as good a reading."""
PEAK_SHARE = 0.7
"""Of the highest confidence: around it, what reaches this belongs to the clearest moment."""
PAUSE_SECONDS = 1.0
"""Between chords that still follow each other."""


@dataclass(frozen=True)
class Presence:
    """How surely something is heard in a clip."""

    confidence: float
    """0 to 1, for the clip as a whole."""
    peak: float
    """0 to 1, at the clearest moment."""
    is_absent: bool
    """It was listened for and is nowhere to be heard."""
    span: Span | None = None
    """The clearest moment."""


@dataclass(frozen=True)
class Detection:
    """An instrument or a genre that is named, or a sound."""

    name: str
    confidence: float
    """0 to 1."""
    span: Span | None = None
    """The clearest moment."""


@dataclass(frozen=True, eq=False)
class ClipFindings:
    """The results for one clip; None stands for 'not measured (yet)'."""

    duration: float
    """Of the clip, in seconds."""
    facts: MusicFacts | None = None
    music: MusicTags | None = None
    sounds: SoundTags | None = None
    speech: Transcription | None = None

    @cached_property
    def is_music(self) -> bool | None:
        """Whether the clip is music; None if nothing says it."""
        if self.music is not None and self.music.is_music is not None:
            return self.music.is_music
        return self.facts.is_music if self.facts is not None else None

    @property
    def tempo(self) -> Tempo | None:
        """The tempo, if it is known at all."""
        tempo = self.facts.tempo if self.facts else None
        return tempo if tempo is not None and tempo.confidence >= MIN_POSSIBLE else None

    @property
    def tempi(self) -> tuple[float, ...]:
        """The tempo in BPM and the alternatives that are as good."""
        if self.tempo is None:
            return ()
        strong = (
            other.bpm for other in self.tempo.alternatives if other.confidence >= STRONG_ALTERNATIVE * self.tempo.confidence
        )
        return (self.tempo.bpm, *strong)

    @property
    def beats(self) -> Beats | None:
        """Beats and metre, if they are known at all."""
        beats = self.facts.beats if self.facts else None
        return beats if beats is not None and beats.confidence >= MIN_POSSIBLE else None

    @property
    def key(self) -> Key | None:
        """The key, if it is known at all."""
        key = self.facts.key if self.facts else None
        return key if key is not None and key.confidence >= MIN_POSSIBLE else None

    @cached_property
    def chords(self) -> tuple[Chord, ...]:
        """The chords that are likelier than not, in order and without pauses; neighbours of one name are one."""
        merged: list[Chord] = []
        for chord in self.facts.chords if self.facts else ():
            if chord.name == NO_CHORD_NAME or chord.confidence < MIN_PROBABLE:
                continue
            if merged and merged[-1].name == chord.name and chord.start - merged[-1].end < PAUSE_SECONDS:
                merged[-1] = replace(merged[-1], end=chord.end)
            else:
                merged.append(chord)
        return tuple(merged)

    @property
    def first_bars(self) -> Span | None:
        """From the first downbeat over two bars."""
        downbeats = self.beats.downbeats if self.beats else ()
        return (downbeats[0], downbeats[min(2, len(downbeats) - 1)]) if len(downbeats) > 1 else None

    def tags(self, kind: Kind) -> tuple[MusicTag, ...]:
        """The clip's tags of a kind, best first."""
        return self.music.of_kind(kind) if self.music else ()

    def named(self, kind: TermKind) -> tuple[Detection, ...]:
        """Instruments or genres of the clip, surest first: as music, else by its sounds."""
        if self.is_music and self.music is not None:
            tags = self.tags(kind)
            terms = ((term_of_row(kind, tag.name), tag.confidence) for tag in tags if tag.confidence >= MIN_POSSIBLE)
        elif kind == "instrument":
            terms = ((term_of_class(tag.name), tag.score) for tag in self.top_sounds if tag.score >= MIN_POSSIBLE)
        else:
            return ()
        heard = [
            Detection(term.name, sureness, self.presence(kind, term.name).span) for term, sureness in terms if term is not None
        ]
        return tuple({one.name: one for one in reversed(heard)}[name] for name in dict.fromkeys(one.name for one in heard))

    @property
    def top_sounds(self) -> tuple[Tag, ...]:
        """What names the clip as a sound, best first."""
        return self.sounds.top if self.sounds else ()

    def was_listened_for(self, kind: TermKind, name: str) -> bool:
        """Whether a measurement of this clip knows the instrument or genre."""
        own, *_ = narrower(kind, name)
        by_tags = self.music is not None and self.music.is_music is not None and bool(own.rows)
        by_sounds = self.sounds is not None and any(one in self.sounds.classes for one in own.classes)
        return by_tags or by_sounds

    def presence(self, kind: TermKind, name: str, with_kinds: bool = True) -> Presence:
        """How surely an instrument or genre, or (`with_kinds`) a kind of it, is heard."""
        terms = narrower(kind, name) if with_kinds else narrower(kind, name)[:1]
        by_tag = self._tag_presence(kind, {row for term in terms for row in term.rows})
        by_sound = self.sound_presence({one for term in terms for one in term.classes})
        found = [one for one in (by_tag, by_sound) if one is not None]
        if not found:
            return Presence(0.0, 0.0, False)
        best = max(found, key=lambda one: one.confidence)
        span = next((one.span for one in (best, *found) if one.span is not None), None)
        return Presence(best.confidence, max(one.peak for one in found), all(one.is_absent for one in found), span)

    def _tag_presence(self, kind: Kind, rows: set[str]) -> Presence | None:
        kinds = (kind, "other")  # 'Soundtrack' and 'Christmas music' are told like genres
        columns = [i for i, row in enumerate(TABLE) if row.kind in kinds and row.name in rows]
        if self.music is None or self.music.is_music is None or not columns:
            return None
        if not self.music.is_music:
            return Presence(0.0, 0.0, True)
        said = max((tag.confidence for tag in self.music.tags if tag.kind in kinds and tag.name in rows), default=0.0)
        series = np.where(self.music.music >= MIN_MUSIC_SCORE, self.music.confidences[:, columns].max(axis=1), 0)
        peak = max(said, float(series.max(initial=0)))
        span = (
            clearest(series, self.music.hop_seconds, self.music.patch_seconds, self.duration) if said or peak > ABSENT else None
        )
        # What is likely on average but among too many others to be named has just enough to be believed.
        mean = float(series[self.music.music >= MIN_MUSIC_SCORE].mean()) if (self.music.music >= MIN_MUSIC_SCORE).any() else 0.0
        return Presence(max(said, mean), peak, not said and peak < ABSENT, span)

    def sound_presence(self, classes: Iterable[str]) -> Presence | None:
        """How surely any of these AudioSet classes, or a kind of them, is heard; None if the model does not know them."""
        if self.sounds is None or not len(self.sounds.scores):
            return None
        tree = tree_of(self.sounds.classes)
        columns = sorted(tree.below(*(one for one in classes if one in tree.names)))
        if not columns:
            return None
        names = {tree.names[i] for i in columns}
        said = max((tag.score for tag in self.top_sounds if tag.name in names), default=0.0)
        series = self.sounds.scores[:, columns].max(axis=1)
        peak = max(said, float(series.max()))
        span = clearest(series, self.sounds.hop_seconds, self.sounds.patch_seconds, self.duration)
        least = ABSENT_SOUND_IN_MUSIC if self.is_music else ABSENT_SOUND
        return Presence(said, peak, not said and peak < least, span if said or peak >= least else None)

    @cached_property
    def singing(self) -> float | None:
        """Probability of vocals: the facts', which weigh all measurements, else the tags'."""
        if self.facts is not None and self.facts.vocals is not None:
            return self.facts.vocals.probability
        return self.music.vocals_in_clip if self.music is not None and self.music.is_music is not None else None

    @property
    def is_sung(self) -> bool | None:
        """Whether there are vocals; None if that is open."""
        return has_vocals(self.singing) if self.singing is not None else None

    @cached_property
    def vocal_spans(self) -> tuple[Span, ...]:
        """Where somebody sings, if somebody does."""
        if not self.is_sung:
            return ()
        if self.facts is not None and self.facts.vocals is not None:
            return self.facts.vocals.spans
        if self.music is None:
            return ()
        return runs_of(
            self.music.vocals >= MIN_VOCALS_MOMENT_PROB, self.music.hop_seconds, self.music.patch_seconds, self.duration
        )

    @property
    def singers(self) -> tuple[MusicTag, ...]:
        """'Female voice', 'Male voice', 'Rap' or 'Chant', if somebody sings."""
        return tuple(tag for tag in self.tags("vocals") if tag.confidence >= MIN_PROBABLE) if self.is_sung else ()

    @cached_property
    def is_spoken(self) -> bool | None:
        """Whether somebody speaks; None if that is open."""
        if self.speech is not None and self.speech.segments:
            return True
        heard = self.sound_presence((SPEECH,))
        if heard is not None and heard.confidence >= MIN_PROBABLE:
            return True
        if self.speech is not None and self.speech.state == "done":
            return False if heard is None or heard.peak < MIN_PROBABLE else None
        return False if heard is not None and heard.is_absent else None

    @cached_property
    def speech_spans(self) -> tuple[Span, ...]:
        """Where somebody speaks."""
        if self.speech is not None and self.speech.segments:
            return tuple((segment.start, segment.end) for segment in self.speech.segments)
        return self._sounding(SPEECH) if self.is_spoken else ()

    @cached_property
    def music_spans(self) -> tuple[Span, ...]:
        """Where music plays, by the sound alone."""
        if self.is_music and self.music is not None:
            return runs_of(self.music.music >= MIN_MUSIC_SCORE, self.music.hop_seconds, self.music.patch_seconds, self.duration)
        return self._sounding(MUSIC)

    def _sounding(self, name: str) -> tuple[Span, ...]:
        if self.sounds is None or name not in self.sounds.classes:
            return ()
        column = self.sounds.scores[:, self.sounds.classes.index(name)]
        return runs_of(column >= MIN_PROBABLE, self.sounds.hop_seconds, self.sounds.patch_seconds, self.duration)


def clearest(series: FloatArray, hop: float, length: float, duration: float) -> Span | None:
    """The patches [patches] around the highest one that come near it, as a span in seconds."""
    if not len(series):
        return None
    first = last = int(series.argmax())
    enough = PEAK_SHARE * series[first]
    while first > 0 and series[first - 1] >= enough:
        first -= 1
    while last + 1 < len(series) and series[last + 1] >= enough:
        last += 1
    start = min(first * hop, duration)
    return (start, max(start, min(duration, last * hop + length)))
