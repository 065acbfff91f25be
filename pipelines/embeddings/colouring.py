"""Colourings of a map: for each frame a value from another pipeline at the same time. Only known values are offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray, IntArray
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.analysis import nearest_in_time
from pipelines.embeddings.embedding_types import check_frames
from pipelines.embeddings.map import landmark_indices
from pipelines.embeddings.projections import nearest_neighbours, principal_components
from pipelines.jobs.result import Result
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.notation import written
from pipelines.music.harmony.types import NO_CHORD_NAME
from pipelines.music.loudness import MIN_POWER
from pipelines.music.rhythm.types import Beats
from pipelines.speech.transcript import Word
from pipelines.tagging.audioset import best_names, tree_of
from pipelines.tagging.tags import MIN_CLIP_SCORE, SoundTags
from pipelines.wording.times import clock_time

NO_CATEGORY = -1
"""Categorical value of a frame without a category."""
MAX_TAGS = 12
"""Number of tags with a colour of their own: the most frequent ones."""
MAX_CLUSTERS = 50
CLUSTER_WIDTH = 20
"""Number of principal components that are clustered."""
MAX_CLUSTER_LANDMARKS = 4000
"""Maximum number of frames that are clustered; the others join the cluster of the nearest one."""
MIN_CLUSTER_FRACTION = 0.01
"""Fraction of the frames in HDBSCAN's smallest cluster."""
MIN_CLUSTER_FRAMES = 5
RAMP_PERCENTILES = (1, 99)
"""Percentiles of the values at the ends of a ramp, so that outliers do not stretch it."""
BLOCK_SAMPLES = 2**20

CategoryIndices = NDArray[np.int32]
ClusterMethod = Literal["k-means", "hdbscan"]


@dataclass(frozen=True, eq=False)
class Colouring(Result):
    """One value for each frame."""

    key: str
    """'time', 'tag', 'chord', 'beat', 'word', 'section', 'loudness', 'clip', 'k-means' or 'hdbscan'."""
    label: str
    """Display name."""
    kind: Literal["continuous", "categorical"]
    values: FloatArray | CategoryIndices
    """float32 [frames], or int32 [frames]: indices in `names`, -1 for no category."""
    names: tuple[str, ...] = ()
    """Names of the categories, in the order of their colours."""
    unit: str = ""
    """Unit of continuous values: 's', 'dB'."""

    def name_of(self, frame: int) -> str:
        """Return the displayed value of a frame; empty where there is none."""
        value = self.values[frame]
        if self.kind == "continuous":
            return f"{value:.2f} {self.unit}".strip()
        return self.names[int(value)] if value >= 0 else ""


@dataclass(frozen=True, eq=False)
class ClipAnalyses:
    """Results of other pipelines for a clip; None where not computed."""

    tags: SoundTags | None = None
    facts: MusicFacts | None = None
    words: tuple[Word, ...] | None = None


@dataclass(frozen=True)
class ClusterOptions:
    """Options of `cluster_colouring`."""

    method: ClusterMethod = "k-means"
    count: int = 8
    """Number of clusters of k-means, 2 to 50; HDBSCAN chooses its own."""
    seed: int = 0


class _Span(Protocol):
    """Anything with a start and an end in seconds."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...


def ramp_range(values: FloatArray) -> tuple[float, float]:
    """Return the minimum and the range (low, span) that a ramp of colours covers for `values` [n]; the span is above 0.

    Values that are not finite have no colour and are left out.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, RAMP_PERCENTILES)
    return float(low), float(high - low) or 1.0


def colourings(
    clip: AudioClip,
    times: DoubleArray,
    tags: SoundTags | None = None,
    facts: MusicFacts | None = None,
    words: Sequence[Word] | None = None,
) -> tuple[Colouring, ...]:
    """Return the colourings of frames at `times` [frames], in seconds of `clip`: time, loudness, and those with a source.

    Args:
        clip: its samples give the loudness.
        times: ascending.
        tags: sound tags, None if not computed.
        facts: music analysis, None if not computed.
        words: of the transcript, None if not computed.

    Raises:
        ClipExpired: the clip's files were removed.
    """
    found = [Colouring("time", "Time", "continuous", times.astype(np.float32), unit="s"), loudness_colouring(clip, times)]
    if words:
        found.append(_word_colouring(words, times))
    if facts is not None and facts.chords:
        spans = [chord for chord in facts.chords if chord.name != NO_CHORD_NAME]
        found.append(_spans_colouring("chord", "Chord", spans, [written(chord.name) for chord in spans], times))
    if facts is not None and facts.beats is not None:
        found.append(_beat_colouring(facts.beats, times))
    if facts is not None and facts.sections:
        labels = [section.label for section in facts.sections]
        found.append(_spans_colouring("section", "Section", facts.sections, labels, times))
    if tags is not None and len(tags.scores):
        found.append(_tag_colouring(tags, times))
    return tuple(found)


def hover_texts(colourings: Iterable[Colouring]) -> tuple[str, ...]:
    """Return one line for each frame, e.g. '0:07.32 · hello · Am · Piano'."""
    by_key = {colouring.key: colouring for colouring in colourings}
    named = [by_key[key] for key in ("word", "chord", "beat", "section", "tag", "clip") if key in by_key]
    stamps = [clock_time(time, 2) for time in by_key["time"].values.tolist()]
    return tuple(
        " · ".join([stamp, *(name for colouring in named if (name := colouring.name_of(frame)))])
        for frame, stamp in enumerate(stamps)
    )


def clip_colouring(clip_index: NDArray[np.int32], names: Sequence[str]) -> Colouring:
    """Colour each frame by its clip, for a map of several: `clip_index` [frames]."""
    return Colouring("clip", "Clip", "categorical", clip_index, tuple(names))


def loudness_colouring(clip: AudioClip, times: DoubleArray) -> Colouring:
    """Colour each frame by the RMS level in dBFS around its time; a frame reaches half-way to its neighbours."""
    samples = clip.waveform()
    middles = (times[:-1] + times[1:]) / 2
    edges = np.round(np.concatenate([[0.0], middles, [clip.duration]]) * clip.sample_rate).astype(np.int64)
    edges = np.clip(np.maximum.accumulate(edges), 0, len(samples))
    energy = _cumulative_energy(samples, edges)
    power = np.diff(energy) / np.maximum(np.diff(edges), 1)
    from librosa import power_to_db

    level = power_to_db(power, amin=MIN_POWER, top_db=None)
    return Colouring("loudness", "Loudness", "continuous", level.astype(np.float32), unit="dB")


def cluster_colouring(frames: FloatArray, options: ClusterOptions = ClusterOptions()) -> Colouring:
    """Colour each of `frames` [n, width] by its cluster, the largest first. HDBSCAN leaves outliers without a category.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
    """
    _check(options)
    check_frames(frames)
    reduced = principal_components(frames, min(CLUSTER_WIDTH, *frames.shape)).scores
    landmarks = landmark_indices(len(reduced), MAX_CLUSTER_LANDMARKS)
    labels = _labels(reduced[landmarks], options)
    if len(landmarks) < len(reduced):
        labels = labels[nearest_neighbours(reduced[landmarks], reduced, 1)[0][:, 0]]
    return _by_size(labels, options.method)


def _check(options: ClusterOptions) -> None:
    if options.method not in ("k-means", "hdbscan"):
        raise InvalidOption("clusters", options.method, "k-means or hdbscan")
    if not 2 <= options.count <= MAX_CLUSTERS:
        raise InvalidOption("number of clusters", options.count, f"2 to {MAX_CLUSTERS}")


def _labels(frames: FloatArray, options: ClusterOptions) -> IntArray:
    """Cluster labels [n], `NO_CATEGORY` for outliers."""
    from sklearn.cluster import HDBSCAN, KMeans

    if options.method == "k-means":
        count = min(options.count, len(np.unique(frames, axis=0)))
        labels: IntArray = KMeans(count, n_init=1, random_state=options.seed).fit_predict(frames)
    else:
        min_frames = max(MIN_CLUSTER_FRAMES, round(MIN_CLUSTER_FRACTION * len(frames)))
        if len(frames) <= min_frames:
            return np.full(len(frames), NO_CATEGORY)
        labels = HDBSCAN(min_cluster_size=min_frames, copy=True).fit_predict(frames)
    return labels.astype(np.int64)


def _by_size(labels: IntArray, method: ClusterMethod) -> Colouring:
    counted = Counter(labels[labels != NO_CATEGORY].tolist())
    order = sorted(counted, key=lambda label: (-counted[label], label))
    values = np.full(len(labels), NO_CATEGORY, dtype=np.int32)
    for index, label in enumerate(order):
        values[labels == label] = index
    title = {"k-means": "Cluster (k-means)", "hdbscan": "Cluster (HDBSCAN)"}[method]
    return Colouring(method, title, "categorical", values, tuple(f"Cluster {index + 1}" for index in range(len(order))))


def _word_colouring(words: Sequence[Word], times: DoubleArray) -> Colouring:
    """Return a colour for each word, the same everywhere."""
    texts = [word.text.strip().strip('.,;:!?…"“”„«»()[]').casefold() for word in words]
    spoken = [(word, text) for word, text in zip(words, texts, strict=True) if text]
    return _spans_colouring("word", "Word", [word for word, _ in spoken], [text for _, text in spoken], times)


def _beat_colouring(beats: Beats, times: DoubleArray) -> Colouring:
    """Colour each frame by the beat of the bar that it lies in; no category before the first beat."""
    beat = np.searchsorted(np.asarray(beats.times), times, side="right") - 1
    values = np.where(beat >= 0, np.asarray(beats.positions, dtype=np.int32)[beat] - 1, NO_CATEGORY).astype(np.int32)
    names = tuple(f"Beat {beat + 1}" for beat in range(max(beats.positions)))
    return Colouring("beat", "Beat of the bar", "categorical", values, names)


def _tag_colouring(tags: SoundTags, times: DoubleArray) -> Colouring:
    """Colour each frame by the best tag of the patch around it; the most frequent tags have a colour."""
    tree = tree_of(tags.classes)
    leading = [best_names(scores, 1, min_score=MIN_CLIP_SCORE, tree=tree) for scores in tags.scores]
    texts = [named[0].name if named else "" for named in leading]
    names = tuple(name for name, _ in Counter(filter(None, texts)).most_common(MAX_TAGS))
    index_of = {name: index for index, name in enumerate(names)}
    patch_tags = np.array([index_of.get(text, NO_CATEGORY) for text in texts], dtype=np.int32)
    centres = tags.times.astype(np.float64) + tags.patch_seconds / 2
    return Colouring("tag", "Sound", "categorical", patch_tags[nearest_in_time(centres, times)], names)


def _spans_colouring(key: str, label: str, spans: Sequence[_Span], texts: Sequence[str], times: DoubleArray) -> Colouring:
    """Colour each frame by the text of the span that it lies in; names are in order of first appearance."""
    names = tuple(dict.fromkeys(texts))
    index_of = {name: index for index, name in enumerate(names)}
    values = np.full(len(times), NO_CATEGORY, dtype=np.int32)
    for span, text in zip(spans, texts, strict=True):
        values[np.searchsorted(times, span.start) : np.searchsorted(times, span.end)] = index_of[text]
    return Colouring(key, label, "categorical", values, names)


def _cumulative_energy(samples: FloatArray, edges: IntArray) -> DoubleArray:
    """Return [edges], the sum of the squared samples before each of the ascending `edges`, read in blocks."""
    sums = np.zeros(len(edges))
    total = 0.0
    for start in range(0, len(samples), BLOCK_SAMPLES):
        block = np.cumsum(np.square(samples[start : start + BLOCK_SAMPLES], dtype=np.float64))
        inside = (edges > start) & (edges <= start + len(block))
        sums[inside] = total + block[edges[inside] - start - 1]
        total += float(block[-1])
    return sums
