"""Layers whose frames are tokens: those of a tiny Qwen2-Audio, and Whisper's decoder with its real weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.cache.feature_store import FeatureStore
from models.specs.encoders import WHISPER_BASE_STATES
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.errors import NoTokens
from pipelines.interpretability.audio_llm import QUESTION, hidden_states
from pipelines.language_models.generation import tokenizer_of
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, model_inputs
from services import Services
from tests.models.tiny_encoders import save_qwen2_audio_language_model, save_whisper
from tests.models.tiny_language_models import QWEN_ROLES, byte_tokenizer
from tests.pipelines.language_models.language_bench import Bench, noise

TOLERANCE = 1e-5
SECONDS = 7.3
SOUND_TOKENS = 182


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(save_qwen2_audio_language_model(tmp_path_factory.mktemp("tiny") / "qwen2-audio"))
    yield bench
    bench.cache.clear()


def embed(bench: Bench, clip: AudioClip, layer: str, features: FeatureStore | None = None) -> ClipEmbedding:
    options = EmbeddingOptions(layer=layer)
    *_, last = embed_clip(clip, options, replace(bench.runtime, features=features or FeatureStore(2**26)))
    assert last.embedding
    return last.embedding


@pytest.mark.parametrize("layer", ["embedding", "layer 1", "layer 2"])
def test_each_layer_of_the_language_model_is_the_bare_models(bench: Bench, tmp_path: Path, layer: str) -> None:
    clip = noise(tmp_path, SECONDS)
    found = embed(bench, clip, layer)
    with bench.cache.lease(bench.spec) as (model,), torch.inference_mode():
        inputs = model_inputs(model, bench.spec, Prompt(QUESTION, (np.array(clip.waveform(SAMPLE_RATE)),)))
        number = found.encoder.layers.index(layer)
        bare = model.model(**inputs, output_hidden_states=True).hidden_states[number][0].numpy()
        written = model.model.generate(**inputs, max_new_tokens=64, do_sample=False, repetition_penalty=1.0)[
            0, inputs["input_ids"].shape[1] :
        ]
        spelled = [tokenizer_of(model).decode([token]) for token in written.tolist()]
    assert found.frames.shape == (len(bare) + len(spelled) - 1, found.encoder.width)
    np.testing.assert_allclose(found.frames[: len(bare)], bare, rtol=0, atol=TOLERANCE)
    assert list(found.labels[len(bare) :]) == spelled[:-1]
    assert found.labels[: len(bare)].count("<|AUDIO|>") == SOUND_TOKENS
    sounding = {kind for kind, label in zip(found.kinds, found.labels, strict=True) if label == "<|AUDIO|>"}
    assert sounding == {"sound"}
    assert found.kinds[len(bare) :] == ("generated",) * (len(spelled) - 1)
    assert found.kinds[0] == found.kinds[len(bare) - 1] == "prompt"


def test_sound_has_its_time_and_text_that_of_the_window(bench: Bench, tmp_path: Path) -> None:
    found = embed(bench, noise(tmp_path, 43.7), "layer 2")
    sound = np.array([kind == "sound" for kind in found.kinds])
    assert (np.diff(found.times) >= 0).all()
    assert found.times[0] == 0 and found.times[-1] == pytest.approx(43.7)
    assert sound.sum() in (1092, 1091)
    np.testing.assert_allclose(np.median(np.diff(found.times[sound])), 0.04, atol=1e-6)
    borders = np.flatnonzero(np.diff(sound.astype(int)) == 1)
    assert len(borders) == 2, "two windows, each with its own prompt"
    assert found.frame_seconds == 0


def test_a_second_view_of_the_language_model_calls_no_model(bench: Bench, tmp_path: Path, monkeypatch: Any) -> None:
    clip, features = noise(tmp_path, 2.0), FeatureStore(2**26)
    first = embed(bench, clip, "", features)
    monkeypatch.setattr(bench.cache, "lease", None)
    np.testing.assert_array_equal(embed(bench, clip, "", features).frames, first.frames)


def test_where_nobody_speaks_whisper_writes_nothing(tmp_path: Path) -> None:
    bench = Bench(save_whisper(tmp_path / "tiny-states"))
    options = EmbeddingOptions("tiny-decoder")
    with pytest.raises(NoTokens, match="no speech"):
        list(embed_clip(noise(tmp_path, 3.0), options, replace(bench.runtime, features=FeatureStore(2**20))))


@pytest.mark.models
def test_whispers_words_are_where_they_are_said(services: Services, speech: AudioClip) -> None:
    options, clip = EmbeddingOptions("whisper-base-decoder", "layer 3"), services.clips.cut(speech, 0.0, 5.0)
    *_, last = embed_clip(clip, options, services.runtime)
    found = last.embedding
    assert found
    assert found.frames.shape == (len(found.labels), 512)
    assert "had then leisure to consider" in "".join(found.labels)
    assert not [label for label in found.labels if label.startswith("<|")]
    assert (np.diff(found.times) >= 0).all()
    assert found.times[found.labels.index(" leisure")] == pytest.approx(2.5, abs=1.5)
    sound = np.array(clip.waveform(SAMPLE_RATE))
    with services.runtime.cache.lease(WHISPER_BASE_STATES) as (whisper,), torch.inference_mode():
        tokenizer = whisper.processor.tokenizer
        features = whisper.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
        prompt = tokenizer.convert_tokens_to_ids(["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"])
        words = whisper.model.generate(features, language="en", task="transcribe", max_new_tokens=14)[0].tolist()
        spoken = [token for token in words if token < prompt[0]][:10]
        memory = whisper.model.get_encoder()(features).last_hidden_state
        bare = (
            whisper.model.get_decoder()(
                input_ids=torch.tensor([[*prompt, *spoken]]), encoder_hidden_states=memory, output_hidden_states=True
            )
            .hidden_states[3][0, len(prompt) - 1 :]
            .numpy()
        )
    scale = np.abs(bare).max()
    np.testing.assert_allclose(found.frames[:10] / scale, bare[:10] / scale, rtol=0, atol=TOLERANCE)


def test_the_shapes_of_qwen2_audio_at_its_true_widths() -> None:
    """Widths, layers and positions of Qwen2-Audio-7B; inside, its heads and feed-forward layers are narrow, to be quick."""
    from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor, WhisperFeatureExtractor

    from models.loading.loaders import ProcessedModel
    from tests.models.fakes import make_spec

    tokenizer = byte_tokenizer(**QWEN_ROLES)
    text = {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    ears = {"d_model": 1280, "encoder_layers": 2, "encoder_attention_heads": 20, "encoder_ffn_dim": 32}
    config = Qwen2AudioConfig(
        audio_config={"model_type": "qwen2_audio_encoder", "num_mel_bins": 128, "max_source_positions": 1500, **ears},
        text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), "intermediate_size": 8, **text},
        audio_token_index=tokenizer.audio_token_id,
    )
    torch.manual_seed(0)
    model = Qwen2AudioForConditionalGeneration(config).eval()
    model.generation_config.eos_token_id = None
    tower_shapes: list[Any] = []
    tower = model.model.audio_tower
    tower.register_forward_hook(lambda module, given, output: tower_shapes.append(output.last_hidden_state.shape))
    language_model = ProcessedModel(model, Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=128), tokenizer))
    sound = np.random.default_rng(0).normal(0, 0.1, 30 * SAMPLE_RATE).astype(np.float32)
    inputs = model_inputs(language_model, make_spec("tiny", prompt_style="plain"), Prompt("four", (sound,)))
    states = hidden_states(language_model, inputs, 2)
    assert tower_shapes == [(1, 750, 1280)]
    assert states.prompt[:, np.newaxis].shape == (33, 1, 756, 4096)
    assert states.generated[:, :1].shape == (33, 1, 4096)
    assert states.is_audio.sum() == 750
