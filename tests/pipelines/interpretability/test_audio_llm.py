"""Hidden states and traces of tiny audio language models, against the bare call of the same model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from models.stopping import never_stop
from pipelines.interpretability.audio_llm import (
    MAX_TOKENS,
    QUESTION,
    hidden_states,
    trace_answer,
)
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, model_inputs
from tests.models.tiny_language_models import save_qwen2_audio
from tests.pipelines.language_models.language_bench import Bench

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
    assert states.generated.shape == (config.num_hidden_layers + 1, len(states.tokens) - 1, config.hidden_size)
    assert states.is_audio.sum() == AUDIO_TOKENS
    first, last = np.flatnonzero(states.is_audio)[[0, -1]]
    assert last - first + 1 == AUDIO_TOKENS
    assert first > 0 and last < positions - 1


def test_a_single_token_has_no_generated_state(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,):
        inputs = model_inputs(language_model, bench.spec, Prompt("Describe.", (SOUND[: 2 * SAMPLE_RATE],)))
        states = hidden_states(language_model, inputs, 1)
    assert states.generated.shape[1] == 0
    assert len(states.tokens) == 1


def test_prompts_without_audio_have_no_audio_positions(tmp_path: Path) -> None:
    bench = Bench(save_qwen2_audio(tmp_path / "qwen2-audio"))
    with bench.cache.lease(bench.spec) as (language_model,):
        inputs = model_inputs(language_model, bench.spec, Prompt("What is a fugue?"))
        assert not hidden_states(language_model, inputs, 2).is_audio.any()
    assert bench.is_free()


def test_single_layers_equal_those_of_a_full_run(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,):
        inputs = model_inputs(language_model, bench.spec, Prompt("Describe.", (SOUND[: 2 * SAMPLE_RATE],)))
        complete = hidden_states(language_model, inputs, NEW_TOKENS)
        for layers in ((0,), (1,), (0, 2)):
            some = hidden_states(language_model, inputs, NEW_TOKENS, layers)
            assert np.array_equal(some.prompt, complete.prompt[list(layers)])
            assert np.array_equal(some.generated, complete.generated[list(layers)])
            assert some.tokens == complete.tokens


def test_traced_tokens_are_those_of_the_bare_model(bench: Bench) -> None:
    sound = SOUND[: 3 * SAMPLE_RATE]
    with bench.cache.lease(bench.spec) as (language_model,), torch.inference_mode():
        *_, records = trace_answer(language_model, bench.spec, sound, never_stop)
        model = language_model.model
        inputs = model_inputs(language_model, bench.spec, Prompt(QUESTION, (sound,)))
        is_audio = (inputs["input_ids"][0] == model.config.audio_token_id).numpy()
        model.set_attn_implementation("eager")
        bare = model.generate(
            **inputs,
            max_new_tokens=MAX_TOKENS,
            do_sample=False,
            repetition_penalty=1.0,
            output_hidden_states=True,
            output_attentions=True,
            return_dict_in_generate=True,
        )
        model.set_attn_implementation("sdpa")
    new = bare.sequences[0, len(is_audio) :].tolist()
    assert records["id"].tolist() == [token for token in new if token not in model.generation_config.eos_token_id]
    assert records["attention"].shape[1] == is_audio.sum()
    for record, states, attentions in zip(records, bare.hidden_states, bare.attentions, strict=False):
        hidden = torch.stack([layer[0, -1] for layer in states]).numpy()
        assert np.abs(record["hidden"] - hidden).max() < TOLERANCE * np.abs(hidden).max()
        weights = torch.stack([layer[0, :, -1] for layer in attentions]).mean(dim=(0, 1)).numpy()[: len(is_audio)][is_audio]
        assert np.abs(record["attention"] * record["audio_attention"] - weights).max() < TOLERANCE


def test_stop_restores_the_attention_implementation(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,):
        assert len(list(trace_answer(language_model, bench.spec, SOUND[:SAMPLE_RATE], lambda: True))) == 1
        text = language_model.model.config.get_text_config()
        assert text._attn_implementation == "sdpa"
