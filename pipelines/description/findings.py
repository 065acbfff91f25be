"""The measurements of a clip, and the decisions on which captions, checks of claims and answers rest.

A confidence below `MIN_POSSIBLE` counts as not measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.chunking import Span
from pipelines.description.text_spans import runs_of
from pipelines.jobs.result import Result
from pipelines.music.decisions import MIN_MUSIC_CLASS_SCORE, MIN_MUSIC_SCORE, MIN_SPEECH_SCORE, MIN_VOCALS_MOMENT_PROB, has_vocals
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord, Key
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.music.tags.tag_fusion import MusicTag, MusicTags
from pipelines.music.tags.tag_table import TABLE, TagKind
from pipelines.speech.transcript import Transcription
from pipelines.tagging.audioset import (
    MUSIC,
    SPEECH,
    Tag,
    tree_of,
)
from pipelines.tagging.tags import SoundTags
from pipelines.wording.certainty import MIN_POSSIBLE, MIN_PROBABLE
from pipelines.wording.music_vocabulary import (
    TermKind,
    narrower,
    term_of_class,
    term_of_row,
)

MAX_ABSENT_CONFIDENCE = 0.2
"""Confidence that an absent instrument or genre reaches at no moment of the clip, 0 to 1."""
MAX_ABSENT_SOUND_SCORE, MAX_ABSENT_SOUND_SCORE_IN_MUSIC = 0.05, 0.01
"""The same for the scores of AudioSet's classes; beside 'Music' near 1 the other scores stay small."""
MIN_ALTERNATIVE_RATIO = 0.5
"""Confidence of an alternative, relative to that of the chosen tempo or metre, from which it is as good a reading."""
MIN_PEAK_RATIO = 0.7
"""Confidence relative to the maximum down to which neighbouring patches belong to the clearest moment."""
MAX_CHORD_GAP_SECONDS = 1.0
"""Maximum gap between chords that still follow each other."""


@dataclass(frozen=True)
class Presence(Result):
    """Confidence that an instrument, a genre or a sound is in a clip."""

    confidence: float
    """0 to 1, for the clip as a whole."""
    peak: float
    """0 to 1, at the clearest moment."""
    is_absent: bool
    """Whether a model that knows it found it at no moment."""
    span: Span | None = None
    """The clearest moment."""
    is_calibrated: bool = False
    """Whether the confidence is a calibrated probability; the scores of sound classes are not."""


@dataclass(frozen=True)
class Detection(Result):
    """An instrument or a genre that was detected."""

    name: str
    confidence: float
    """0 to 1."""
    span: Span | None = None
    """The clearest moment."""
    is_calibrated: bool = False
    """See `Presence`."""


@dataclass(frozen=True, eq=False)
class ClipFindings(Result):
    """The results for one clip; None where nothing was measured yet."""

    duration: float
    """Duration of the clip in seconds."""
    facts: MusicFacts | None = None
    music: MusicTags | None = None
    sounds: SoundTags | None = None
    speech: Transcription | None = None
    part: Span | None = None
    """The part, in seconds, that the results are cut to; both times are equal for a moment. None for the whole clip."""

    @cached_property
    def is_music(self) -> bool | None:
        """Whether the clip is music; None if it was not measured."""
        if self.music is not None and self.music.is_music is not None:
            return self.music.is_music
        return self.facts.is_music if self.facts is not None else None

    @property
    def tempo(self) -> Tempo | None:
        """The tempo; None if its confidence is below `MIN_POSSIBLE`."""
        tempo = self.facts.tempo if self.facts else None
        return tempo if tempo is not None and tempo.confidence >= MIN_POSSIBLE else None

    @property
    def tempi(self) -> tuple[float, ...]:
        """The tempo in BPM, then the alternatives that are as good."""
        if self.tempo is None:
            return ()
        strong = (
            other.bpm for other in self.tempo.alternatives if other.confidence >= MIN_ALTERNATIVE_RATIO * self.tempo.confidence
        )
        return (self.tempo.bpm, *strong)

    @property
    def beats(self) -> Beats | None:
        """Beats and metre; None if their confidence is below `MIN_POSSIBLE`."""
        beats = self.facts.beats if self.facts else None
        return beats if beats is not None and beats.confidence >= MIN_POSSIBLE else None

    @property
    def key(self) -> Key | None:
        """The key; None if its confidence is below `MIN_POSSIBLE`."""
        key = self.facts.key if self.facts else None
        return key if key is not None and key.confidence >= MIN_POSSIBLE else None

    @cached_property
    def chords(self) -> tuple[Chord, ...]:
        """Chords with a confidence of at least `MIN_PROBABLE`, in order; neighbours of the same name are merged."""
        merged: list[Chord] = []
        for chord in self.facts.chords if self.facts else ():
            if chord.name == NO_CHORD_NAME or chord.confidence < MIN_PROBABLE:
                continue
            if merged and merged[-1].name == chord.name and chord.start - merged[-1].end < MAX_CHORD_GAP_SECONDS:
                merged[-1] = replace(merged[-1], end=chord.end)
            else:
                merged.append(chord)
        return tuple(merged)

    @property
    def first_bars(self) -> Span | None:
        """The first two bars; None without downbeats."""
        downbeats = self.beats.downbeats if self.beats else ()
        return (downbeats[0], downbeats[min(2, len(downbeats) - 1)]) if len(downbeats) > 1 else None

    def tags(self, kind: TagKind) -> tuple[MusicTag, ...]:
        """Return the clip's tags of a kind, best first."""
        return self.music.of_kind(kind) if self.music else ()

    def detections(self, kind: TermKind) -> tuple[Detection, ...]:
        """Return the instruments or genres of the clip, surest first; without music, the instruments among its sounds."""
        if self.is_music and self.music is not None:
            tags = self.tags(kind)
            terms = ((term_of_row(kind, tag.name), tag.confidence) for tag in tags if tag.confidence >= MIN_POSSIBLE)
        elif kind == "instrument":
            terms = ((term_of_class(tag.name), tag.score) for tag in self.top_sounds if tag.score >= MIN_POSSIBLE)
        else:
            return ()
        found = [
            Detection(term.name, sureness, self.presence(kind, term.name).span, bool(self.is_music))
            for term, sureness in terms
            if term is not None
        ]
        return tuple({one.name: one for one in reversed(found)}[name] for name in dict.fromkeys(one.name for one in found))

    @property
    def top_sounds(self) -> tuple[Tag, ...]:
        """The sound tags of the clip, best first."""
        return self.sounds.top if self.sounds else ()

    def is_detectable(self, kind: TermKind, name: str) -> bool:
        """Return whether a model that ran on this clip has a class for the instrument or genre."""
        own, *_ = narrower(kind, name)
        by_tags = self.music is not None and self.music.is_music is not None and bool(own.rows)
        by_sounds = self.sounds is not None and any(one in self.sounds.classes for one in own.classes)
        return by_tags or by_sounds

    def presence(self, kind: TermKind, name: str, with_kinds: bool = True) -> Presence:
        """Return the presence of an instrument or genre, or with `with_kinds` of any kind of it."""
        terms = narrower(kind, name) if with_kinds else narrower(kind, name)[:1]
        by_tag = self._tag_presence(kind, {row for term in terms for row in term.rows})
        by_sound = self.sound_presence({one for term in terms for one in term.classes})
        found = [one for one in (by_tag, by_sound) if one is not None]
        if not found:
            return Presence(0.0, 0.0, False)
        # In music the tags' confidences are calibrated; the scores of sound classes are not.
        best = by_tag if by_tag is not None and self.is_music else max(found, key=lambda one: one.confidence)
        span = next((one.span for one in (best, *found) if one.span is not None), None)
        is_absent = all(one.is_absent for one in found)
        return Presence(best.confidence, max(one.peak for one in found), is_absent, span, best is by_tag)

    def _tag_presence(self, kind: TagKind, rows: set[str]) -> Presence | None:
        kinds = (kind, "other")  # 'Soundtrack' and 'Christmas music' count as genres
        columns = [i for i, row in enumerate(TABLE) if row.kind in kinds and row.name in rows]
        if self.music is None or self.music.is_music is None or not columns:
            return None
        if not self.music.is_music:
            return Presence(0.0, 0.0, True)
        clip_score = max((tag.confidence for tag in self.music.tags if tag.kind in kinds and tag.name in rows), default=0.0)
        series = np.where(self.music.music >= MIN_MUSIC_SCORE, self.music.confidences[:, columns].max(axis=1), 0)
        peak = max(clip_score, float(series.max(initial=0)))
        span = (
            peak_span(series, self.music.hop_seconds, self.music.patch_seconds, self.duration)
            if clip_score or peak > MAX_ABSENT_CONFIDENCE
            else None
        )
        # A tag can be likely on average and yet not be among the few that name the clip.
        mean = float(series[self.music.music >= MIN_MUSIC_SCORE].mean()) if (self.music.music >= MIN_MUSIC_SCORE).any() else 0.0
        return Presence(max(clip_score, mean), peak, not clip_score and peak < MAX_ABSENT_CONFIDENCE, span)

    def sound_presence(self, classes: Iterable[str]) -> Presence | None:
        """Return the presence of any of these AudioSet classes or their descendants; None if the model has none of them."""
        if self.sounds is None or not len(self.sounds.scores):
            return None
        tree = tree_of(self.sounds.classes)
        columns = sorted(tree.below(*(one for one in classes if one in tree.names)))
        if not columns:
            return None
        names = {tree.names[i] for i in columns}
        clip_score = max((tag.score for tag in self.top_sounds if tag.name in names), default=0.0)
        series = self.sounds.scores[:, columns].max(axis=1)
        peak = max(clip_score, float(series.max()))
        span = peak_span(series, self.sounds.hop_seconds, self.sounds.patch_seconds, self.duration)
        threshold = MAX_ABSENT_SOUND_SCORE_IN_MUSIC if self.is_music else MAX_ABSENT_SOUND_SCORE
        return Presence(clip_score, peak, not clip_score and peak < threshold, span if clip_score or peak >= threshold else None)

    @cached_property
    def vocals_probability(self) -> float | None:
        """Probability of vocals: that of the facts, which combine all measurements, or else that of the music tags."""
        if self.facts is not None and self.facts.vocals is not None:
            return self.facts.vocals.probability
        return self.music.vocals_in_clip if self.music is not None and self.music.is_music is not None else None

    @property
    def has_vocals(self) -> bool | None:
        """Whether there are vocals; None if it is not clear or was not measured."""
        return has_vocals(self.vocals_probability) if self.vocals_probability is not None else None

    @cached_property
    def vocal_spans(self) -> tuple[Span, ...]:
        """Times of the vocals; empty if there are none."""
        if not self.has_vocals:
            return ()
        if self.facts is not None and self.facts.vocals is not None:
            return self.facts.vocals.spans
        if self.music is None:
            return ()
        return runs_of(
            self.music.vocals >= MIN_VOCALS_MOMENT_PROB, self.music.hop_seconds, self.music.patch_seconds, self.duration
        )

    @property
    def voices(self) -> tuple[MusicTag, ...]:
        """'Female voice', 'Male voice', 'Rap' or 'Chant', if there are vocals."""
        return tuple(tag for tag in self.tags("vocals") if tag.confidence >= MIN_PROBABLE) if self.has_vocals else ()

    @cached_property
    def has_speech(self) -> bool | None:
        """Whether there is speech; None if it is not clear or was not measured."""
        if self.speech is not None and self.speech.segments:
            return True
        presence = self.sound_presence((SPEECH,))
        if presence is not None and presence.confidence >= MIN_SPEECH_SCORE:
            return True
        if self.speech is not None and self.speech.state == "done":
            return False if presence is None or presence.peak < MIN_SPEECH_SCORE else None
        return False if presence is not None and presence.is_absent else None

    @property
    def speech_confidence(self) -> float:
        """Confidence that there is speech, 0 to 1; a transcript makes it certain."""
        if self.speech is not None and self.speech.segments:
            return 1.0
        presence = self.sound_presence((SPEECH,))
        return presence.confidence if presence is not None else 0.0

    @cached_property
    def speech_spans(self) -> tuple[Span, ...]:
        """Times of the speech; empty if there is none."""
        if self.speech is not None and self.speech.segments:
            return self.speech.speech_spans
        return self._class_spans(SPEECH, MIN_SPEECH_SCORE) if self.has_speech else ()

    @cached_property
    def music_spans(self) -> tuple[Span, ...]:
        """Times of the music, from the scores of sound classes where the clip as a whole is not music."""
        if self.is_music and self.music is not None:
            return runs_of(self.music.music >= MIN_MUSIC_SCORE, self.music.hop_seconds, self.music.patch_seconds, self.duration)
        return self._class_spans(MUSIC, MIN_MUSIC_CLASS_SCORE)

    def _class_spans(self, name: str, min_score: float) -> tuple[Span, ...]:
        if self.sounds is None or name not in self.sounds.classes:
            return ()
        column = self.sounds.scores[:, self.sounds.classes.index(name)]
        return runs_of(column >= min_score, self.sounds.hop_seconds, self.sounds.patch_seconds, self.duration)


def peak_span(series: FloatArray, hop: float, length: float, duration: float) -> Span | None:
    """Return the span in seconds of the patches around the maximum of `series` [patches] that reach `MIN_PEAK_RATIO` of it."""
    if not len(series):
        return None
    first = last = int(series.argmax())
    enough = MIN_PEAK_RATIO * series[first]
    while first > 0 and series[first - 1] >= enough:
        first -= 1
    while last + 1 < len(series) and series[last + 1] >= enough:
        last += 1
    start = min(first * hop, duration)
    return (start, max(start, min(duration, last * hop + length)))
