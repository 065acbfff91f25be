"""Reads music with librosa.

`beat_track`, every fourth beat a downbeat; key and chords by templates on the constant-Q chroma; sections by the Laplacian
segmentation (McFee and Ellis 2014), as its gallery of examples describes it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.scores import Reading
from benchmarks.accuracy.tracks import Spans
from models.arrays import AnyArray, DoubleArray, FloatArray
from pipelines.music.harmony.chord_recognition import CHANGE_COST, chord_grid, chord_name
from pipelines.music.harmony.key_evidence import KRUMHANSL
from pipelines.music.harmony.notation import MODES, tonic_name
from pipelines.music.harmony.viterbi import best_path

SAMPLE_RATE = 22_050
BEATS_PER_BAR = 4
CHROMA_HOP_SAMPLES = 2048
CHROMA_FRAMES_PER_SECOND = SAMPLE_RATE / CHROMA_HOP_SAMPLES
TEMPLATE_EVIDENCE = 20.0
"""Nats for a correlation of 1, against `chord_recognition.CHANGE_COST`."""
MIN_CORRELATION = 0.3
"""Correlation that stands for no chord."""
TEMPLATES = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10))
SECTION_KINDS = 5
"""Number of kinds of sections, the example's."""
MIN_SECTION_BEATS = 12
"""Beats below which the segmentation has too little to compare."""


def reading(excerpt: Excerpt) -> Reading:
    """Return what librosa finds in an excerpt."""
    import librosa
    from librosa.beat import beat_track

    sound, _ = librosa.load(excerpt.file, sr=SAMPLE_RATE)
    duration = len(sound) / SAMPLE_RATE
    bpm, frames = beat_track(y=sound, sr=SAMPLE_RATE)
    beats = tuple(librosa.frames_to_time(frames, sr=SAMPLE_RATE).tolist())
    rhythm = Reading(bpm=float(np.atleast_1d(bpm)[0]), beats=beats, downbeats=beats[::BEATS_PER_BAR], metre=f"{BEATS_PER_BAR}/4")
    tasks = excerpt.source.tasks
    chroma = (
        librosa.feature.chroma_cqt(y=sound, sr=SAMPLE_RATE, hop_length=CHROMA_HOP_SAMPLES).T
        if {"key", "chords"} & set(tasks)
        else None
    )
    return replace(
        rhythm,
        key=_key(chroma.mean(axis=0)) if chroma is not None and "key" in tasks else "",
        chords=_chords(chroma, beats, duration) if chroma is not None and "chords" in tasks else (),
        sections=_sections(sound, frames, duration) if "sections" in tasks else (),
    )


def _chords(chroma: FloatArray, beats: tuple[float, ...], duration: float) -> Spans:
    edges = chord_grid(beats, duration)
    places = np.clip(np.round(edges * CHROMA_FRAMES_PER_SECOND).astype(int), 0, len(chroma) - 1)
    parts = np.stack([chroma[first : max(first + 1, last)].mean(axis=0) for first, last in pairwise(places)])
    path = best_path(TEMPLATE_EVIDENCE * np.maximum(_correlations(parts), -1), CHANGE_COST)
    return tuple((float(edges[i]), float(edges[i + 1]), chord_name(int(chord))) for i, chord in enumerate(path))


def _correlations(parts: FloatArray) -> FloatArray:
    """Return the correlation [parts, 37] of each chroma with the template of each chord."""
    columns = []
    for root in range(12):
        for intervals in TEMPLATES:
            template = np.zeros(12)
            template[[(root + interval) % 12 for interval in intervals]] = 1
            columns.append(_standard(parts) @ _standard(template[np.newaxis])[0] / 12)
    return np.stack([*columns, np.full(len(parts), MIN_CORRELATION)], axis=1).astype(np.float32)


def _standard(rows: AnyArray) -> AnyArray:
    standard: AnyArray = (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(rows.std(axis=1, keepdims=True), 1e-9)
    return standard


def _key(chroma: FloatArray) -> str:
    rated = [
        (float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]), tonic, mode)
        for mode, profile in zip(MODES, KRUMHANSL, strict=True)
        for tonic in range(12)
    ]
    _, tonic, mode = max(rated)
    return f"{tonic_name(tonic, mode)} {mode}"


def _sections(sound: FloatArray, beats: AnyArray, duration: float) -> Spans:
    """Return the sections of beats with similar eigenvectors of the Laplacian of their repetitions and neighbourhood."""
    import librosa
    from scipy.ndimage import median_filter
    from scipy.sparse.csgraph import laplacian
    from sklearn.cluster import KMeans

    if len(beats) < MIN_SECTION_BEATS:
        return ((0.0, duration, "0"),)
    edges = librosa.util.fix_frames(beats, x_min=0)
    graph = _beat_graph(sound, beats)
    vectors = np.linalg.eigh(laplacian(graph, normed=True))[1]
    vectors = median_filter(vectors, size=(9, 1))
    norms = np.cumsum(vectors**2, axis=1) ** 0.5
    kinds = vectors[:, :SECTION_KINDS] / np.maximum(norms[:, SECTION_KINDS - 1 : SECTION_KINDS], 1e-9)
    labels = KMeans(n_clusters=SECTION_KINDS, n_init=10, random_state=0).fit_predict(kinds)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(labels)) + 1])
    times = [0.0, *librosa.frames_to_time(edges[starts[1:]], sr=SAMPLE_RATE).tolist(), duration]
    return tuple((start, end, str(labels[i])) for (start, end), i in zip(pairwise(times), starts, strict=True))


def _beat_graph(sound: FloatArray, beats: AnyArray) -> DoubleArray:
    """Return the weights [beats, beats] between beats: repetitions of harmony, and neighbours of similar timbre, balanced."""
    import librosa
    from librosa.segment import recurrence_matrix, timelag_filter
    from scipy.ndimage import median_filter

    constant_q = np.abs(librosa.cqt(y=sound, sr=SAMPLE_RATE, bins_per_octave=36, n_bins=7 * 36))
    harmony = librosa.util.sync(librosa.amplitude_to_db(constant_q, ref=np.max), beats, aggregate=np.median)
    repeats = recurrence_matrix(harmony, width=3, mode="affinity", sym=True)
    repeats = timelag_filter(median_filter)(repeats, size=(1, 7))
    timbre = librosa.util.sync(librosa.feature.mfcc(y=sound, sr=SAMPLE_RATE), beats)
    distances = np.sum(np.diff(timbre, axis=1) ** 2, axis=0)
    near = np.exp(-distances / max(float(np.median(distances)), 1e-9))
    path = np.diag(near, k=1) + np.diag(near, k=-1)
    repeat_degree, path_degree = repeats.sum(axis=1), path.sum(axis=1)
    share = path_degree.dot(repeat_degree + path_degree) / np.sum((repeat_degree + path_degree) ** 2)
    graph: DoubleArray = share * repeats + (1 - share) * path
    return graph
