"""Sound as a prompt: the states that stand in for a text encoder's.

The recipe is audio2img's (github.com/kardSIM/audio2img): the text encoder's first state, which is the same for every prompt, then
the aligner's. The unconditional branch of a Wav2Vec2-BERT is weak white noise encoded in the same way; that of our own aligner is
the empty prompt, for which the tiny picture model was trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Protocol

import numpy as np

from models.arrays import FloatArray
from models.cache.feature_store import FeatureKey
from models.errors import InvalidOption
from models.model_catalog import AUTO, ModelCatalog, ModelChoice
from models.runtime import ModelRuntime
from models.specs.aligner import aligner_facts
from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from models.specs.sound import YAMNET
from pipelines.clip.cached_features import cached_features
from pipelines.clip.clip import SILENCE_PEAK, AudioClip
from pipelines.clip.errors import SilentPart
from pipelines.pictures.errors import TextWidthMismatch
from pipelines.pictures.text_embeds import NO_CLIP, text_states
from pipelines.tagging.augmentation import augmented_embeds

SAMPLE_RATE = 16_000
SHORTEST_SECONDS = 0.1
"""Of a part that is heard."""
FRAMES = 375
"""Of 10 ms, which Wav2Vec2-BERT hears at once."""
NOISE_SECONDS = 4.0
NOISE_LEVEL = 0.01
"""RMS of the white noise (−40 dB of full scale)."""
WORKING_BYTES = 200 * 2**20


@dataclass(frozen=True, eq=False)
class AudioStates:
    """What a picture model takes in place of a prompt."""

    prompt_embeds: FloatArray
    """[tokens, width]: the text encoder's first state, then those of the sound."""
    negative_prompt_embeds: FloatArray
    """[tokens, width]: of nothing."""
    start: float
    end: float
    """Of the part of the clip that was heard, in seconds."""
    aligner: str
    """Title."""
    licence: str
    content_hash: str
    """Of the clip."""


def choose_aligner(catalog: ModelCatalog, picture_model: ModelSpec, choice: str = AUTO) -> ModelChoice:
    """The aligner that `choice` names, or for 'auto' the best that speaks to the text space of `picture_model`.

    Raises:
        TextWidthMismatch: the one that was named speaks to another.
        ModelError: see `ModelCatalog.choose`.
    """
    width = drawing_defaults(picture_model).text_width
    chosen = catalog.choose("align_audio", choice, WORKING_BYTES, suits=lambda spec: aligner_facts(spec).text_width == width)
    check_alignment(chosen.spec, picture_model)
    return chosen


def check_alignment(aligner: ModelSpec, picture_model: ModelSpec) -> None:
    """Raise TextWidthMismatch unless the two have equally wide states."""
    made, taken = aligner_facts(aligner).text_width, drawing_defaults(picture_model).text_width
    if made != taken:
        raise TextWidthMismatch(aligner.title, made, picture_model.title, taken)


def audio_states(
    clip: AudioClip,
    start: float,
    end: float,
    aligner: ModelSpec,
    picture_model: ModelSpec,
    runtime: ModelRuntime,
) -> AudioStates:
    """The part from `start` to `end` seconds of `clip` as a prompt for `picture_model`.

    A part longer than the aligner's window is heard window by window, and the states are averaged.

    Raises:
        TextWidthMismatch: the two models do not belong together.
        InvalidOption: the part does not lie inside the clip.
        SilentPart: nothing is heard in it.
        ModelError: a model cannot be had; see `ModelCache.lease`. None of them may be on loan to the caller.
    """
    check_alignment(aligner, picture_model)
    end = min(end, clip.duration)
    if not 0 <= start <= end - SHORTEST_SECONDS:
        raise InvalidOption("part", f"{start:.2f} to {end:.2f} s", f"at least {SHORTEST_SECONDS} s inside the clip")
    facts = aligner_facts(aligner)
    windows = windows_of(start, end, facts.window_seconds)
    begin, stop = windows[0][0], windows[-1][1]
    if np.abs(clip.waveform(SAMPLE_RATE)[begin:stop]).max(initial=0.0) < SILENCE_PEAK:
        raise SilentPart(start, end)
    ear = _ear(aligner)
    (first,) = text_states(picture_model, ("",), facts.tokens, runtime)
    heard = np.mean([ear.states(clip, *window, runtime) for window in windows], axis=0)
    negative = ear.nothing(first, runtime)
    return AudioStates(
        prompt_embeds=np.concatenate([first[:1], heard]),
        negative_prompt_embeds=np.concatenate([first[:1], negative]),
        start=start,
        end=end,
        aligner=aligner.title,
        licence=aligner.licence,
        content_hash=clip.content_hash,
    )


def windows_of(start: float, end: float, longest: float) -> list[tuple[int, int]]:
    """(first, last + 1) samples at 16 kHz of equal windows that fill `start` to `end` seconds, none above `longest` seconds."""
    count = ceil((end - start) / longest - 1e-6)
    edges = [round(SAMPLE_RATE * (start + (end - start) * i / count)) for i in range(count + 1)]
    return list(pairwise(edges))


class Ear(Protocol):
    """A kind of aligner."""

    def states(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """States [tokens − 1, width] of the samples `begin` to `stop` at 16 kHz."""
        ...

    def nothing(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """States [tokens − 1, width] of the unconditional branch; `empty` [tokens, width] is the empty prompt."""
        ...


@dataclass(frozen=True)
class YamnetEar:
    """Our own network, which hears through YAMNet."""

    aligner: ModelSpec

    def states(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """States [15, 192] on which several looks at the sound agree."""

        def compute() -> FloatArray:
            import torch

            embeddings = augmented_embeds(clip, begin, stop, YAMNET, runtime)
            with runtime.cache.lease(self.aligner, working_bytes=WORKING_BYTES) as (model,), torch.inference_mode():
                tensor = torch.from_numpy(np.array(embeddings)).to(model.memory.device)
                states: FloatArray = model.align_looks(tensor).float().cpu().numpy()
                return states

        key = FeatureKey(clip.content_hash, self.aligner.key, repr(self.aligner.source), f"states of {begin} to {stop}")
        return runtime.features.get_or_compute(key, compute)

    def nothing(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """The empty prompt's."""
        return empty[1:]


@dataclass(frozen=True)
class Wav2Vec2BertEar:
    """Wav2Vec2-BERT with its adapter: 3.75 s become 47 states."""

    aligner: ModelSpec

    def states(self, clip: AudioClip, begin: int, stop: int, runtime: ModelRuntime) -> FloatArray:
        """States [47, 1024]."""
        sound = np.array(clip.waveform(SAMPLE_RATE)[begin:stop])
        layer = f"states of {begin} to {stop}"
        return cached_features(clip, self.aligner, layer, lambda model: _encode(model, sound), runtime, WORKING_BYTES)

    def nothing(self, empty: FloatArray, runtime: ModelRuntime) -> FloatArray:
        """States [47, 1024] of weak white noise, always the same."""

        def compute() -> FloatArray:
            noise = NOISE_LEVEL * np.random.default_rng(0).standard_normal(round(NOISE_SECONDS * SAMPLE_RATE))
            with runtime.cache.lease(self.aligner, working_bytes=WORKING_BYTES) as (model,):
                return _encode(model, noise.astype(np.float32))

        key = FeatureKey(NO_CLIP, self.aligner.key, repr(self.aligner.source), "states of white noise")
        return runtime.features.get_or_compute(key, compute)


def _ear(aligner: ModelSpec) -> Ear:
    return Wav2Vec2BertEar(aligner) if aligner.loader == "transformers" else YamnetEar(aligner)


def _encode(model: Any, sound: FloatArray) -> FloatArray:
    """States of `sound` [samples at 16 kHz], cut or padded to `FRAMES`; without an attention mask, as the seed was trained."""
    import torch

    inputs = model.processor(
        sound, sampling_rate=SAMPLE_RATE, return_tensors="pt", truncation=True, padding="max_length", max_length=FRAMES
    )
    with torch.inference_mode():
        hidden = model.model(inputs.input_features.to(model.model.device, model.model.dtype)).last_hidden_state
    states: FloatArray = hidden[0].float().cpu().numpy()
    return states
