"""Audio embeds: audio2img's recipe on tiny checkpoints of the real classes, and the offline aligner on real sounds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from models.cache.feature_store import FeatureStore
from models.cache.memory import HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.errors import InvalidOption
from models.loading.loaders import ModelLoaders
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.aligner import TINY_ALIGNER, W2V_BERT_ALIGNER
from models.specs.image import STABLE_DIFFUSION_2_1, TINY_DIFFUSION
from models.specs.model_spec import FetchedModel, ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import SilentPart
from pipelines.pictures.audio_embeds import (
    SAMPLE_RATE,
    WINDOW_FRAMES,
    AudioEmbeds,
    audio_embeds,
    choose_aligner,
    split_windows,
)
from pipelines.pictures.errors import TextWidthMismatch
from services import Services
from tests.models.tiny_aligners import WIDTH, save_picture_model, save_wav2vec2_bert
from tests.recordings import EXAMPLES

SECONDS = 9.0


class Shelf:
    """Models that are on this disk."""

    def __init__(self, *models: FetchedModel) -> None:
        self.models = {model.spec.key: model for model in models}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        return self.models[spec.key]


class Bench:
    """A tiny aligner, a tiny picture model, and what borrows them."""

    def __init__(self, folder: Path) -> None:
        self.aligner = save_wav2vec2_bert(folder / "aligner")
        self.picture = save_picture_model(folder / "picture")
        shelf: Any = Shelf(self.aligner, self.picture)
        cache = ModelCache(shelf, ModelLoaders(1), HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))
        specs = (self.aligner.spec, self.picture.spec)
        self.runtime = ModelRuntime(ModelCatalog(shelf, "cpu", lambda: 2**34, specs), cache, FeatureStore(2**24))

    def embeds(self, clip: AudioClip, start: float, end: float) -> AudioEmbeds:
        return audio_embeds(clip, start, end, self.aligner.spec, self.picture.spec, self.runtime)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("models"))
    yield bench
    bench.runtime.cache.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    """9 s of noise, of which the last 4 s are silent."""
    folder = tmp_path_factory.mktemp("clip")
    sound = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * SAMPLE_RATE))
    sound[round(5 * SAMPLE_RATE) :] = 0
    soundfile.write(folder / "noise.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    return ClipStore(folder / "clips").open(folder / "noise.wav")


def encoded(bench: Bench, sound: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """audio2img's own calls."""
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

    extractor = SeamlessM4TFeatureExtractor.from_pretrained(bench.aligner.directory, stride=2)
    features = extractor(
        sound, sampling_rate=16_000, return_tensors="pt", truncation=True, padding="max_length", max_length=WINDOW_FRAMES
    )
    with torch.inference_mode():
        hidden = Wav2Vec2BertModel.from_pretrained(bench.aligner.directory).eval()(features.input_features).last_hidden_state
    embeds: np.ndarray[Any, np.dtype[np.float32]] = hidden[0].numpy()
    return embeds


def test_the_recipe_is_that_of_audio2img(bench: Bench, clip: AudioClip):
    from diffusers import StableDiffusionPipeline

    embeds = bench.embeds(clip, 0.0, 3.75)
    assert embeds.prompt_embeds.shape == embeds.negative_prompt_embeds.shape == (48, WIDTH)
    np.testing.assert_allclose(embeds.prompt_embeds[1:], encoded(bench, np.array(clip.waveform(16_000)[:60_000])), atol=1e-5)
    noise = 0.01 * np.random.default_rng(0).standard_normal(64_000)
    np.testing.assert_allclose(embeds.negative_prompt_embeds[1:], encoded(bench, noise.astype(np.float32)), atol=1e-5)
    pipeline = StableDiffusionPipeline.from_pretrained(bench.picture.directory, safety_checker=None)
    tokens = pipeline.tokenizer("", padding="max_length", max_length=48, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        first = pipeline.text_encoder(**tokens).last_hidden_state[0, 0].numpy()
    np.testing.assert_allclose(embeds.prompt_embeds[0], first, atol=1e-5)
    np.testing.assert_allclose(embeds.negative_prompt_embeds[0], first, atol=1e-5)
    assert (embeds.start, embeds.end, embeds.aligner) == (0.0, 3.75, bench.aligner.spec.title)


def test_a_long_segment_is_encoded_window_by_window(bench: Bench, clip: AudioClip):
    whole = bench.embeds(clip, 0.0, 5.0).prompt_embeds
    halves = [bench.embeds(clip, start, start + 2.5).prompt_embeds for start in (0.0, 2.5)]
    np.testing.assert_allclose(whole, np.mean(halves, axis=0), atol=1e-5)


def test_a_repeated_clip_costs_no_model(bench: Bench, clip: AudioClip):
    first = bench.embeds(clip, 0.0, 2.0)
    bench.runtime.cache.clear()
    second = bench.embeds(clip, 0.0, 2.0)
    assert bench.runtime.cache.status().residents == ()
    np.testing.assert_array_equal(first.prompt_embeds, second.prompt_embeds)
    np.testing.assert_array_equal(first.negative_prompt_embeds, second.negative_prompt_embeds)


@pytest.mark.parametrize(("start", "end"), [(-1.0, 2.0), (3.0, 2.0), (9.0, 10.0), (float("nan"), 2.0)])
def test_a_segment_outside_the_clip_is_refused(bench: Bench, clip: AudioClip, start: float, end: float):
    with pytest.raises(InvalidOption):
        bench.embeds(clip, start, end)


def test_silence_is_no_prompt(bench: Bench, clip: AudioClip):
    with pytest.raises(SilentPart, match=r"5\.5 s"):
        bench.embeds(clip, 5.5, 8.0)


def test_models_of_different_text_widths_are_refused_before_any_is_loaded(bench: Bench, clip: AudioClip):
    nothing: Any = None
    with pytest.raises(TextWidthMismatch, match="192 numbers wide"):
        audio_embeds(clip, 0.0, 1.0, TINY_ALIGNER, STABLE_DIFFUSION_2_1, nothing)
    with pytest.raises(TextWidthMismatch):
        audio_embeds(clip, 0.0, 1.0, W2V_BERT_ALIGNER, TINY_DIFFUSION, nothing)


def test_windows_fill_the_segment_and_none_is_too_long():
    assert split_windows(0.0, 3.75, 3.75) == [(0, 60_000)]
    windows = split_windows(1.0, 9.0, 3.75)
    assert windows[0][0] == 16_000 and windows[-1][1] == 144_000
    assert all(stop - begin <= 60_000 for begin, stop in windows)
    assert all(one[1] == other[0] for one, other in pairwise(windows))


@pytest.mark.models
def test_the_offline_aligner_is_chosen_for_the_tiny_model_and_gives_its_prompt(services: Services):
    choice = choose_aligner(services.runtime.catalog, TINY_DIFFUSION)
    assert choice.spec.key == "tiny-aligner"
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    embeds = audio_embeds(clip, 0.0, 4.0, choice.spec, TINY_DIFFUSION, services.runtime)
    assert embeds.prompt_embeds.shape == (16, 192)
    with services.runtime.cache.lease(TINY_DIFFUSION) as (pipeline,), torch.inference_mode():
        positive, negative = pipeline.encode_prompt("bird", "cpu", 1, True, "")
    np.testing.assert_allclose(embeds.negative_prompt_embeds, negative[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(embeds.prompt_embeds[0], positive[0, 0].numpy(), atol=1e-4)


@pytest.mark.models
def test_an_aligner_of_another_text_space_cannot_be_named(services: Services):
    with pytest.raises(TextWidthMismatch):
        choose_aligner(services.runtime.catalog, STABLE_DIFFUSION_2_1, "tiny-aligner")
