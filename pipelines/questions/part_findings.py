"""The measurements of a part of a clip, so that a question about a time is answered for that time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.description.findings import ClipFindings
from pipelines.music.decisions import MIN_MUSIC_SCORE, MIN_VOCALS_MOMENT_PROB, has_vocals
from pipelines.music.facts import MusicFacts, Vocals
from pipelines.music.harmony.types import Key, KeyCandidate
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.music.tags.tag_fusion import MusicTags, best_tags, clip_confidences
from pipelines.music.tags.tag_table import TAG_KINDS
from pipelines.questions.part_parsing import Part
from pipelines.speech.transcript import Transcription
from pipelines.tagging.audioset import best_names, tree_of
from pipelines.tagging.tags import SoundTags

MAX_TAGS = 5
"""Tags of each kind."""
MIN_CLIP_SCORE = 0.1
"""Score, 0 to 1, from which a sound is among those of the part."""
MAX_SPEECH_DISTANCE_SECONDS = 1.0
"""Distance from a moment up to which a line of the transcript counts as spoken then."""
TEMPO_SECONDS = 4.0
"""Length before and after a moment over which its tempo is measured."""
MIN_TEMPO_BEATS = 4
"""Beats in a part from which it has a tempo of its own."""


def findings_of_part(findings: ClipFindings, part: Part) -> ClipFindings:
    """Return what was measured in a part of a clip, at the clip's times; what has no times, such as the loudness, is left out."""
    music = _music_of(findings.music, part) if findings.music else None
    return replace(
        findings,
        facts=_facts_of(findings, part) if findings.facts else None,
        music=music,
        sounds=_sounds_of(findings.sounds, part) if findings.sounds else None,
        speech=_speech_of(findings.speech, part) if findings.speech else None,
        part=(part.start, part.end),
    )


def _facts_of(findings: ClipFindings, part: Part) -> MusicFacts | None:
    facts = findings.facts
    if facts is None:
        return None
    keys = [span for span in facts.key_spans if part.overlaps(span.start, span.end)]
    longest = max(keys, key=lambda span: _length(part, span.start, span.end), default=None)
    return replace(
        facts,
        tempo=_tempo_of(facts.tempo, facts.beats, part) if facts.tempo and facts.beats else None,
        beats=_beats_of(facts.beats, part) if facts.beats else None,
        key=_key_of(facts.key, longest.key) if longest else facts.key if not facts.key_spans else None,
        key_spans=tuple(keys),
        chords=tuple(chord for chord in facts.chords if part.overlaps(chord.start, chord.end)),
        sections=tuple(one for one in facts.sections if part.overlaps(one.start, one.end)),
        loudness=None,
        vocals=_vocals_of(facts.vocals, findings.music, part) if facts.vocals else None,
    )


def _key_of(clip_key: Key | None, key: KeyCandidate) -> Key:
    """Return the key of a span; where it is that of the clip, with the clip's alternatives."""
    if clip_key is not None and (clip_key.tonic, clip_key.mode) == (key.tonic, key.mode):
        return clip_key
    return Key(key.tonic, key.mode, key.confidence, ())


def _length(part: Part, start: float, end: float) -> float:
    begin, stop = part.cut(start, end)
    return stop - begin


def _tempo_of(tempo: Tempo, beats: Beats, part: Part) -> Tempo | None:
    """Return the tempo of the beats in the part; None where there are too few."""
    around = TEMPO_SECONDS if part.is_moment else 0.0
    times = [time for time in beats.times if part.start - around <= time <= part.end + around]
    if len(times) < MIN_TEMPO_BEATS:
        return None
    bpm = 60 / median(after - before for before, after in pairwise(times))
    return replace(tempo, bpm=bpm, alternatives=tuple(replace(one, bpm=one.bpm * bpm / tempo.bpm) for one in tempo.alternatives))


def _beats_of(beats: Beats, part: Part) -> Beats | None:
    """Return the beats in the part, or of a moment those around it; None without any."""
    around = TEMPO_SECONDS if part.is_moment else 0.0
    kept = [
        (time, position)
        for time, position in zip(beats.times, beats.positions, strict=True)
        if part.start - around <= time <= part.end + around
    ]
    if not kept:
        return None
    times, positions = zip(*kept, strict=True)
    return replace(beats, times=times, positions=positions)


def _vocals_of(vocals: Vocals, music: MusicTags | None, part: Part) -> Vocals:
    spans = tuple(part.cut(*span) for span in vocals.spans if part.overlaps(*span))
    if spans:
        return replace(vocals, spans=spans)
    probability = vocals.probability
    if music is not None and (patches := _patches(music, part)).any():
        probability = min(probability, MIN_VOCALS_MOMENT_PROB, float(music.vocals[patches].max()))
    present = has_vocals(probability)
    # Where vocals were looked for and not found in this part, what remains is a doubt, not a find.
    return Vocals(None if present else present, probability, ())


def _music_of(tags: MusicTags, part: Part) -> MusicTags | None:
    """Return the music tags of the part's patches; None where it has none."""
    patches = _patches(tags, part)
    if tags.is_music is None or not patches.any():
        return None
    musical = patches & (tags.music >= MIN_MUSIC_SCORE)
    confidences = clip_confidences(tags.confidences[musical]) if musical.any() else np.empty(0, dtype=np.float32)
    kinds = [kind for kind in TAG_KINDS if kind != "vocals" or has_vocals(float(tags.vocals[patches].max()))]
    return replace(
        tags,
        tags=tuple(tag for kind in kinds for tag in best_tags(confidences, kind, MAX_TAGS)) if musical.any() else (),
        is_music=bool(musical.any()),
        music=np.where(patches, tags.music, 0).astype(np.float32),
        vocals=np.where(patches, tags.vocals, 0).astype(np.float32),
        vocals_in_clip=float(tags.vocals[patches].max()),
    )


def _sounds_of(tags: SoundTags, part: Part) -> SoundTags:
    patches = _patches(tags, part)
    scores = np.where(patches[:, None], tags.scores, 0).astype(np.float32)
    if not patches.any():
        return replace(tags, scores=scores, top=())
    mean: FloatArray = tags.scores[patches].mean(axis=0)
    return replace(tags, scores=scores, top=best_names(mean, MAX_TAGS, min_score=MIN_CLIP_SCORE, tree=tree_of(tags.classes)))


def _patches(tags: MusicTags | SoundTags, part: Part) -> NDArray[np.bool_]:
    """Return which patches [patches] overlap the part."""
    starts = np.arange(len(tags.scores if isinstance(tags, SoundTags) else tags.music)) * tags.hop_seconds
    if part.is_moment:
        found: NDArray[np.bool_] = (starts <= part.start) & (part.start < starts + tags.patch_seconds)
        return found
    # A patch belongs to the part if its middle does: most of any other patch lies outside.
    middles = starts + tags.patch_seconds / 2
    inside: NDArray[np.bool_] = (part.start <= middles) & (middles < part.end)
    return inside if inside.any() else _patches(tags, Part(*(2 * [(part.start + part.end) / 2])))


def _speech_of(speech: Transcription, part: Part) -> Transcription:
    """Return the lines in the part; of a moment those that are spoken within a second of it."""
    around = MAX_SPEECH_DISTANCE_SECONDS if part.is_moment else 0.0
    lines = [one for one in speech.segments if one.start - around < part.end + 1e-9 and one.end + around > part.start]
    kept = []
    for line in lines:
        words = tuple(word for word in line.words if part.overlaps(word.start, word.end))
        is_cut = not part.is_moment and 0 < len(words) < len(line.words)
        text = "".join(word.text for word in words).strip() if is_cut else line.text
        kept.append(replace(line, text=text, words=words) if is_cut else line)
    longest = max(kept, key=lambda line: line.end - line.start, default=None)
    cut = speech.with_segments(tuple(kept))
    if longest is None or not longest.speech_language:
        return cut
    return replace(cut, language=longest.speech_language, language_probability=longest.language_probability)
