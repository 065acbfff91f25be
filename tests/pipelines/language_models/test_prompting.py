"""Prompts with sound, for tiny models of every class in the catalogue with their own processors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import InvalidOption
from models.loading.qwen3_omni_processor import audio_token_count
from models.specs.captioners import CAPTION_MODELS
from models.specs.model_spec import FetchedModel
from models.stopping import never_stop
from pipelines.language_models.generation import SamplingOptions, tokenizer_of
from pipelines.language_models.prompting import (
    AUDIO_LIMITS,
    SAMPLE_RATE,
    Prompt,
    Turn,
    model_inputs,
)
from pipelines.language_models.streaming import stream_text
from tests.models.tiny_language_models import save_audio_flamingo, save_qwen2_audio, save_qwen3_omni, save_qwen_omni
from tests.pipelines.language_models.language_bench import Bench

SOUND = np.random.default_rng(0).normal(0, 0.1, 9 * SAMPLE_RATE).astype(np.float32)
AUDIO_TOKENS = {"Qwen3OmniMoeThinkerForConditionalGeneration": 9 * 13}
USUAL_AUDIO_TOKENS = 225  # 40 ms each
MAKERS: dict[str, Callable[[Path], FetchedModel]] = {
    "Qwen2AudioForConditionalGeneration": save_qwen2_audio,
    "Qwen2_5OmniThinkerForConditionalGeneration": save_qwen_omni,
    "Qwen3OmniMoeThinkerForConditionalGeneration": save_qwen3_omni,
    "AudioFlamingo3ForConditionalGeneration": save_audio_flamingo,
    "MusicFlamingoForConditionalGeneration": partial(save_audio_flamingo, name="MusicFlamingo"),
}


@pytest.fixture(scope="module", params=MAKERS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(MAKERS[request.param](tmp_path_factory.mktemp("audio") / request.param))
    yield bench
    bench.cache.clear()


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    tuned = save_qwen2_audio(tmp_path_factory.mktemp("audio") / "qwen2-audio")
    base = replace(tuned, spec=replace(tuned.spec, key="base", prompt_style="plain", further_tasks=()))
    bench = Bench(tuned, base)
    yield bench
    bench.cache.clear()


def written(bench: Bench, prompt: Prompt, which: int = 0) -> str:
    """The prompt as the model reads it, with one token in the place of each sound's many."""
    spec = bench.specs[which]
    with bench.cache.lease(spec) as (language_model,):
        tokens = model_inputs(language_model, spec, prompt)["input_ids"][0]
        text = str(language_model.processor.decode(tokens))
    count = AUDIO_TOKENS.get(spec.architecture, USUAL_AUDIO_TOKENS)
    for token in ("<|AUDIO|>", "<sound>"):
        assert text.count(token) in (0, count * len(prompt.sounds))
        text = text.replace(token * count, token)
    return text


@contextmanager
def patched_head(head: Any, wanted: Iterator[int]) -> Iterator[None]:
    """Make the output embeddings prefer the next of the `wanted` tokens at each call."""

    def prefer(module: Any, given: Any, logits: torch.Tensor) -> torch.Tensor:
        logits[..., next(wanted)] = 1e4
        return logits

    hook = head.register_forward_hook(prefer)
    try:
        yield
    finally:
        hook.remove()


def test_every_class_of_the_catalogue_is_tried_here() -> None:
    audio_models = [spec for spec in CAPTION_MODELS if spec.task == "describe_music"]
    assert {spec.architecture for spec in audio_models} == set(MAKERS)
    assert set(AUDIO_LIMITS) == {*MAKERS, "AudioLanguageModel"}


def test_each_class_hears_the_sound_and_streams_what_the_bare_model_writes(bench: Bench) -> None:
    prepare = partial(model_inputs, spec=bench.spec, prompt=Prompt("What is it?", (SOUND,)))
    options = SamplingOptions(max_new_tokens=16, repetition_penalty=1.3)
    text = [*stream_text(bench.runtime, bench.spec, prepare, options, never_stop)][-1]
    assert text == bench.bare_text(prepare, max_new_tokens=16, repetition_penalty=1.3)
    quiet = partial(model_inputs, spec=bench.spec, prompt=Prompt("What is it?", (0.001 * SOUND[::-1].copy(),)))
    with bench.cache.lease(bench.spec) as (language_model,), torch.inference_mode():
        one, other = (language_model.model(**make(language_model)).logits[0, -1] for make in (prepare, quiet))
    assert not torch.allclose(one, other)


def test_the_sound_stands_in_the_first_turn_and_the_question_last(bench: Bench) -> None:
    text = written(bench, Prompt("And the key?", (SOUND,), (Turn("How fast?", "Slow."), Turn("Who sings?", "Nobody."))))
    parts = ["How fast?<|im_end|>", "assistant\nSlow.<|im_end|>", "Who sings?<|im_end|>", "Nobody.<|im_end|>", "And the key?"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert max(text.find("<|AUDIO|>"), text.find("<sound>")) < places[0]
    assert text.endswith("user\nAnd the key?<|im_end|>\n<|im_start|>assistant\n")


def test_a_prompt_may_be_sound_alone(bench: Bench) -> None:
    text = written(bench, Prompt("", (SOUND,)))
    assert max(text.find("<|AUDIO|>"), text.find("<sound>")) > text.find("user\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_a_prompt_may_be_text_alone(bench: Bench) -> None:
    text = written(bench, Prompt("Sum up."))
    assert text.endswith("<|im_start|>user\nSum up.<|im_end|>\n<|im_start|>assistant\n")


def test_control_tokens_in_a_text_are_refused(bench: Bench) -> None:
    for prompt in (Prompt("a <|im_end|> b", (SOUND,)), Prompt("a", (SOUND,), (Turn("<sound>", "b"),)), Prompt("<|AUDIO|>")):
        with pytest.raises(InvalidOption, match="control tokens"):
            written(bench, prompt)


def test_the_base_model_gets_the_plain_prompt(qwen: Bench) -> None:
    text = written(qwen, Prompt("Describe the music:", (SOUND,)), which=1)
    assert text == "<|audio_bos|><|AUDIO|><|audio_eos|>Describe the music:"


def test_the_tuned_model_gets_the_chat_template_of_its_processor(qwen: Bench) -> None:
    assert written(qwen, Prompt("Describe.", (SOUND, SOUND))) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
        "Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\nAudio 2: <|audio_bos|><|AUDIO|><|audio_eos|>\n"
        "Describe.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_window_of_qwen2_audio_is_3000_frames_and_750_tokens(qwen: Bench) -> None:
    sound = np.tile(SOUND, 4)[: round(AUDIO_LIMITS[qwen.spec.architecture].window_seconds * SAMPLE_RATE)]
    shapes: list[Any] = []
    with qwen.cache.lease(qwen.spec) as (language_model,), torch.inference_mode():
        inputs = model_inputs(language_model, qwen.spec, Prompt("Describe.", (sound,)))
        tower = next(module for name, module in language_model.model.named_modules() if name.endswith("audio_tower"))
        hook = tower.register_forward_hook(lambda module, args, output: shapes.append(tuple(output.last_hidden_state.shape)))
        language_model.model(**inputs)
        hook.remove()
        width = language_model.model.config.audio_config.d_model
        tokens = int((inputs["input_ids"] == language_model.model.config.audio_token_index).sum())
    assert tuple(inputs["input_features"].shape) == (1, 128, 3000)
    assert int(inputs["feature_attention_mask"].sum()) == 3000
    assert shapes == [(1, 750, width)]
    assert tokens == 750


def test_the_sound_comes_in_the_dtype_of_the_model(tmp_path: Path) -> None:
    bench = Bench(save_qwen2_audio(tmp_path / "half", cpu_dtype="bfloat16"))
    prepare = partial(model_inputs, spec=bench.spec, prompt=Prompt("What is it?", (SOUND,)))
    with bench.cache.lease(bench.spec) as (language_model,):
        assert prepare(language_model)["input_features"].dtype == language_model.model.dtype == torch.bfloat16
    assert len([*stream_text(bench.runtime, bench.spec, prepare, SamplingOptions(max_new_tokens=2), never_stop)]) == 2


def test_an_answer_ends_with_the_turn(bench: Bench) -> None:
    prepare = partial(model_inputs, spec=bench.spec, prompt=Prompt("What is it?", (SOUND,)))
    with bench.cache.lease(bench.spec) as (language_model,):
        tokenizer, head = tokenizer_of(language_model), language_model.model.get_output_embeddings()
    wanted = iter([*tokenizer.convert_tokens_to_ids(["a", "b", "c", "d", "<|im_end|>"]), *[0] * 35])
    with patched_head(head, wanted):
        texts = [*stream_text(bench.runtime, bench.spec, prepare, SamplingOptions(max_new_tokens=40), never_stop)]
    assert texts == ["a", "ab", "abc", "abcd", "abcd"]


@pytest.mark.parametrize("save", [save_qwen_omni, save_qwen3_omni])
def test_the_weights_of_the_thinker_are_found_in_the_whole_model(tmp_path: Path, save: Callable[[Path], FetchedModel]) -> None:
    from safetensors.torch import load_file

    bench = Bench(save(tmp_path / "omni"))
    saved = load_file(tmp_path / "omni" / "model.safetensors")
    with bench.cache.lease(bench.spec) as (language_model,):
        loaded = dict(language_model.model.named_parameters())
    (head,) = (tensor for name, tensor in saved.items() if name.startswith("thinker.") and "lm_head" in name)
    assert torch.equal(loaded["lm_head.weight"], head)
    stored = sum(float(tensor.double().abs().sum()) for tensor in saved.values())
    assert stored == pytest.approx(sum(float(p.detach().double().abs().sum()) for p in loaded.values()))


def test_qwen3_omni_gets_the_tokens_of_its_own_processor() -> None:
    from transformers.models.qwen3_omni_moe.processing_qwen3_omni_moe import _get_feat_extract_output_lengths

    frames = torch.arange(1, 3001)
    assert [audio_token_count(count) for count in frames.tolist()] == _get_feat_extract_output_lengths(frames).tolist()


def test_neither_torchvision_nor_torchaudio_nor_bitsandbytes_is_needed(bench: Bench) -> None:
    written(bench, Prompt("What is it?", (SOUND,)))
    assert not {name.split(".")[0] for name in sys.modules} & {"torchvision", "torchaudio", "bitsandbytes"}
