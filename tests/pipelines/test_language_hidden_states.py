"""The layers of tiny models that listen, beside the bare call of the same model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.audio_language_model import SAMPLE_RATE, Prompt, model_inputs
from pipelines.language_hidden_states import hidden_states
from tests.models.tiny_language_models import save_qwen2_audio
from tests.pipelines.language_bench import Bench

SECONDS = 30
SOUND = np.random.default_rng(0).normal(0, 0.1, SECONDS * SAMPLE_RATE).astype(np.float32)
AUDIO_TOKENS = 750
NEW_TOKENS = 4
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(save_qwen2_audio(tmp_path_factory.mktemp("audio") / "qwen2-audio"))
    yield bench
    bench.cache.clear()


def test_the_layers_are_those_of_the_bare_model(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,), torch.inference_mode():
        inputs = model_inputs(language_model, bench.spec, Prompt("Describe the music:", (SOUND,)))
        states = hidden_states(language_model, inputs, NEW_TOKENS)
        bare = torch.stack(language_model.model(**inputs, output_hidden_states=True).hidden_states)[:, 0].numpy()
        config = language_model.model.config.text_config
    positions = inputs["input_ids"].shape[1]
    assert states.prompt.shape == (config.num_hidden_layers + 1, positions, config.hidden_size)
    assert np.abs(states.prompt - bare).max() < TOLERANCE
    assert 1 <= len(states.tokens) <= NEW_TOKENS
    assert states.written.shape == (config.num_hidden_layers + 1, len(states.tokens) - 1, config.hidden_size)
    assert states.hears.sum() == AUDIO_TOKENS
    first, last = np.flatnonzero(states.hears)[[0, -1]]
    assert last - first + 1 == AUDIO_TOKENS
    assert first > 0 and last < positions - 1


def test_one_token_has_no_token_after_it(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,):
        inputs = model_inputs(language_model, bench.spec, Prompt("Describe.", (SOUND[: 2 * SAMPLE_RATE],)))
        states = hidden_states(language_model, inputs, 1)
    assert states.written.shape[1] == 0
    assert len(states.tokens) == 1


def test_silent_prompts_hear_nothing(tmp_path: Path) -> None:
    bench = Bench(save_qwen2_audio(tmp_path / "qwen2-audio"))
    with bench.cache.lease(bench.spec) as (language_model,):
        inputs = model_inputs(language_model, bench.spec, Prompt("What is a fugue?"))
        assert not hidden_states(language_model, inputs, 2).hears.any()
    assert bench.is_free()
