"""Time of a map: PCA of many frames, UMAP against umap-learn alone, and ten minutes of audio from the clip to the map."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.report import Figure, alternating_medians, at_most
from models.arrays import FloatArray
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.map import (
    METHODS,
    MapMethod,
    MapOptions,
    map_embeddings,
    stored_map,
)
from pipelines.embeddings.projections import principal_components, warm_up_umap
from services import build_services
from settings import Settings
from tests.recordings import EXAMPLES

FRAMES, WIDTH = 20_000, 1280
UMAP_FRAMES, UMAP_WIDTH = 3000, 512
"""At most `MAX_LANDMARKS`, so that both lay out the same frames."""
SECONDS = 600
ENCODER = "whisper-base-encoder"
MEASURED_METHODS: tuple[MapMethod, ...] = ("pca", "umap")
ROUNDS = 3
MAX_PCA_SECONDS = 1.0
MAX_UMAP_RATIO = 1.0
MAX_TOTAL_RATIO = 1.2
MAX_STORED_RATIO = 0.05


def figures() -> list[Figure]:
    """Return the measured ratios; UMAP is compiled and models are loaded before."""
    return [*_pca(), *_umap(), *_ten_minutes()]


def _pca() -> list[Figure]:
    frames = synthetic_frames(FRAMES, WIDTH)
    (elapsed,) = alternating_medians([lambda: principal_components(frames, 3)], ROUNDS)
    return [at_most(f"PCA of {FRAMES:,} × {WIDTH} frames", elapsed, MAX_PCA_SECONDS, " s")]


def _umap() -> list[Figure]:
    from umap import UMAP

    frames = synthetic_frames(UMAP_FRAMES, UMAP_WIDTH)
    began = time.perf_counter()
    warm_up_umap()
    compiled = time.perf_counter() - began
    UMAP(random_state=0).fit_transform(frames[:500])  # its own search for neighbours has to be compiled, too
    contenders: list[Callable[[], object]] = [
        partial(map_embeddings, frames, MapOptions("umap")),
        lambda: UMAP(random_state=0).fit_transform(frames),
    ]
    ours, theirs = alternating_medians(contenders, ROUNDS)
    what = f"UMAP of {UMAP_FRAMES:,} × {UMAP_WIDTH} frames ({ours:.1f} s; made ready before in {compiled:.1f} s)"
    return [at_most(f"{what}, against umap-learn", ours / theirs, MAX_UMAP_RATIO, "x")]


def _ten_minutes() -> list[Figure]:
    """Measure the parts on another clip than the whole, because stored results would be reused."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))

        def embedded(path: Path) -> ClipEmbedding:
            clip = services.clips.open(path)
            *_, last = embed_clip(clip, EmbeddingOptions(ENCODER), services.runtime)
            if last.embedding is None:
                raise RuntimeError("the clip was not encoded")
            return last.embedding

        def mapped(path: Path, method: MapMethod) -> None:
            stored_map([embedded(path)], MapOptions(method), services.runtime.features)

        embedded(EXAMPLES / "music.ogg")
        one, other, last = (long_clip(Path(folder), SECONDS + more) for more in range(3))
        began = seconds_of(lambda: embedded(one))
        frames = embedded(one).frames
        timed = []
        for method in MEASURED_METHODS:
            projecting = seconds_of(partial(map_embeddings, frames, MapOptions(method)))
            services.runtime.features.clear()
            whole, again = (seconds_of(partial(mapped, other, method)) for _ in range(2))
            timed.append((method, projecting, whole, again))
        encoding = (began + seconds_of(lambda: embedded(last))) / 2  # before and after, so that a busy moment hits all alike
        rows = []
        for method, projecting, whole, again in timed:
            title = f"map of ten minutes of sound by {METHODS[method]} ({len(frames):,} frames, {whole:.1f} s)"
            parts = f"encoding ({encoding:.1f} s) plus projecting ({projecting:.1f} s)"
            rows.append(at_most(f"{title}, against {parts}", whole / (encoding + projecting), MAX_TOTAL_RATIO, "x"))
            rows.append(at_most(f"the same map, stored ({again:.2f} s), against the first", again / whole, MAX_STORED_RATIO, "x"))
    return rows


def synthetic_frames(frames: int, width: int) -> FloatArray:
    """Return frames [n, width] that move between sixty clusters, with noise."""
    rng = np.random.default_rng(0)
    places = 3 * rng.standard_normal((60, 40))
    path = places[np.repeat(rng.integers(0, 60, frames // 25 + 1), 25)[:frames]]
    spread = rng.standard_normal((40, width)) / 6
    noise = 0.3 * rng.standard_normal((frames, width))
    return ((path + rng.standard_normal((frames, 40))) @ spread + noise + 1).astype(np.float32)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the duration of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def long_clip(folder: Path, seconds: int) -> Path:
    """Write the music example, repeated to `seconds`."""
    samples, rate = soundfile.read(EXAMPLES / "music.ogg", always_2d=True)
    path = folder / f"{seconds} seconds.wav"
    soundfile.write(path, np.tile(samples, (-(-seconds * rate // len(samples)), 1))[: seconds * rate], rate, "PCM_16")
    return path
