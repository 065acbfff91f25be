"""A Whisper that CTranslate2's own converter wrote is the one that it was made from."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from transformers import WhisperForConditionalGeneration

from models.cache.memory import HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.errors import ModelLoadFailed
from models.files.whisper_file import read_variables
from models.loading.loaders import ModelLoaders
from models.specs.encoders import WHISPER_BASE_STATES
from models.specs.model_spec import FetchedModel
from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.clip.clip import AudioClip
from services import Services
from tests.models.tiny_encoders import save_whisper
from tests.models.tiny_models import fetched

RATE = 16_000


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("original") / "tiny-states").directory


def converted(original: Path, target: Path, quantization: str | None = None) -> Path:
    TransformersConverter(str(original), copy_files=["tokenizer.json"]).convert(str(target), quantization=quantization)
    return target


def built(directory: Path) -> tuple[Any, Any]:
    """The model and its processor."""
    whisper = ModelLoaders(1).build(fetched(directory, "whisper_ctranslate2"), "cpu").model
    return whisper.model, whisper.processor


def test_every_weight_and_setting_is_that_of_the_original(original: Path, tmp_path: Path) -> None:
    expected = WhisperForConditionalGeneration.from_pretrained(original)
    model, processor = built(converted(original, tmp_path / "converted"))
    state = model.state_dict()
    assert state.keys() == expected.state_dict().keys()
    for name, weights in expected.state_dict().items():
        assert torch.equal(state[name], weights), name
    sizes = ("vocab_size", "encoder_attention_heads", "decoder_attention_heads", "decoder_ffn_dim", "d_model", "num_mel_bins")
    for name in (*sizes, "encoder_ffn_dim", "encoder_layers", "decoder_layers", "max_source_positions", "max_target_positions"):
        assert getattr(model.config, name) == getattr(expected.config, name)
    ids = ("alignment_heads", "suppress_tokens", "begin_suppress_tokens", "lang_to_id", "task_to_id", "no_timestamps_token_id")
    for name in (*ids, "decoder_start_token_id", "eos_token_id", "is_multilingual"):
        assert getattr(model.generation_config, name) == getattr(expected.generation_config, name), name
    assert model.proj_out.weight is model.model.decoder.embed_tokens.weight
    assert processor.tokenizer.decode(processor.tokenizer("abc", add_special_tokens=False)["input_ids"]) == "abc"


def test_it_hears_and_writes_as_the_original(original: Path, tmp_path: Path) -> None:
    expected = WhisperForConditionalGeneration.from_pretrained(original).eval()
    model, processor = built(converted(original, tmp_path / "converted"))
    sound = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    features = processor(audio=sound, sampling_rate=RATE, return_tensors="pt").input_features
    options: dict[str, Any] = {"language": "de", "task": "transcribe", "max_new_tokens": 8}
    with torch.inference_mode():
        assert torch.equal(model.eval().generate(features, **options), expected.generate(features, **options))


def test_half_precision_is_read_as_float32(original: Path, tmp_path: Path) -> None:
    expected = WhisperForConditionalGeneration.from_pretrained(original).model.encoder.conv1.weight
    model, _ = built(converted(original, tmp_path / "half", "float16"))
    assert model.dtype == torch.float32
    torch.testing.assert_close(model.model.encoder.conv1.weight, expected, rtol=1e-3, atol=1e-4)


def lease_of(directory: Path) -> ModelCache:
    files: Any = Files(fetched(directory, "whisper_ctranslate2"))
    return ModelCache(files, ModelLoaders(1), HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))


class Files:
    def __init__(self, model: FetchedModel) -> None:
        self.model = model

    def fetch(self, _: Any) -> FetchedModel:
        return self.model


def test_whole_numbers_are_refused_with_a_sentence(original: Path, tmp_path: Path) -> None:
    directory = converted(original, tmp_path / "whole", "int8")
    cache = lease_of(directory)
    with pytest.raises(ModelLoadFailed, match="int8"), cache.lease(fetched(directory, "whisper_ctranslate2").spec):
        pass


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\6\0", "ends too early"),
        (struct.pack("<I", 6) + b"\x0c\0WhisperSpec\0" + struct.pack("<II", 3, 7), "ends too early"),
        (struct.pack("<I", 5) + b"\x0c\0WhisperSpec\0" + struct.pack("<I", 3), "format 5"),
        (struct.pack("<I", 6) + b"\x10\0TransformerSpec\0" + struct.pack("<I", 3), "TransformerSpec"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_variables(path)


@pytest.mark.models
def test_the_offline_encoder_is_that_of_ctranslate2(services: Services, speech: AudioClip) -> None:
    sound = np.array(speech.waveform(RATE))
    with services.runtime.cache.lease(WHISPER_BASE_STATES) as (whisper,):
        features = whisper.processor.feature_extractor(sound, sampling_rate=RATE, return_tensors="pt").input_features
        with torch.inference_mode():
            ours = whisper.model.get_encoder()(features).last_hidden_state.numpy()
    fast = ctranslate2.models.Whisper(str(services.files.fetch(WHISPER_BASE_OFFLINE).directory), compute_type="float32")
    theirs = np.array(fast.encode(ctranslate2.StorageView.from_array(features.numpy())))
    assert np.abs(ours - theirs).max() < 2e-3
    assert np.abs(ours).max() > 10
    assert services.files.fetch(WHISPER_BASE_STATES).directory == services.files.fetch(WHISPER_BASE_OFFLINE).directory
