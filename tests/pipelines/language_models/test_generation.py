"""Streaming, Stop, sampling and memory with tiny models of the real classes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch

from models.errors import InvalidOption, OutOfMemory
from models.stopping import never_stop
from models.zero_gpu.refusals import NoGpuFree
from pipelines.description.model_caption import sentences_of
from pipelines.language_models.generation import (
    INCOMPLETE,
    GumbelNoise,
    SamplingOptions,
    check_sampling,
)
from pipelines.language_models.prompting import Prompt, model_inputs
from pipelines.language_models.streaming import stream_text
from tests.models.tiny_language_models import CONTEXT_TOKENS, save_writer
from tests.models.zero_gpu.pickling_host import PicklingHost
from tests.pipelines.language_models.language_bench import Bench, out_of_memory_first

OPTIONS = SamplingOptions(max_new_tokens=24)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("writers")
    bench = Bench(save_writer(folder / "qwen"), save_writer(folder / "llama", "LlamaForCausalLM"))
    yield bench
    bench.cache.clear()


def prepare(bench: Bench, text: str = "Write a song.") -> Any:
    return partial(model_inputs, spec=bench.spec, prompt=Prompt(text))


def texts(bench: Bench, options: SamplingOptions = OPTIONS, text: str = "Write a song.") -> list[str]:
    return list(stream_text(bench.runtime, bench.spec, prepare(bench, text), options, never_stop))


@pytest.mark.parametrize("repetition_penalty", [1.0, 1.3])
def test_the_streamed_text_is_that_of_the_bare_model(bench: Bench, repetition_penalty: float) -> None:
    options = replace(OPTIONS, repetition_penalty=repetition_penalty)
    streamed = texts(bench, options)
    assert streamed[-1] == bench.bare_text(prepare(bench), max_new_tokens=24, repetition_penalty=repetition_penalty)
    assert len(streamed) > 5
    assert len(set(streamed)) > 2


def test_a_text_on_zero_gpu_is_the_same_text_from_one_call(bench: Bench) -> None:
    spec = replace(bench.spec, on_zero_gpu=True)
    with bench.cache.lease(bench.spec) as (language_model,):
        host = PicklingHost(language_model, 30.0)
        streamed = list(stream_text(replace(bench.runtime, gpu=host), spec, prepare(bench), OPTIONS, never_stop))
    assert streamed == texts(bench) and len(host.asked) == 1


def test_a_refused_text_is_a_sentence(bench: Bench) -> None:
    host = PicklingHost(None, 30.0)
    host.refuse = lambda number: NoGpuFree()
    spec = replace(bench.spec, on_zero_gpu=True)
    with pytest.raises(NoGpuFree, match="try again"):
        list(stream_text(replace(bench.runtime, gpu=host), spec, prepare(bench), OPTIONS, never_stop))


def test_neither_half_characters_nor_control_tokens_are_shown(bench: Bench) -> None:
    with bench.cache.lease(bench.spec) as (language_model,):
        tokens = language_model.processor("aä<tool_call><|im_start|>b", add_special_tokens=False)["input_ids"]

    def write(real: Any, streamer: Any, input_ids: Any, **rest: Any) -> None:
        streamer.put(input_ids)
        for token in tokens:
            streamer.put(torch.tensor([token]))
        streamer.end()

    with bench.generate_replaced(write):
        assert texts(bench) == ["a", "a", "aä", "aä", "aä", "aäb"]


def test_text_only_grows(bench: Bench) -> None:
    streamed = texts(bench)
    assert not any(text.endswith(INCOMPLETE) for text in streamed)
    assert all(later.startswith(earlier) for earlier, later in pairwise(streamed))


class Endless:
    """A `generate` that does not end by itself before 2000 tokens, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, real: Any, generation_config: Any, input_ids: Any, streamer: Any, **inputs: Any) -> None:
        put = streamer.put

        def count(tokens: Any) -> None:
            self.made += tokens.dim() == 1  # the prompt has two dimensions
            put(tokens)

        streamer.put = count
        generation_config.min_new_tokens = generation_config.max_new_tokens = 2000
        real(input_ids=input_ids, generation_config=generation_config, streamer=streamer, **inputs)


def test_stop_ends_with_the_token_that_is_being_made_and_gives_the_model_back(bench: Bench) -> None:
    stop, endless = threading.Event(), Endless()
    with bench.generate_replaced(endless):
        steps = stream_text(bench.runtime, bench.spec, prepare(bench), OPTIONS, stop.is_set)
        for _ in range(5):
            next(steps)
        stop.set()
        list(steps)
    assert 5 <= endless.made < 500
    assert bench.is_free()
    assert list(stream_text(bench.runtime, bench.spec, prepare(bench), OPTIONS, stop.is_set)) == []


def test_stop_is_looked_at_for_each_token(bench: Bench) -> None:
    looks = []

    def stop_at_seventh_look() -> bool:
        if threading.current_thread().name == "job":
            looks.append(1)
        return len(looks) >= 7

    assert len(list(stream_text(bench.runtime, bench.spec, prepare(bench), OPTIONS, stop_at_seventh_look))) == 6


def test_leaving_the_iteration_gives_the_model_back_when_its_thread_has_ended(bench: Bench) -> None:
    endless = Endless()
    with bench.generate_replaced(endless):
        steps = stream_text(bench.runtime, bench.spec, prepare(bench), OPTIONS, never_stop)
        next(steps)
        steps.close()
        assert bench.is_free()
    assert 1 <= endless.made < 500
    assert "job" not in {thread.name for thread in threading.enumerate()}


def test_a_seed_repeats_its_text_and_leaves_the_global_generator_alone(bench: Bench) -> None:
    sampling = replace(OPTIONS, do_sample=True, temperature=1.5, top_p=1.0, top_k=0)
    before = torch.random.get_rng_state()
    first, again = texts(bench, replace(sampling, seed=3)), texts(bench, replace(sampling, seed=3))
    assert first == again
    assert len({texts(bench, replace(sampling, seed=seed))[-1] for seed in range(4)}) == 4
    assert torch.equal(torch.random.get_rng_state(), before)


def test_sampling_among_one_token_is_greedy(bench: Bench) -> None:
    for one in (replace(OPTIONS, do_sample=True, top_k=1), replace(OPTIONS, do_sample=True, top_p=1e-6)):
        assert texts(bench, one) == texts(bench)


def test_noise_on_logits_draws_from_their_softmax() -> None:
    noise = GumbelNoise(0)
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05, 0.0])
    drawn = noise(None, probabilities.log().expand(20_000, 5)).argmax(dim=-1)
    shares = torch.bincount(drawn, minlength=5) / len(drawn)
    assert torch.allclose(shares, probabilities, atol=0.015)
    assert shares[4] == 0


def test_out_of_memory_evicts_the_other_models_and_begins_once_more(bench: Bench) -> None:
    expected = texts(bench)
    with bench.cache.lease(bench.specs[1]):
        pass
    with bench.generate_replaced(out_of_memory_first(1)):
        assert texts(bench) == expected
    assert [resident.title for resident in bench.cache.status().residents] == [bench.spec.title]
    assert bench.is_free()


def test_out_of_memory_twice_is_reported(bench: Bench) -> None:
    with bench.generate_replaced(out_of_memory_first(2)):
        with pytest.raises(OutOfMemory, match="Not enough memory"):
            texts(bench)
        assert bench.is_free()
    assert texts(bench)


def test_another_error_of_the_model_comes_through(bench: Bench) -> None:
    def fail(real: Any, **inputs: Any) -> Any:
        raise RuntimeError("a kernel failed")

    with bench.generate_replaced(fail), pytest.raises(RuntimeError, match="a kernel failed"):
        texts(bench)
    assert bench.is_free()


def test_a_prompt_beyond_the_context_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidOption, match=str(CONTEXT_TOKENS)):
        texts(bench, text="x" * CONTEXT_TOKENS)
    assert bench.is_free()


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            {"temperature": 0.0},
            {"temperature": 2.1},
            {"temperature": float("nan")},
            {"top_p": 0.0},
            {"top_p": 1.1},
            {"top_k": -1},
        ),
        *({"repetition_penalty": 0.9}, {"max_new_tokens": 0}, {"max_new_tokens": 3000}, {"seed": -1}, {"seed": 2**32}),
    ],
)
def test_impossible_sampling_is_refused(wrong: dict[str, Any]) -> None:
    check_sampling(SamplingOptions())
    with pytest.raises(InvalidOption):
        check_sampling(SamplingOptions(**wrong))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A slow waltz. It is in D minor! Why?", ("A slow waltz.", "It is in D minor!", "Why?")),
        ("At approx. 120 BPM, e.g. for dancing. The end", ("At approx. 120 BPM, e.g. for dancing.", "The end")),
        ("One line\n\n- another\n", ("One line", "- another")),
        ("这是音乐。很慢。", ("这是音乐。", "很慢。")),
        ("", ()),
    ],
)
def test_sentences_end_at_full_stops_before_capitals_and_at_lines(text: str, sentences: tuple[str, ...]) -> None:
    assert sentences_of(text) == sentences


def test_noise_needs_no_double_precision_on_the_device() -> None:
    noisy = GumbelNoise(0)(None, torch.zeros(1, 8, dtype=torch.bfloat16, device="meta"))
    assert (noisy.device.type, noisy.dtype) == ("meta", torch.float32)
