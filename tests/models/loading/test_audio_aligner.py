"""Our own aligner's network, on tiny sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.loading.audio_aligner import (
    AlignerConfig,
    AudioAligner,
    load_aligner,
    save_aligner,
)
from models.loading.loaders import ModelLoaders
from tests.models.tiny_models import fetched

TINY = AlignerConfig(slots=3, tokens=4, text_width=5, embedding_width=6, classes=7, silence=2)


@pytest.fixture
def model() -> AudioAligner:
    torch.manual_seed(0)
    model = AudioAligner(TINY)
    model.eval()
    with torch.no_grad():
        model.memory.copy_(torch.randn(model.memory.shape))
    return model


def test_a_certain_concept_gives_its_embeds_and_two_are_blended(model: AudioAligner):
    certain, undecided = model.prompt_embeds(torch.tensor([[30.0, 0.0, 0.0], [30.0, 0.0, 30.0]]))
    torch.testing.assert_close(certain, model.memory[0])
    torch.testing.assert_close(undecided, (model.memory[0] + model.memory[2]) / 2)


def test_states_have_the_shape_of_a_prompt_and_looks_give_one(model: AudioAligner):
    embeddings = torch.randn(2, 3, TINY.embedding_width)
    assert model(embeddings).shape == (2, TINY.tokens, TINY.text_width)
    assert model.encode_variants(embeddings).shape == (TINY.tokens, TINY.text_width)
    torch.testing.assert_close(model.encode_variants(embeddings[:1]), model(embeddings[:1])[0])


def test_silent_patches_hardly_count(model: AudioAligner):
    with torch.no_grad():
        model.classes.weight.zero_()
        model.classes.weight[TINY.silence, 0] = 50.0
        model.classes.bias[TINY.silence] = -25.0
    sound = torch.rand(1, 1, TINY.embedding_width)
    sound[..., 0] = 0.0
    silence = torch.ones(1, 4, TINY.embedding_width)
    alone, _ = model.pool_patches(sound)
    followed, _ = model.pool_patches(torch.cat([sound, silence], dim=1))
    torch.testing.assert_close(followed, alone, atol=0.1, rtol=0.0)


def test_a_saved_aligner_comes_back_through_the_loader(model: AudioAligner, tmp_path: Path):
    save_aligner(model, tmp_path)
    embeddings = torch.randn(1, 3, TINY.embedding_width)
    torch.testing.assert_close(load_aligner(tmp_path)(embeddings), model(embeddings), atol=2e-2, rtol=2e-2)
    row = fetched(tmp_path, "aligner")
    resident = ModelLoaders(1).build(replace(row, spec=replace(row.spec, gpu_dtype="float32")), "cpu")
    assert isinstance(resident.model, AudioAligner)
    assert not resident.model.training
    assert resident.weight_bytes() == sum(4 * tensor.numel() for tensor in model.state_dict().values())
