"""Measures the app on an excerpt: its facts and tags, their scores, and how often a confidence is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import mir_eval  # type: ignore[import-untyped]
import numpy as np

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.peers.readings import PEER_TASKS
from benchmarks.accuracy.scores import BOUNDARY_WINDOWS, Reading, beat_f_measure, facts_reading, is_tempo, key_scores, scores
from benchmarks.accuracy.sources import Source, Task
from benchmarks.accuracy.stored_features import kept_features
from benchmarks.accuracy.tracks import Annotation, Spans
from models.cache.feature_store import FeatureStore
from models.specs.sound import YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.calibration import Kind
from pipelines.music.facts import ClipTags, FactOptions, MusicFacts
from pipelines.music.sections.types import Section
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.music.vocals import find_vocals
from pipelines.tagging.sound_tagging import ClipTagger
from pipelines.tagging.tags import SoundTags
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS, PATCH_SECONDS
from services import Services

OURS = "Audioscope"
FindingKind = Kind | Literal["instrument", "vocals"]
"""Kinds of findings; the tags have a calibration of their own."""
TASKS: dict[Task, str] = {
    "tempo": "tempo",
    "octave-free tempo": "tempo but for octaves",
    "beats": "beats",
    "downbeats": "downbeats",
    "key": "key",
    "chords": "chords",
    "sections": "sections 0.5 s",
    "instruments": "instruments",
    "vocals": "vocals",
}
"""First measure of each task of `Source.tasks`."""
TAG_TASKS: frozenset[Task] = frozenset({"instruments", "vocals"})
"""Tasks that need no facts but the tags."""
FURTHER: dict[Task, tuple[str, ...]] = {
    "downbeats": ("metre",),
    "key": ("key, weighted",),
    "chords": ("sevenths",),
    "sections": ("sections 3 s", "section labels"),
}
"""Further measures of a task."""


@dataclass(frozen=True)
class Finding:
    """A confidence, and whether what it was said of is right."""

    kind: FindingKind
    confidence: float
    """0 to 1."""
    rightness: float
    """0 or 1, or a fraction of what was found."""


@dataclass(frozen=True)
class Measured:
    """The scores of one excerpt."""

    source: Source
    name: str
    scores: dict[str, dict[str, float]]
    """By program, then by measure; 0 to 1."""
    findings: tuple[Finding, ...]
    """The app's."""


def measures(tasks: Iterable[Task]) -> tuple[str, ...]:
    """Return the measures of tasks."""
    return tuple(measure for task in tasks for measure in (TASKS[task], *FURTHER.get(task, ())))


def analyse(clip: AudioClip, services: Services, store: FeatureStore, only_tags: bool = False) -> tuple[MusicFacts, MusicTags]:
    """Return facts, of which there are only vocals if `only_tags`, and tags; outputs of networks are looked up in `store`."""
    runtime = replace(services.runtime, features=store)
    *_, tags = tag_music(clip, MusicTagOptions(), runtime)
    snapshots = music_facts(clip, FactOptions(), runtime, tags=ClipTags(music=tags))
    facts = next(snapshots)
    if only_tags:
        tagger = ClipTagger(clip, runtime.catalog.choose("tag_sounds", YAMNET.key), runtime)
        times = np.arange(tagger.patches, dtype=np.float32) * np.float32(PATCH_HOP_SECONDS)
        scores = tagger.patch_scores(0, tagger.patches)
        sounds = SoundTags(clip.duration, times, scores, hop_seconds=PATCH_HOP_SECONDS, patch_seconds=PATCH_SECONDS)
        return replace(facts, vocals=find_vocals(sounds, tags)), tags
    *_, facts = snapshots
    return facts, tags


def analyse_excerpt(excerpt: Excerpt, services: Services, features: Path) -> tuple[MusicFacts, MusicTags]:
    """Return facts and tags of an excerpt; the outputs of the networks are kept in the folder `features`."""
    clip = services.clips.open(excerpt.file)
    with kept_features(features, clip.content_hash, services.settings.feature_store_bytes) as store:
        return analyse(clip, services, store, only_tags=TAG_TASKS.issuperset(excerpt.source.tasks))


def measure(excerpt: Excerpt, facts: MusicFacts, tags: MusicTags, peers: dict[str, Reading]) -> Measured:
    """Return the scores of the app and of its peers on the measures that the source allows."""
    tasks = excerpt.source.tasks
    by_program = {OURS: _known(scores_of(excerpt.annotation, facts, tags), tasks)}
    for program, reading in peers.items():
        by_program[program] = _known(scores(excerpt.annotation, reading), PEER_TASKS[program].intersection(tasks))
    found = findings(excerpt.annotation, facts, tags)
    known = tuple(finding for finding in found if finding_task(finding.kind) in excerpt.source.tasks)
    return Measured(excerpt.source, excerpt.name, by_program, known)


def _known(found: dict[str, float], tasks: Iterable[Task]) -> dict[str, float]:
    """Return the scores of the measures of `tasks`."""
    allowed = measures(tasks)
    return {name: score for name, score in found.items() if name in allowed}


def scores_of(truth: Annotation, facts: MusicFacts, tags: MusicTags) -> dict[str, float]:
    """Return the scores of facts and tags."""
    return scores(truth, facts_reading(facts, tuple(tag.name for tag in tags.of_kind("instrument"))))


def finding_task(kind: FindingKind) -> str:
    """Return the task whose truth decides whether a finding is right."""
    return {"chord": "chords", "section": "sections", "instrument": "instruments"}.get(kind, kind)


def findings(truth: Annotation, facts: MusicFacts, tags: MusicTags) -> Iterator[Finding]:
    """Yield every confidence of which the truth is known.

    The beats are right by their F-measure, a chord by the fraction of its time in which it is right by major and minor, and a
    section if one begins within 3 s of it; the first section of a clip always does and does not count.
    """
    if facts.tempo and truth.bpm is not None and truth.is_octave_known:
        yield Finding("tempo", facts.tempo.confidence, float(is_tempo(truth.bpm, facts.tempo.bpm)))
    if facts.beats and truth.beats:
        f_measure = max(beat_f_measure(grid, facts.beats.times) for grid in truth.beats)
        yield Finding("beats", facts.beats.confidence, f_measure)
    if facts.key and truth.key:
        yield Finding("key", facts.key.confidence, key_scores(truth.key, facts.key.name)[0])
    if truth.chords:
        yield from _chord_findings(truth, facts)
    if truth.sections:
        yield from section_findings(truth.sections, facts.sections)
    yield from _tag_findings(truth, facts, tags)


def _tag_findings(truth: Annotation, facts: MusicFacts, tags: MusicTags) -> Iterator[Finding]:
    if truth.instruments is not None and not truth.has_other_instruments:
        for tag in tags.of_kind("instrument"):
            yield Finding("instrument", tag.confidence, float(tag.name in truth.instruments))
    if truth.is_sung is not None and facts.vocals and facts.vocals.present is not None:
        confidence = facts.vocals.probability if facts.vocals.present else 1 - facts.vocals.probability
        yield Finding("vocals", confidence, float(facts.vocals.present == truth.is_sung))


def section_findings(truth: Spans, sections: Iterable[Section]) -> Iterator[Finding]:
    """Yield the confidence of each section but the first."""
    starts = np.array([start for start, _, _ in truth])
    for section in islice(sections, 1, None):
        is_near = np.abs(starts - section.start).min() <= BOUNDARY_WINDOWS["sections 3 s"]
        if section.confidence is not None:
            yield Finding("section", section.confidence, float(is_near))


def _chord_findings(truth: Annotation, facts: MusicFacts) -> Iterator[Finding]:
    spans = np.array([span[:2] for span in truth.chords])
    labels = [span[2] for span in truth.chords]
    for chord in facts.chords:
        shared = np.minimum(spans[:, 1], chord.end) - np.maximum(spans[:, 0], chord.start)
        met = np.flatnonzero(shared > 0)
        if not len(met):
            continue
        right = mir_eval.chord.majmin([labels[i] for i in met], [chord.name] * len(met))
        counted = right >= 0
        if counted.any():
            seconds = shared[met][counted]
            yield Finding("chord", chord.confidence, float((right[counted] * seconds).sum() / seconds.sum()))
