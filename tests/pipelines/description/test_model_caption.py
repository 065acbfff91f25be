"""Descriptions by tiny models of the real classes: pieces, summary, Stop, store, and the way over facts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from models.errors import InvalidOption, ModelUnavailable, OutOfMemory, UnknownModel
from pipelines.clip.chunking import Span
from pipelines.clip.clip import AudioClip
from pipelines.description.fact_prompt import INSTRUCTION, prompt_from_facts
from pipelines.description.model_caption import (
    CHAT_PROMPT,
    PLAIN_PROMPT,
    CaptionOptions,
    MusicDescription,
    Sentence,
    describe_from_facts,
    describe_music,
    sentences_of,
)
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, model_inputs
from tests.models.tiny_language_models import save_qwen2_audio, save_writer
from tests.pipelines.description.test_fact_prompts import FACTS, TAGS
from tests.pipelines.language_models.language_bench import Bench, noise, out_of_memory_first

OPTIONS = CaptionOptions(max_new_tokens=12)
SECTIONS = ((0.0, 20.0), (20.0, 45.0), (45.0, 70.0))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("models")
    tuned, writer = save_qwen2_audio(folder / "instruct"), save_writer(folder / "writer")
    base = replace(tuned, spec=replace(tuned.spec, key="base", title="Base", prompt_style="plain", further_tasks=()))
    captioner = replace(tuned, spec=replace(tuned.spec, key="captioner", prompt_style="sound", further_tasks=()))
    bench = Bench(tuned, base, writer, captioner)
    yield bench
    bench.cache.clear()


@pytest.fixture
def short(tmp_path: Any) -> AudioClip:
    return noise(tmp_path, 9.0)


@pytest.fixture
def long(tmp_path: Any) -> AudioClip:
    return noise(tmp_path, 70.0)


class Ear:
    """Writes down what each `generate` was given."""

    def __init__(self, bench: Bench) -> None:
        with bench.cache.lease(bench.spec) as (language_model,):
            self._processor = language_model.processor
        self.prompts: list[str] = []
        self.seconds: list[float] = []

    def __call__(self, generate: Any, **inputs: Any) -> Any:
        self.prompts.append(str(self._processor.decode(inputs["input_ids"][0])).replace("<|AUDIO|>", ""))
        if "feature_attention_mask" in inputs:
            self.seconds.append(int(inputs["feature_attention_mask"].sum()) / 100)
        return generate(**inputs)


def run(
    bench: Bench, clip: AudioClip, options: CaptionOptions = OPTIONS, sections: tuple[Span, ...] = (), **others: Any
) -> list[MusicDescription]:
    return list(describe_music(clip, options, sections, bench.runtime, **others))


def bare(bench: Bench, clip: AudioClip, span: Span, text: str) -> str:
    """What the model itself writes about one piece."""
    sound = clip.waveform(SAMPLE_RATE)[round(span[0] * SAMPLE_RATE) : round(span[1] * SAMPLE_RATE)]
    prepare = partial(model_inputs, spec=bench.spec, prompt=Prompt(text, (sound,)))
    return bench.bare_text(prepare, max_new_tokens=12, repetition_penalty=OPTIONS.repetition_penalty)


def test_a_short_clip_is_described_in_one_piece_as_the_bare_model_does(bench: Bench, short: AudioClip) -> None:
    *earlier, result = run(bench, short)
    text = bare(bench, short, (0.0, 9.0), CHAT_PROMPT)
    assert result.sentences == tuple(Sentence(sentence, 0.0, 9.0) for sentence in sentences_of(text))
    assert result.pieces == ((0.0, 9.0),)
    assert (result.state, result.summary, result.position) == ("done", "", 9.0)
    assert (result.model, result.licence, result.dtype, result.device) == (bench.spec.title, "MIT", "float32", "CPU")
    assert earlier[0].state == "loading"
    grown = [snapshot.text for snapshot in earlier if snapshot.state == "describing"]
    assert len(set(grown)) >= 4
    assert grown == sorted(grown, key=len)


def test_a_long_clip_is_described_piece_by_piece_on_its_sections_then_summed_up(bench: Bench, long: AudioClip) -> None:
    ear = Ear(bench)
    with bench.generate_replaced(ear):
        *earlier, result = run(bench, long, sections=SECTIONS)
    assert result.pieces == SECTIONS
    assert ear.seconds == [20.0, 25.0, 25.0]
    texts = [bare(bench, long, span, CHAT_PROMPT) for span in SECTIONS]
    expected = [Sentence(s, *span) for span, text in zip(SECTIONS, texts, strict=True) for s in sentences_of(text)]
    assert result.sentences == tuple(expected)
    assert len({sentence.start for sentence in result.sentences}) == 3
    assert len(ear.prompts) == 4
    for text, times in zip(texts, ("0:00 to 0:20", "0:20 to 0:45", "0:45 to 1:10"), strict=True):
        assert f"{times}: {text}" in ear.prompts[3]
    assert "audio_bos" not in ear.prompts[3]
    assert result.summary
    assert result.text == result.summary
    states = [snapshot.state for snapshot in earlier]
    assert states.index("describing") < states.index("summarising")
    positions = [snapshot.position for snapshot in [*earlier, result]]
    assert positions == sorted(positions)
    assert {0.0, 20.0, 45.0, 70.0} <= set(positions)


def test_without_sections_a_long_clip_is_cut_evenly_and_never_into_a_short_rest(bench: Bench, long: AudioClip) -> None:
    result = run(bench, long)[-1]
    assert [round(end - start, 3) for start, end in result.pieces] == [23.333] * 3


def test_many_descriptions_are_summed_up_in_groups(bench: Bench, long: AudioClip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.description.model_caption.MAX_SUMMARY_TOKENS", 24)
    ear = Ear(bench)
    with bench.generate_replaced(ear):
        result = run(bench, long, sections=SECTIONS)[-1]
    summaries = ear.prompts[3:]
    assert ["0:00 to 0:20" in summaries[0], "0:20 to 0:45" in summaries[0], "0:45 to 1:10" in summaries[0]] == [True, True, False]
    assert "0:45 to 1:10" in summaries[1]
    assert "0:00 to 0:45" in summaries[-1]
    assert len(summaries) == 3
    assert result.summary


def test_the_base_model_continues_the_plain_prompt_and_sums_nothing_up(bench: Bench, long: AudioClip) -> None:
    ear = Ear(bench)
    with bench.generate_replaced(ear):
        result = run(bench, long, replace(OPTIONS, model="base"), SECTIONS)[-1]
    assert ear.prompts == ["<|audio_bos|><|audio_eos|>Describe the music:"] * 3
    assert PLAIN_PROMPT == "Describe the music:"
    assert (result.state, result.summary) == ("done", "")
    assert result.text == " ".join(sentence.text for sentence in result.sentences)


def test_a_model_without_words_hears_sound_alone_and_sums_nothing_up(bench: Bench, long: AudioClip) -> None:
    ear, options = Ear(bench), replace(OPTIONS, model="captioner")
    with bench.generate_replaced(ear):
        result = run(bench, long, options, SECTIONS)[-1]
    assert len(ear.prompts) == 3
    assert all(prompt.endswith("<|audio_eos|>\n<|im_end|>\n<|im_start|>assistant\n") for prompt in ear.prompts)
    assert (result.state, result.summary) == ("done", "")
    with pytest.raises(InvalidOption, match="takes no words"):
        run(bench, long, replace(options, prompt="Why?"))


def test_the_persons_own_prompt_is_asked(bench: Bench, short: AudioClip) -> None:
    ear = Ear(bench)
    with bench.generate_replaced(ear):
        run(bench, short, replace(OPTIONS, prompt=" How sad is it? "))
    assert "How sad is it?<|im_end|>" in ear.prompts[0]


def test_the_same_request_costs_nothing_and_another_one_does(bench: Bench, short: AudioClip) -> None:
    first = run(bench, short)[-1]
    with bench.generate_replaced(pytest.fail):
        (again,) = run(bench, short)
    assert again == replace(first, from_store=True)
    others = (replace(OPTIONS, do_sample=True), replace(OPTIONS, model="base"), replace(OPTIONS, prompt="Why?"))
    assert not any(run(bench, short, other)[-1].from_store for other in others)


def test_stop_keeps_what_was_written_stores_nothing_and_gives_the_model_back(bench: Bench, long: AudioClip) -> None:
    stop, seen = threading.Event(), []
    for snapshot in describe_music(long, replace(OPTIONS, max_new_tokens=2000), (), bench.runtime, should_stop=stop.is_set):
        seen.append(snapshot)
        if snapshot.state == "describing":
            stop.set()
    assert seen[-1].state == "stopped"
    assert len(seen[-1].text) < 2000
    with bench.cache.lease(bench.spec, timeout_seconds=30.0):
        pass
    assert not run(bench, long, sections=SECTIONS)[-1].from_store


def test_closing_the_generator_gives_the_model_back(bench: Bench, short: AudioClip) -> None:
    steps: Any = describe_music(short, replace(OPTIONS, max_new_tokens=2000), (), bench.runtime)
    next(step for step in steps if step.state == "describing")
    steps.close()
    with bench.cache.lease(bench.spec, timeout_seconds=30.0):
        pass


def test_out_of_memory_begins_the_piece_once_more(bench: Bench, long: AudioClip) -> None:
    with bench.generate_replaced(out_of_memory_first(1)):
        retried = run(bench, long, sections=SECTIONS)[-1]
    assert [sentence.text for sentence in retried.sentences][:1] == list(
        sentences_of(bare(bench, long, SECTIONS[0], CHAT_PROMPT))[:1]
    )
    with bench.generate_replaced(out_of_memory_first(2)), pytest.raises(OutOfMemory):
        run(bench, long, replace(OPTIONS, seed=1), SECTIONS)


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"max_new_tokens": 0}, {"prompt": "x" * 4001}, {"prompt": "  "}])
def test_what_cannot_be_asked_is_refused_before_a_model_is_touched(
    bench: Bench, short: AudioClip, wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.cache, "lease", pytest.fail)
    with pytest.raises(InvalidOption):
        run(bench, short, replace(OPTIONS, **wrong))


def test_a_text_model_gets_no_audio(bench: Bench, short: AudioClip) -> None:
    with pytest.raises((UnknownModel, ModelUnavailable)):
        run(bench, short, replace(OPTIONS, model=bench.specs[2].key))


def test_facts_are_put_into_words_by_a_text_model(bench: Bench, short: AudioClip) -> None:
    options = replace(OPTIONS, max_new_tokens=16)
    *earlier, result = describe_from_facts(short, FACTS, TAGS, options, bench.runtime)
    spec = bench.specs[2]
    prepare = partial(model_inputs, spec=spec, prompt=Prompt(prompt_from_facts(INSTRUCTION, FACTS, TAGS)))
    text = bench.bare_text(prepare, spec, max_new_tokens=16, repetition_penalty=options.repetition_penalty)
    assert result.sentences == tuple(Sentence(sentence, 0.0, 9.0) for sentence in sentences_of(text))
    assert (result.state, result.model, result.summary) == ("done", spec.title, "")
    assert len(earlier) > 4
    (again,) = describe_from_facts(short, FACTS, TAGS, options, bench.runtime)
    assert again.from_store
    other = replace(FACTS, duration=10.0)
    assert not [*describe_from_facts(short, other, TAGS, options, bench.runtime)][-1].from_store


def test_putting_facts_into_words_stops(bench: Bench, short: AudioClip) -> None:
    stop = threading.Event()
    options = replace(OPTIONS, max_new_tokens=2000)
    for snapshot in describe_from_facts(short, FACTS, TAGS, options, bench.runtime, stop.is_set):
        if snapshot.state == "describing":
            stop.set()
    assert snapshot.state == "stopped"
    with bench.cache.lease(bench.specs[2], timeout_seconds=30.0):
        pass
