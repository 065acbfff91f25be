"""What the layers of a model hold while it hears a clip: a vector for each frame of the sound, or for each token of a text.

How each family of models hears is told in the modules `encoder_*`. Every window of a clip is one lease, and what it gave lies in
the feature store: of a clip that fits one window all layers together, if they are not too large, of a longer one the layer that
was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from models.arrays import DoubleArray, FloatArray
from models.cache.model_cache import ModelCache
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.encoders.base import (
    FrameFamily,
    JoinedFrames,
    Window,
    frame_times,
    windows,
)
from pipelines.embeddings.encoders.decoder_tokens import Hearing, Kind, TokenFamily
from pipelines.embeddings.encoders.registry import Encoder, choose_encoder, encoders
from pipelines.embeddings.errors import NothingWritten
from pipelines.jobs.background import in_background

__all__ = [
    "ClipEmbedding",
    "EmbeddingOptions",
    "EmbeddingProgress",
    "Encoder",
    "choose_encoder",
    "embed_clip",
    "embed_texts",
    "encoders",
]

TOGETHER_BYTES = 64 * 2**20
"""All layers of a clip are kept together up to this size."""
MAX_TEXTS = 100
LONGEST_TEXT = 500
"""Characters."""


@dataclass(frozen=True)
class EmbeddingOptions:
    """What the person can choose."""

    encoder: str = AUTO
    """Key of an `Encoder`."""
    layer: str = ""
    """Of its layers; empty for the default."""


@dataclass(frozen=True, eq=False)
class ClipEmbedding:
    """The frames of one layer over the whole clip."""

    frames: FloatArray
    """[frames, width], C-contiguous and read-only; at least one."""
    times: DoubleArray
    """[frames], the centre of each frame in seconds of the clip; never falls. Of tokens see `encoder_tokens`."""
    frame_seconds: float
    """From one frame to the next; 0 where frames are tokens."""
    encoder: Encoder
    layer: str
    content_hash: str
    """Of the clip."""
    duration: float
    """Of the clip, in seconds."""
    labels: tuple[str, ...] = ()
    """[frames], the token that each frame stands for, where frames are tokens; else empty."""
    kinds: tuple[Kind, ...] = ()
    """[frames], where `labels` are: a position of the sound, of the text of the prompt, or of what the model wrote."""
    model: str = ""
    """Title of the model."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    elapsed: float = 0.0
    """Seconds that it took, loading included."""


@dataclass(frozen=True, eq=False)
class EmbeddingProgress:
    """What is known so far; the last one of a run is the result."""

    state: Literal["loading", "encoding", "done", "stopped"]
    duration: float
    """Of the clip, in seconds."""
    encoder: Encoder
    layer: str
    position: float = 0.0
    """How far the job is, in seconds of the clip."""
    embedding: ClipEmbedding | None = None
    """Set when the job is done."""
    model: str = ""
    """Title of the model."""
    model_reason: str = ""
    licence: str = ""
    dtype: str = ""
    device: str = ""
    elapsed: float = 0.0
    """Seconds since the job began, loading included."""


def embed_clip(
    clip: AudioClip,
    options: EmbeddingOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[EmbeddingProgress]:
    """Encode `clip`: a snapshot for every window, and ten a second in between, so that the caller can stop at any time.

    Raises:
        UnknownModel, InvalidOption: before any model is touched: no such encoder, or it has no such layer.
        NothingWritten: frames are words, and nobody speaks in the clip.
        ModelError: the model cannot be had; see `ModelCatalog.choose` and `ModelCache.lease`.
    """
    began = clock()
    encoder, choice = choose_encoder(options.encoder, runtime.catalog)
    layer = options.layer or encoder.default_layer
    if layer not in encoder.layers:
        raise InvalidOption("layer", layer, f"one of {', '.join(encoder.layers)}")
    now = _beginning(clip, encoder, layer, choice, runtime.catalog)
    yield now

    def job(stopped: Callable[[], bool]) -> Generator[float | _Embedded, None, None]:
        return _steps(encoder, layer, Hearing(clip, encoder.spec, runtime, stopped))

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


def embed_texts(
    texts: tuple[str, ...], encoder: Encoder, cache: ModelCache, should_stop: Callable[[], bool] = never_stop
) -> FloatArray:
    """[texts, width], each of length 1, in the space of the encoder's layer `encoder_family.TEXT_SPACE`.

    Raises:
        InvalidOption: before any model is touched: the encoder has no text; too few or too many texts, an empty or very long one.
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    import torch

    if not encoder.has_text:
        raise InvalidOption("encoder", encoder.key, "one that shares a space with texts")
    texts = tuple(text.strip() for text in texts)
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise InvalidOption("number of texts", len(texts), f"1 to {MAX_TEXTS}")
    for text in texts:
        if not 1 <= len(text) <= LONGEST_TEXT:
            raise InvalidOption("text", text, f"1 to {LONGEST_TEXT} characters")
    with cache.lease(encoder.spec, working_bytes=encoder.family.working_bytes, should_stop=should_stop) as (clap,):
        inputs = clap.processor.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            output = clap.model.get_text_features(**inputs.to(clap.model.device))
    found: FloatArray = output.pooler_output.float().cpu().numpy()
    return found


@dataclass(frozen=True, eq=False)
class _Embedded:
    """All frames of a clip."""

    frames: FloatArray
    times: DoubleArray
    frame_seconds: float
    labels: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()


def _beginning(clip: AudioClip, encoder: Encoder, layer: str, choice: ModelChoice, catalog: ModelCatalog) -> EmbeddingProgress:
    """Nothing is heard yet."""
    spec, device = choice.spec, catalog.device
    return EmbeddingProgress(
        state="loading",
        duration=clip.duration,
        encoder=encoder,
        layer=layer,
        model=spec.title,
        model_reason=choice.reason,
        licence=spec.licence,
        dtype=spec.dtype(device),
        device=device.upper(),
    )


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
        model=now.model,
        model_reason=now.model_reason,
        licence=now.licence,
        dtype=now.dtype,
        device=now.device,
        elapsed=now.elapsed,
    )


def _steps(encoder: Encoder, layer: str, hearing: Hearing) -> Generator[float | _Embedded, None, None]:
    """After each window the second of the clip up to which it was heard; at the end all frames."""
    family = encoder.family
    if isinstance(family, FrameFamily):
        yield from _ClipFrames(family, layer, hearing).steps()
    else:
        yield from _token_steps(family, layer, hearing)


def _token_steps(family: TokenFamily, layer: str, hearing: Hearing) -> Generator[float | _Embedded, None, None]:
    parts = []
    for position, part in family.windows(hearing, layer):
        parts.append(part)
        yield position
    if hearing.stopped():
        return
    if not any(part.labels for part in parts):
        raise NothingWritten(hearing.spec.title)
    yield _Embedded(
        frames=np.concatenate([part.frames for part in parts]),
        times=np.maximum.accumulate(np.concatenate([part.times for part in parts])),
        frame_seconds=0.0,
        labels=tuple(label for part in parts for label in part.labels),
        kinds=tuple(kind for part in parts for kind in part.kinds),
    )


class _ClipFrames:
    """One layer of an encoder over one clip. Each lease is for one window, and known ones need none."""

    def __init__(self, family: FrameFamily, layer: str, hearing: Hearing) -> None:
        self._family = family
        self._layer = layer
        self._hearing = hearing
        self._waveform = hearing.clip.waveform(family.sample_rate)
        self._grid = family.grid(layer)
        self._parts = windows(self._grid, len(self._waveform))
        ears = family.ears
        self._ears = _ClipFrames(ears.family, ears.family.default_layer, replace(hearing, spec=ears.spec)) if ears else None

    def steps(self) -> Generator[float | _Embedded, None, None]:
        """Window after window."""
        rate = self._family.sample_rate
        joined = JoinedFrames(self._grid, self._parts, self._family.width(self._layer))
        for window in self._parts:
            joined.add(window, self._frames(window))
            yield window.stop / rate
        times = frame_times(self._grid, len(joined.frames), rate)
        yield _Embedded(joined.frames, times, self._grid.hop / rate)

    def _frames(self, window: Window) -> FloatArray:
        family, layers = self._family, self._family.layers
        heard = self._ears._frames(window) if self._ears else None  # before the lease: one at a time

        def states(model: Any, layers: tuple[str, ...]) -> list[FloatArray]:
            return family.states(model, self._sound(window) if heard is None else heard, layers)

        if self._together(window):
            together = self._remembered("all layers", window, lambda model: np.stack(states(model, layers)))
            layer: FloatArray = together[layers.index(self._layer)]
            return layer
        return self._remembered(self._layer, window, lambda model: states(model, (self._layer,))[0])

    def _together(self, window: Window) -> bool:
        """Whether all layers of the clip are kept as one array."""
        layers, width = self._family.layers, self._family.width(self._layer)
        alike = all(self._family.grid(layer).hop == self._grid.hop and self._family.width(layer) == width for layer in layers)
        return alike and len(self._parts) == 1 and len(layers) * window.frames * width * 4 <= TOGETHER_BYTES

    def _sound(self, window: Window) -> FloatArray:
        return np.asarray(self._gain * self._waveform[window.start : window.stop])

    @cached_property
    def _gain(self) -> np.float32:
        return self._family.gain(self._waveform)

    def _remembered(self, what: str, window: Window, compute: Callable[[Any], FloatArray]) -> FloatArray:
        hearing = self._hearing
        name = f"{what} of samples {window.start} to {window.stop}"
        store = hearing.runtime, self._family.working_bytes
        return cached_features(hearing.clip, hearing.spec, name, compute, *store)
