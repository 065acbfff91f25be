"""Annotation layers: the results of a clip as labels on its time axis, one layer for each track of the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pipelines.description.findings import ClipFindings
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.music.facts import MusicFacts
from pipelines.speech.transcript import Segment, Transcription
from pipelines.tagging.tag_heatmap import TagHeatmap
from pipelines.wording.certainty import MIN_PROBABLE


@dataclass(frozen=True)
class Label(Result):
    """One observation: an instant where `end` equals `start`."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    value: str | float
    """A text; the position in its bar of a beat; beats per minute of a tempo."""
    confidence: float | None = None
    """0 to 1; None where none was measured."""

    @property
    def text(self) -> str:
        """The value as a text in one line."""
        return " ".join(self.value.split()) if isinstance(self.value, str) else f"{self.value:g}"


@dataclass(frozen=True)
class AnnotationLayer(Result):
    """Labels of one kind, in order of their start."""

    key: str
    """Name of its file, as 'beats'."""
    title: str
    namespace: str
    """Namespace of JAMS, which defines the values; '' where another layer has them too."""
    labels: tuple[Label, ...]
    model: str
    """Names of the models that made it."""

    @property
    def has_instants(self) -> bool:
        """Whether every label is an instant."""
        return all(label.start == label.end for label in self.labels)


def annotation_layers(findings: ClipFindings) -> tuple[AnnotationLayer, ...]:
    """Return the layers of what was measured; those without a label are left out."""
    layers: list[AnnotationLayer] = []
    if findings.facts:
        layers += _fact_layers(findings.facts)
    layers += _tag_layers(findings)
    if findings.speech:
        layers += _speech_layers(findings.speech)
    return tuple(layer for layer in layers if layer.labels)


def _fact_layers(facts: MusicFacts) -> Iterator[AnnotationLayer]:
    duration = facts.duration
    if facts.tempo:
        yield _layer("tempo", "Tempo", "tempo", (Label(0, duration, facts.tempo.bpm, facts.tempo.confidence),), facts)
    if facts.beats:
        pairs = zip(facts.beats.times, facts.beats.positions, strict=True)
        beats = tuple(Label(time, time, position, facts.beats.confidence) for time, position in pairs)
        yield _layer("beats", "Beats", "beat", beats, facts)
        yield _layer("downbeats", "Downbeats", "", tuple(beat for beat in beats if beat.value == 1), facts)
    keys = tuple(
        Label(span.start, span.end, f"{span.key.tonic}:{span.key.mode}", span.key.confidence) for span in facts.key_spans
    )
    yield _layer("key", "Key", "key_mode", keys, facts)
    chords = tuple(Label(chord.start, chord.end, chord.name, chord.confidence) for chord in facts.chords)
    yield _layer("chords", "Chords", "chord", chords, facts)
    sections = tuple(Label(section.start, section.end, section.label, section.confidence) for section in facts.sections)
    yield _layer("sections", "Sections", "segment_open", sections, facts)
    if facts.vocals:
        vocals = tuple(Label(start, end, "vocals", facts.vocals.probability) for start, end in facts.vocals.spans)
        yield _layer("vocals", "Vocals", "tag_open", vocals, facts)


def _tag_layers(findings: ClipFindings) -> Iterator[AnnotationLayer]:
    """Yield the tags of the whole clip, and the stretches of those that change."""
    duration, sounds, music = findings.duration, findings.sounds, findings.music
    if sounds:
        top = tuple(Label(0, duration, tag.name, min(1.0, tag.score)) for tag in sounds.top)
        yield _layer("sound-tags", "Sound tags", "tag_open", top, sounds)
        yield _layer("sounds", "Sounds", "tag_open", _runs(sounds.heatmap(), duration), sounds)
    if music:
        tags = tuple(Label(0, duration, tag.name, tag.confidence) for tag in music.tags)
        yield _layer("music-tags", "Music tags", "tag_open", tags, music)
        yield _layer("instruments", "Instruments", "tag_open", _runs(music.heatmap("instrument"), duration), music)


def _runs(heatmap: TagHeatmap, duration: float) -> tuple[Label, ...]:
    """Return the stretches in which a row is probable, with its mean score there."""
    labels = []
    for column, name in enumerate(heatmap.rows):
        frames = enumerate(heatmap.scores[:, column].tolist())
        for is_probable, run in groupby(frames, key=lambda frame: frame[1] >= MIN_PROBABLE):
            if is_probable:
                indices, scores = zip(*run, strict=True)
                start = heatmap.start + indices[0] * heatmap.hop
                end = min(duration, heatmap.start + (indices[-1] + 1) * heatmap.hop)
                labels.append(Label(start, end, name, min(1.0, sum(scores) / len(scores))))
    return tuple(sorted((label for label in labels if label.start < label.end), key=lambda label: label.start))


def _speech_layers(transcription: Transcription) -> Iterator[AnnotationLayer]:
    speakers = tuple(Label(line.start, line.end, line.speaker) for line in transcription.segments if line.speaker)
    yield _layer("speakers", "Speakers", "tag_open", speakers, transcription)
    for side in sorted({segment.side for segment in transcription.segments}):
        segments = [segment for segment in transcription.segments if segment.side == side]
        suffix, title = (f"-{side}", f" {side}") if side else ("", "")
        lines = tuple(Label(segment.start, segment.end, segment.text.strip()) for segment in segments if segment.text.strip())
        yield _layer(f"speech{suffix}", f"Speech{title}", "lyrics", lines, transcription)
        yield _layer(f"words{suffix}", f"Words{title}", "lyrics", tuple(_words(segments)), transcription)


def _words(segments: list[Segment]) -> Iterator[Label]:
    for segment in segments:
        for word in segment.words:
            yield Label(word.start, max(word.start, word.end), word.text.strip(), min(1.0, word.probability))


def _layer(key: str, title: str, namespace: str, labels: tuple[Label, ...], made: ModelUse) -> AnnotationLayer:
    return AnnotationLayer(key, title, namespace, labels, made.model)
