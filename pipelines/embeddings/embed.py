"""Hidden states of a model for a clip: a vector for each frame of the audio, or for each token of a text.

The modules of `encoders` have the families of models. Every window of a clip is one lease, and its states are kept in the
feature store: all layers together for a clip of one window, if they are not too large; otherwise the requested layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.errors import InvalidOption
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions, EmbeddingProgress
from pipelines.embeddings.encoders.base import (
    Encoder,
    EncodingJob,
    FrameFamily,
    JoinedFrames,
    TokenFamily,
    TokenKind,
    Window,
    frame_times,
    windows,
)
from pipelines.embeddings.encoders.registry import choose_encoder, encoders
from pipelines.embeddings.errors import AudioTooLong, NoTokens
from pipelines.jobs.background import in_background
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.model_use import model_fields
from pipelines.tagging.clap import clap_text_embeds

__all__ = [
    "ClipEmbedding",
    "EmbeddingOptions",
    "EmbeddingProgress",
    "Encoder",
    "check_duration",
    "choose_encoder",
    "embed_clip",
    "embed_texts",
    "encoders",
]

MAX_ALL_LAYERS_BYTES = 64 * 2**20
"""Maximum size of all layers of a clip that are kept together."""
MAX_FRAME_BYTES = 3 * 2**29
"""Maximum size of the frames of one map in bytes (1.6 GB): 4 h 22 min of Whisper base, 1 h 44 min of Whisper large."""
MAX_TEXTS = 100
MAX_TEXT_CHARACTERS = 500


@in_cluster("embeddings", model="options.encoder")
def embed_clip(
    clip: AudioClip,
    options: EmbeddingOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[EmbeddingProgress]:
    """Embed `clip`: progress after every window, and ten times a second, so that the caller can stop at any time.

    Raises:
        UnknownModel, InvalidOption: no such encoder, or it has no such layer; raised before a model is loaded.
        AudioTooLong: the frames would take too much memory; raised before a model is loaded.
        NoTokens: frames are tokens, and there is no speech in the clip.
        ModelError: the model cannot be loaded; see `ModelCatalog.choose` and `ModelCache.lease`.
    """
    began = clock()
    encoder, choice = choose_encoder(options.encoder, runtime.catalog)
    layer = options.layer or encoder.default_layer
    if layer not in encoder.layers:
        raise InvalidOption("layer", layer, f"one of {', '.join(encoder.layers)}")
    check_duration(encoder, clip.duration)
    now = _beginning(clip, encoder, layer, choice, runtime.catalog)
    yield now

    def job(stopped: Callable[[], bool]) -> Generator[float | _Embedded, None, None]:
        return _steps(encoder, layer, EncodingJob(clip, encoder.spec, runtime, stopped))

    for step in in_background(job, should_stop):
        now = replace(now, elapsed=clock() - began)
        match step:
            case float():
                now = replace(now, position=min(step, clip.duration), state="encoding")
            case _Embedded():
                now = replace(now, position=clip.duration, state="done", embedding=_embedding(clip, now, step))
        yield now
    if now.state != "done":
        yield replace(now, state="stopped", elapsed=clock() - began)


def check_duration(encoder: Encoder, duration: float) -> None:
    """Raise AudioTooLong if the frames of `duration` seconds of audio, in all clips of a map, exceed `MAX_FRAME_BYTES`."""
    bytes_per_second = encoder.frame_rate * encoder.width * np.dtype(np.float32).itemsize
    if duration * bytes_per_second > MAX_FRAME_BYTES:
        raise AudioTooLong(duration, encoder.title, MAX_FRAME_BYTES / bytes_per_second)


@in_cluster("embeddings", model="encoder.key")
def embed_texts(
    texts: tuple[str, ...], encoder: Encoder, runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> FloatArray:
    """Embed texts in the space of the encoder's layer `TEXT_SPACE`: [texts, width], each of length 1.

    Raises:
        InvalidOption: the encoder has no text space, or the number or the length of the texts is out of range; raised before a
            model is loaded.
        ModelError: the model cannot be loaded; see `ModelCache.lease`.
    """
    if not encoder.has_text:
        raise InvalidOption("encoder", encoder.key, "one that shares a space with texts")
    texts = tuple(text.strip() for text in texts)
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidOption("number of texts", len(texts), f"1 to {MAX_TEXTS}")
    for text in texts:
        if not 1 <= len(text) <= MAX_TEXT_CHARACTERS:
            raise InvalidOption("text", text, f"1 to {MAX_TEXT_CHARACTERS} characters")
    working_bytes = encoder.family.working_bytes
    with runtime.cache.lease(encoder.spec, working_bytes=working_bytes, should_stop=should_stop) as (clap,):
        return clap_text_embeds(clap, texts)


@dataclass(frozen=True, eq=False)
class _Embedded:
    """All frames of a clip."""

    frames: FloatArray
    times: DoubleArray
    frame_seconds: float
    labels: tuple[str, ...] = ()
    kinds: tuple[TokenKind, ...] = ()


def _beginning(clip: AudioClip, encoder: Encoder, layer: str, choice: ModelChoice, catalog: ModelCatalog) -> EmbeddingProgress:
    """Return the progress before the first window."""
    fields = model_fields([choice.spec], catalog.device, choice.reason)
    return EmbeddingProgress(state="loading", duration=clip.duration, encoder=encoder, layer=layer, **fields)


def _embedding(clip: AudioClip, now: EmbeddingProgress, found: _Embedded) -> ClipEmbedding:
    for array in (found.frames, found.times):
        array.setflags(write=False)
    return ClipEmbedding(
        frames=found.frames,
        times=found.times,
        frame_seconds=found.frame_seconds,
        encoder=now.encoder,
        layer=now.layer,
        content_hash=clip.content_hash,
        duration=clip.duration,
        labels=found.labels,
        kinds=found.kinds,
        state="done",
        model=now.model,
        model_reason=now.model_reason,
        licence=now.licence,
        dtype=now.dtype,
        device=now.device,
        elapsed=now.elapsed,
    )


def _steps(encoder: Encoder, layer: str, job: EncodingJob) -> Generator[float | _Embedded, None, None]:
    """Yield after each window the time in seconds up to which the clip is embedded; at the end return all frames."""
    family = encoder.family
    if isinstance(family, FrameFamily):
        yield from _ClipFrames(family, layer, job).steps()
    else:
        yield from _token_steps(family, layer, job)


def _token_steps(family: TokenFamily, layer: str, job: EncodingJob) -> Generator[float | _Embedded, None, None]:
    parts = []
    for position, part in family.windows(job, layer):
        parts.append(part)
        yield position
    if job.stopped():
        return
    if not any(part.labels for part in parts):
        raise NoTokens(job.spec.title)
    yield _Embedded(
        frames=np.concatenate([part.frames for part in parts]),
        times=np.maximum.accumulate(np.concatenate([part.times for part in parts])),
        frame_seconds=0.0,
        labels=tuple(label for part in parts for label in part.labels),
        kinds=tuple(kind for part in parts for kind in part.kinds),
    )


class _ClipFrames:
    """One layer of an encoder over one clip. Each lease is for one window, and known ones need none."""

    def __init__(self, family: FrameFamily, layer: str, job: EncodingJob) -> None:
        self._family = family
        self._layer = layer
        self._job = job
        self._waveform = job.clip.waveform(family.sample_rate)
        self._grid = family.grid(layer)
        self._parts = windows(self._grid, len(self._waveform))
        source = family.source
        self._source = _ClipFrames(source.family, source.family.default_layer, replace(job, spec=source.spec)) if source else None

    def steps(self) -> Generator[float | _Embedded, None, None]:
        """Yield one window after another."""
        rate = self._family.sample_rate
        joined = JoinedFrames(self._grid, self._parts, self._family.width(self._layer))
        for window in self._parts:
            joined.add(window, self._frames(window))
            yield window.stop / rate
        times = frame_times(self._grid, len(joined.frames), rate)
        yield _Embedded(joined.frames, times, self._grid.hop / rate)

    def _frames(self, window: Window) -> FloatArray:
        family, layers = self._family, self._family.layers
        frames = self._source._frames(window) if self._source else None  # before the lease: one at a time

        def states(model: Any, layers: tuple[str, ...]) -> list[FloatArray]:
            return family.hidden_states(model, self._sound(window) if frames is None else frames, layers)

        if self._together(window):
            together = self._window_features("all layers", window, lambda model: np.stack(states(model, layers)))
            layer: FloatArray = together[layers.index(self._layer)]
            return layer
        return self._window_features(self._layer, window, lambda model: states(model, (self._layer,))[0])

    def _together(self, window: Window) -> bool:
        """Return whether all layers of the clip are kept as one array."""
        layers, width = self._family.layers, self._family.width(self._layer)
        alike = all(self._family.grid(layer).hop == self._grid.hop and self._family.width(layer) == width for layer in layers)
        return alike and len(self._parts) == 1 and len(layers) * window.frames * width * 4 <= MAX_ALL_LAYERS_BYTES

    def _sound(self, window: Window) -> FloatArray:
        return np.asarray(self._gain * self._waveform[window.start : window.stop])

    @cached_property
    def _gain(self) -> np.float32:
        return self._family.input_gain(self._waveform)

    def _window_features(self, what: str, window: Window, compute: Callable[[Any], FloatArray]) -> FloatArray:
        job = self._job
        name = f"{what} of samples {window.start} to {window.stop}"
        store = job.runtime, self._family.working_bytes, self._family.lend
        return cached_features(job.clip, job.spec, name, compute, *store)
