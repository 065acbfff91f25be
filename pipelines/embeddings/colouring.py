"""What colours a map: for each frame what other pipelines know of its moment. What is not known is not offered."""

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
from pipelines.embeddings.map import check_frames, landmarks
from pipelines.embeddings.projections import nearest, principal_components
from pipelines.music.analysis import MusicFacts
from pipelines.music.beat_tracking import Beats
from pipelines.music.chord_recognition import NO_CHORD_NAME
from pipelines.music.loudness import SOFTEST_DB
from pipelines.music.notation import written
from pipelines.speech.transcript import Word
from pipelines.tagging.audioset import best_names, tree_of
from pipelines.tagging.sound_tagging import FAINT, SoundTags
from pipelines.wording.times import clock_time

NOTHING = -1
"""In categorical values: none of the names."""
MAX_TAGS = 12
"""Names of sounds with a colour of their own; rarer ones have none."""
MAX_CLUSTERS = 50
CLUSTER_WIDTH = 20
"""Principal components that clusters are looked for in."""
CLUSTER_LANDMARKS = 4000
"""Frames that are clustered; the others join the one that they resemble most."""
MIN_CLUSTER_FRACTION = 0.01
"""Share of the frames that HDBSCAN's smallest cluster has."""
MIN_CLUSTER_FRAMES = 5
BLOCK_SAMPLES = 2**20

Places = NDArray[np.int32]
ClusterMethod = Literal["k-means", "hdbscan"]


@dataclass(frozen=True, eq=False)
class Colouring:
    """One value for each frame."""

    key: str
    """'time', 'tag', 'chord', 'beat', 'word', 'section', 'loudness', 'clip', 'k-means' or 'hdbscan'."""
    label: str
    """For people."""
    kind: Literal["continuous", "categorical"]
    values: FloatArray | Places
    """float32 [frames], or int32 [frames]: places in `names`, -1 where there is nothing."""
    names: tuple[str, ...] = ()
    """Of the categories, in the order of their colours."""
    unit: str = ""
    """Of continuous values: 's', 'dB'."""

    def name_of(self, frame: int) -> str:
        """What a person reads for this frame; empty where there is nothing."""
        value = self.values[frame]
        if self.kind == "continuous":
            return f"{value:.2f} {self.unit}".strip()
        return self.names[int(value)] if value >= 0 else ""


@dataclass(frozen=True)
class ClusterOptions:
    """How frames are grouped."""

    method: ClusterMethod = "k-means"
    count: int = 8
    """Clusters of k-means, 2 to 50; HDBSCAN finds out by itself."""
    seed: int = 0


class _Span(Protocol):
    """Anything with a beginning and an end in seconds."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...


def colourings(
    clip: AudioClip,
    times: DoubleArray,
    tags: SoundTags | None = None,
    facts: MusicFacts | None = None,
    words: Sequence[Word] | None = None,
) -> tuple[Colouring, ...]:
    """All that is known of the moments `times` [frames], seconds of `clip`; time and level always are.

    Args:
        clip: whose level is read from its samples.
        times: ascending.
        tags: of the sounds, None if nobody asked for them yet.
        facts: of the music.
        words: of the transcript.

    Raises:
        ClipExpired: the clip's files were removed.
    """
    found = [Colouring("time", "Time", "continuous", times.astype(np.float32), unit="s"), level_colouring(clip, times)]
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
    """One line for each frame: '0:07.32 · hello · Am · Piano', of what the colourings know."""
    by_key = {colouring.key: colouring for colouring in colourings}
    named = [by_key[key] for key in ("word", "chord", "beat", "section", "tag", "clip") if key in by_key]
    stamps = [clock_time(time, 2) for time in by_key["time"].values.tolist()]
    return tuple(
        " · ".join([stamp, *(name for colouring in named if (name := colouring.name_of(frame)))])
        for frame, stamp in enumerate(stamps)
    )


def clip_colouring(clip: NDArray[np.int32], names: Sequence[str]) -> Colouring:
    """Which clip each frame [frames] is of, for a map of several."""
    return Colouring("clip", "Clip", "categorical", clip, tuple(names))


def level_colouring(clip: AudioClip, times: DoubleArray) -> Colouring:
    """The level around each moment, RMS in dB of full scale; a frame reaches half the way to its neighbours."""
    samples = clip.waveform()
    middles = (times[:-1] + times[1:]) / 2
    edges = np.round(np.concatenate([[0.0], middles, [clip.duration]]) * clip.sample_rate).astype(np.int64)
    edges = np.clip(np.maximum.accumulate(edges), 0, len(samples))
    energy = _energy_up_to(samples, edges)
    power = np.diff(energy) / np.maximum(np.diff(edges), 1)
    level = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), SOFTEST_DB)
    return Colouring("loudness", "Loudness", "continuous", level.astype(np.float32), unit="dB")


def cluster_colouring(frames: FloatArray, options: ClusterOptions = ClusterOptions()) -> Colouring:
    """The clusters of `frames` [n, width]; the largest is the first. HDBSCAN leaves frames out that belong nowhere.

    Raises:
        InvalidOption, EmptyEmbedding, BrokenEmbedding: before anything is computed.
    """
    _check(options)
    check_frames(frames)
    rows = principal_components(frames, min(CLUSTER_WIDTH, *frames.shape)).scores
    chosen = landmarks(len(rows), CLUSTER_LANDMARKS)
    labels = _labels(rows[chosen], options)
    if len(chosen) < len(rows):
        labels = labels[nearest(rows[chosen], rows, 1)[0][:, 0]]
    return _by_size(labels, options.method)


def _check(options: ClusterOptions) -> None:
    if options.method not in ("k-means", "hdbscan"):
        raise InvalidOption("clusters", options.method, "k-means or hdbscan")
    if not 2 <= options.count <= MAX_CLUSTERS:
        raise InvalidOption("number of clusters", options.count, f"2 to {MAX_CLUSTERS}")


def _labels(rows: FloatArray, options: ClusterOptions) -> IntArray:
    """[n], `NOTHING` for what belongs nowhere."""
    from sklearn.cluster import HDBSCAN, KMeans

    if options.method == "k-means":
        count = min(options.count, len(np.unique(rows, axis=0)))
        labels: IntArray = KMeans(count, n_init=1, random_state=options.seed).fit_predict(rows)
    else:
        least = max(MIN_CLUSTER_FRAMES, round(MIN_CLUSTER_FRACTION * len(rows)))
        if len(rows) <= least:
            return np.full(len(rows), NOTHING)
        labels = HDBSCAN(min_cluster_size=least, copy=True).fit_predict(rows)
    return labels.astype(np.int64)


def _by_size(labels: IntArray, method: ClusterMethod) -> Colouring:
    counted = Counter(labels[labels != NOTHING].tolist())
    order = sorted(counted, key=lambda label: (-counted[label], label))
    values = np.full(len(labels), NOTHING, dtype=np.int32)
    for place, label in enumerate(order):
        values[labels == label] = place
    title = {"k-means": "Cluster (k-means)", "hdbscan": "Cluster (HDBSCAN)"}[method]
    return Colouring(method, title, "categorical", values, tuple(f"Cluster {place + 1}" for place in range(len(order))))


def _word_colouring(words: Sequence[Word], times: DoubleArray) -> Colouring:
    """The same word has the same colour wherever it is said."""
    texts = [word.text.strip().strip('.,;:!?…"“”„«»()[]').casefold() for word in words]
    spoken = [(word, text) for word, text in zip(words, texts, strict=True) if text]
    return _spans_colouring("word", "Word", [word for word, _ in spoken], [text for _, text in spoken], times)


def _beat_colouring(beats: Beats, times: DoubleArray) -> Colouring:
    """The beat of the bar that each frame lies in; nothing before the first beat."""
    place = np.searchsorted(np.asarray(beats.times), times, side="right") - 1
    values = np.where(place >= 0, np.asarray(beats.positions, dtype=np.int32)[place] - 1, NOTHING).astype(np.int32)
    names = tuple(f"Beat {beat + 1}" for beat in range(max(beats.positions)))
    return Colouring("beat", "Beat of the bar", "categorical", values, names)


def _tag_colouring(tags: SoundTags, times: DoubleArray) -> Colouring:
    """What names the patch around each frame best; the most frequent names have a colour."""
    tree = tree_of(tags.classes)
    leading = [best_names(scores, 1, at_least=FAINT, tree=tree) for scores in tags.scores]
    texts = [named[0].name if named else "" for named in leading]
    names = tuple(name for name, _ in Counter(filter(None, texts)).most_common(MAX_TAGS))
    place_of = {name: place for place, name in enumerate(names)}
    of_patch = np.array([place_of.get(text, NOTHING) for text in texts], dtype=np.int32)
    middles = tags.times.astype(np.float64) + tags.patch_seconds / 2
    return Colouring("tag", "Sound", "categorical", of_patch[nearest_in_time(middles, times)], names)


def _spans_colouring(key: str, label: str, spans: Sequence[_Span], texts: Sequence[str], times: DoubleArray) -> Colouring:
    """The text of the span that each frame lies in, in order of their first appearance."""
    names = tuple(dict.fromkeys(texts))
    place_of = {name: place for place, name in enumerate(names)}
    values = np.full(len(times), NOTHING, dtype=np.int32)
    for span, text in zip(spans, texts, strict=True):
        values[np.searchsorted(times, span.start) : np.searchsorted(times, span.end)] = place_of[text]
    return Colouring(key, label, "categorical", values, names)


def _energy_up_to(samples: FloatArray, edges: IntArray) -> DoubleArray:
    """[edges], the sum of the squares before each of the ascending `edges`, read block by block."""
    sums = np.zeros(len(edges))
    total = 0.0
    for start in range(0, len(samples), BLOCK_SAMPLES):
        block = np.cumsum(np.square(samples[start : start + BLOCK_SAMPLES], dtype=np.float64))
        inside = (edges > start) & (edges <= start + len(block))
        sums[inside] = total + block[edges[inside] - start - 1]
        total += float(block[-1])
    return sums
