"""Audio embeds: a segment of a clip encoded as prompt embeds of a picture model.

The recipe is audio2img's (github.com/kardSIM/audio2img): the first token embed of the text encoder, which is the same for every
prompt, followed by the token embeds of the aligner. The negative prompt embeds of a Wav2Vec2-BERT are those of weak white noise;
those of our own aligner are the empty prompt's, with which the tiny picture model was trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Protocol

import numpy as np

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.errors import InvalidOption, JobStopped
from models.model_catalog import ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.specs.image import drawing_defaults
from models.specs.model_spec import AUTO, ModelSpec
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import SILENCE_PEAK
from pipelines.clip.errors import SilentPart
from pipelines.pictures.errors import TextWidthMismatch
from pipelines.pictures.text_embeds import NO_CLIP, text_embeds
from pipelines.tagging.augmented_embeds import augmented_embeds

SAMPLE_RATE = 16_000
MIN_SEGMENT_SECONDS = 0.1
"""Shortest segment that is encoded."""
WINDOW_FRAMES = 375
"""Frames of 10 ms in one window of Wav2Vec2-BERT."""
NOISE_SECONDS = 4.0
NOISE_RMS = 0.01
"""RMS of the white noise (-40 dB of full scale) that gives the negative prompt embeds."""
WORKING_BYTES = 200 * 2**20


@dataclass(frozen=True, eq=False)
class AudioEmbeds:
    """A segment of a clip as a picture model takes it in place of a prompt."""

    prompt_embeds: FloatArray
    """[tokens, width]: the text encoder's first token embed, then those of the audio."""
    negative_prompt_embeds: FloatArray
    """[tokens, width]: for the unconditional branch of classifier-free guidance."""
    start: float
    """Start of the segment, in seconds of the clip."""
    end: float
    """End of the segment, in seconds of the clip."""
    aligner: str
    """Title of the aligner."""
    licence: str
    """Licence of the aligner."""
    content_hash: str
    """Content hash of the clip."""


def choose_aligner(catalog: ModelCatalog, picture_model: ModelSpec, choice: str = AUTO) -> ModelChoice:
    """Return the aligner that `choice` names, or for 'auto' the best one whose embeds are as wide as those of `picture_model`.

    Raises:
        TextWidthMismatch: the embeds of the named aligner have another width.
        ModelError: see `ModelCatalog.choose`.
    """
    width = drawing_defaults(picture_model).text_width
    chosen = catalog.choose("align_audio", choice, WORKING_BYTES, suits=lambda spec: aligner_facts(spec).text_width == width)
    check_alignment(chosen.spec, picture_model)
    return chosen


def check_alignment(aligner: ModelSpec, picture_model: ModelSpec) -> None:
    """Raise TextWidthMismatch unless the embeds of both models have the same width."""
    aligner_width, picture_width = aligner_facts(aligner).text_width, drawing_defaults(picture_model).text_width
    if aligner_width != picture_width:
        raise TextWidthMismatch(aligner.title, aligner_width, picture_model.title, picture_width)


def audio_embeds(
    clip: AudioClip,
    start: float,
    end: float,
    aligner: ModelSpec,
    picture_model: ModelSpec,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> AudioEmbeds:
    """Encode the segment from `start` to `end` seconds of `clip` as prompt embeds for `picture_model`.

    A segment longer than the aligner's window is encoded window by window, and the embeds are averaged.
    `should_stop` is polled before each window.

    Raises:
        JobStopped: `should_stop` returned true.
        TextWidthMismatch: the two models do not belong together.
        InvalidOption: the segment does not lie inside the clip.
        SilentPart: the segment is silent.
        ModelError: a model cannot be had; see `ModelCache.lease`. The caller must not hold a lease on either.
    """
    check_alignment(aligner, picture_model)
    end = min(end, clip.duration)
    if not 0 <= start <= end - MIN_SEGMENT_SECONDS:
        raise InvalidOption("segment", f"{start:.2f} to {end:.2f} s", f"at least {MIN_SEGMENT_SECONDS} s inside the clip")
    facts = aligner_facts(aligner)
    windows = split_windows(start, end, facts.window_seconds)
    begin, stop = windows[0][0], windows[-1][1]
    if np.abs(clip.waveform(SAMPLE_RATE)[begin:stop]).max(initial=0.0) < SILENCE_PEAK:
        raise SilentPart(start, end)
    encoder = _audio_encoder(aligner)
    (empty,) = text_embeds(picture_model, ("",), facts.tokens, runtime)
    parts = []
    for window in windows:
        if should_stop():
            raise JobStopped
        parts.append(encoder.prompt_embeds(clip, *window, runtime))
    positive = np.mean(parts, axis=0)
    negative = encoder.negative_prompt_embeds(empty, runtime)
    return AudioEmbeds(
        prompt_embeds=np.concatenate([empty[:1], positive]),
        negative_prompt_embeds=np.concatenate([empty[:1], negative]),
        start=start,
        end=end,
        aligner=aligner.title,
        licence=aligner.licence,
        content_hash=clip.content_hash,
    )


def split_windows(start: float, end: float, max_seconds: float) -> list[tuple[int, int]]:
    """Split `start` to `end` seconds into equal windows of at most `max_seconds`: (first, last + 1) samples at 16 kHz."""
    count = ceil((end - start) / max_seconds - 1e-6)
    edges = [round(SAMPLE_RATE * (start + (end - start) * i / count)) for i in range(count + 1)]
    return list(pairwise(edges))


class AudioEncoder(Protocol):
    """What each kind of aligner does."""

    def prompt_embeds(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """Return the embeds [tokens - 1, width] of the samples `begin` to `stop` at 16 kHz."""
        ...

    def negative_prompt_embeds(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """Return the embeds [tokens - 1, width] of the unconditional branch; `empty` [tokens, width] is the empty prompt's."""
        ...


@dataclass(frozen=True)
class YamnetAlignerEncoder:
    """Our own aligner, whose input is YAMNet's embeddings."""

    aligner: ModelSpec

    def prompt_embeds(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """Return embeds [15, 192], pooled over augmented versions of the samples."""

        def compute() -> FloatArray:
            import torch

            embeddings = augmented_embeds(clip, begin, stop, YAMNET, runtime)
            with runtime.cache.lease(self.aligner, working_bytes=WORKING_BYTES) as (model,), torch.inference_mode():
                tensor = torch.from_numpy(np.array(embeddings)).to(model.memory.device)
                embeds: FloatArray = model.encode_variants(tensor).float().cpu().numpy()
                return embeds

        key = FeatureKey(clip.content_hash, self.aligner.key, repr(self.aligner.source), f"embeds of {begin} to {stop}")
        return runtime.features.get_or_compute(key, compute)

    def negative_prompt_embeds(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """Return the embeds of the empty prompt."""
        return empty[1:]


@dataclass(frozen=True)
class Wav2Vec2BertAlignerEncoder:
    """Wav2Vec2-BERT with its adapter: 3.75 s become 47 token embeds."""

    aligner: ModelSpec

    def prompt_embeds(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """Return embeds [47, 1024]."""
        waveform = np.array(clip.waveform(SAMPLE_RATE)[begin:stop])
        layer = f"embeds of {begin} to {stop}"
        return cached_features(clip, self.aligner, layer, lambda model: _encode(model, waveform), runtime, WORKING_BYTES)

    def negative_prompt_embeds(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """Return embeds [47, 1024] of weak white noise, always the same."""

        def compute() -> FloatArray:
            noise = NOISE_RMS * np.random.default_rng(0).standard_normal(round(NOISE_SECONDS * SAMPLE_RATE))
            with runtime.cache.lease(self.aligner, working_bytes=WORKING_BYTES) as (model,):
                return _encode(model, noise.astype(np.float32))

        key = FeatureKey(NO_CLIP, self.aligner.key, repr(self.aligner.source), "embeds of white noise")
        return runtime.features.get_or_compute(key, compute)


def _audio_encoder(aligner: ModelSpec) -> AudioEncoder:
    return Wav2Vec2BertAlignerEncoder(aligner) if aligner.loader == "transformers" else YamnetAlignerEncoder(aligner)


def _encode(model: Any, waveform: FloatArray) -> FloatArray:
    """Encode `waveform` [samples at 16 kHz], cut or padded to `WINDOW_FRAMES`."""
    import torch

    # No attention mask: audio2img was trained without one.
    inputs = model.processor(
        waveform, sampling_rate=SAMPLE_RATE, return_tensors="pt", truncation=True, padding="max_length", max_length=WINDOW_FRAMES
    )
    with torch.inference_mode():
        hidden = model.model(inputs.input_features.to(model.model.device, model.model.dtype)).last_hidden_state
    embeds: FloatArray = hidden[0].float().cpu().numpy()
    return embeds
