"""All hidden states for the published prompt of a tiny Qwen2-Audio, its shapes, its file, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import InvalidOption, UnknownModel
from models.specs.model_spec import EncoderFacts
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.prompt_states import (
    PUBLISHED_PROMPT,
    PromptStatesOptions,
    read_prompt_states,
    save_prompt_states,
)
from pipelines.language_models.prompting import PLAIN_PROMPT, SAMPLE_RATE
from tests.models.tiny_language_models import save_qwen2_audio
from tests.pipelines.language_models.language_bench import Bench, noise

AUDIO_POSITIONS = 750
"""Of 30 s, in the published model and in the tiny one."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    saved = save_qwen2_audio(tmp_path_factory.mktemp("model") / "qwen2-audio")
    facts = EncoderFacts("qwen2_audio", width=16, layers=2)
    bench = Bench(replace(saved, spec=replace(saved.spec, prompt_style="chat", further_tasks=("embed_audio",), encoder=facts)))
    yield bench
    bench.cache.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    return noise(tmp_path_factory.mktemp("clip"), 31.0)


def test_all_layers_and_positions_of_the_published_prompt_come_in_one_file(bench: Bench, clip: AudioClip, tmp_path: Path) -> None:
    first, *_, last = read_prompt_states(clip, PromptStatesOptions(max_new_tokens=3), bench.runtime)
    assert (first.state, last.state, last.start, last.end) == ("loading", "done", 0.0, 30.0)
    assert last.states
    save_prompt_states(tmp_path / "states.npz", last.states)
    stored = np.load(tmp_path / "states.npz")
    with bench.cache.lease(bench.spec) as (loaded,), torch.inference_mode():
        model, processor = loaded.model, loaded.processor
        inputs = processor(
            text=[PLAIN_PROMPT.format(PUBLISHED_PROMPT)],
            audio=[clip.waveform(SAMPLE_RATE)[: 30 * SAMPLE_RATE]],
            sampling_rate=SAMPLE_RATE,
            return_tensors="pt",
        )
        assert inputs["input_features"].shape == (1, 128, 3000)
        bare = torch.stack(model.model(**inputs, output_hidden_states=True).hidden_states)[:, 0].numpy()
        text = model.config.get_text_config()
    assert stored["prompt"].shape == (text.num_hidden_layers + 1, inputs["input_ids"].shape[1], text.hidden_size)
    assert np.abs(stored["prompt"] - bare).max() < 1e-5
    assert stored["is_audio"].sum() == AUDIO_POSITIONS
    assert stored["generated"].shape == (text.num_hidden_layers + 1, len(stored["tokens"]) - 1, text.hidden_size)


@pytest.mark.parametrize(
    "options", [{"start": 31.0}, {"start": float("nan")}, {"prompt": " "}, {"max_new_tokens": 0}, {"prompt": "a<|AUDIO|>"}]
)
def test_what_cannot_be_read_is_refused(bench: Bench, clip: AudioClip, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        list(read_prompt_states(clip, PromptStatesOptions(**options), bench.runtime))
    assert bench.is_free()


def test_other_models_are_refused(bench: Bench, clip: AudioClip) -> None:
    with pytest.raises(UnknownModel):
        list(read_prompt_states(clip, PromptStatesOptions(model="yamnet"), bench.runtime))


def test_a_stopped_job_has_no_states(bench: Bench, clip: AudioClip) -> None:
    *_, last = read_prompt_states(clip, PromptStatesOptions(), bench.runtime, lambda: True)
    assert (last.state, last.states) == ("stopped", None)
