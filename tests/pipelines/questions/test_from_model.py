"""Questions to a tiny Qwen2-Audio, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from models.errors import InvalidOption, OutOfMemory, UnknownModel
from pipelines.clip.clip import AudioClip
from pipelines.language_models.prompting import (
    SAMPLE_RATE,
    Prompt,
    Turn,
    model_inputs,
)
from pipelines.questions.from_model import AnswerSoFar, QuestionOptions, ask
from tests.models.tiny_language_models import save_qwen2_audio
from tests.pipelines.language_models.language_bench import Bench, noise, out_of_memory_first

OPTIONS = QuestionOptions(max_new_tokens=12)
HISTORY = (Turn("What is played?", "A piano."), Turn("Alone?", "With drums."))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    tuned = save_qwen2_audio(tmp_path_factory.mktemp("models") / "instruct")
    base = replace(tuned, spec=replace(tuned.spec, key="base", prompt_style="plain", further_tasks=()))
    bench = Bench(tuned, base)
    yield bench
    bench.cache.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    return noise(tmp_path_factory.mktemp("clip"), 200.0)


def run(
    bench: Bench, clip: AudioClip, question: str = "Who sings?", history: tuple[Turn, ...] = (), **options: Any
) -> list[AnswerSoFar]:
    changed = replace(OPTIONS, **({"end": 9.0} | options))
    return list(ask(clip, history, question, changed, bench.runtime))


def test_the_answer_streams_and_is_that_of_the_bare_model(bench: Bench, clip: AudioClip) -> None:
    *earlier, answer = run(bench, clip, " Who sings? ", HISTORY)
    sound = clip.waveform(SAMPLE_RATE)[: 9 * SAMPLE_RATE]
    text = "The audio is the part from 0:00.0 to 0:09.0 of a longer recording. Who sings?"
    prepare = partial(model_inputs, spec=bench.spec, prompt=Prompt(text, (sound,), HISTORY))
    assert answer.text == bench.bare_text(prepare, max_new_tokens=12, repetition_penalty=OPTIONS.repetition_penalty)
    assert (answer.state, answer.question, answer.start, answer.end) == ("done", "Who sings?", 0.0, 9.0)
    assert (answer.model, answer.licence, answer.dtype, answer.device) == (bench.spec.title, "MIT", "float32", "CPU")
    assert answer.turn == Turn("Who sings?", answer.text)
    assert earlier[0].state == "loading"
    assert len({snapshot.text for snapshot in earlier}) >= 4


def test_earlier_turns_are_in_the_prompt_and_the_sound_is_encoded_once(bench: Bench, clip: AudioClip) -> None:
    prompts, sounds = [], []

    def replacement(generate: Any, **inputs: Any) -> Any:
        prompts.append(inputs["input_ids"][0].tolist())
        sounds.append(inputs["input_features"].shape[0])
        return generate(**inputs)

    with bench.generate_replaced(replacement):
        run(bench, clip, history=HISTORY)
    with bench.cache.lease(bench.spec) as (language_model,):
        text = language_model.processor.decode(prompts[0]).replace("<|AUDIO|>", "")
    assert sounds == [1]
    assert text == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nAudio 1: <|audio_bos|><|audio_eos|>\nWhat is played?<|im_end|>\n"
        "<|im_start|>assistant\nA piano.<|im_end|>\n<|im_start|>user\nAlone?<|im_end|>\n"
        "<|im_start|>assistant\nWith drums.<|im_end|>\n<|im_start|>user\n"
        "The audio is the part from 0:00.0 to 0:09.0 of a longer recording. Who sings?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("Who sings at 1:10?", (65.0, 75.0)),
        ("What starts at the beginning?", (0.0, 5.0)),
        ("Who sings between 0:05 and 0:12?", (5.0, 12.0)),
        ("What plays in the last ten seconds?", (190.0, 200.0)),
    ],
)
def test_a_question_about_a_time_gets_that_part_of_the_sound(
    bench: Bench, clip: AudioClip, question: str, part: tuple[float, float]
) -> None:
    seconds: list[float] = []

    def replacement(generate: Any, **inputs: Any) -> Any:
        seconds.extend((inputs["feature_attention_mask"].sum(dim=1) / 100).tolist())
        return generate(**inputs)

    with bench.generate_replaced(replacement):
        answer = run(bench, clip, question, end=None)[-1]
    assert (answer.start, answer.end, answer.is_part) == (*part, True)
    assert seconds == [part[1] - part[0]]
    assert run(bench, clip, question, start=1.0, end=2.0)[-1].start == 1.0, "a part that is chosen goes before"


def test_a_time_after_the_end_is_refused(bench: Bench, clip: AudioClip) -> None:
    with pytest.raises(InvalidOption, match="up to 3:20"):
        run(bench, clip, "Who sings at 4:00?", end=None)


def test_a_longer_part_is_encoded_in_several_sounds(bench: Bench, clip: AudioClip) -> None:
    seconds: list[float] = []

    def replacement(generate: Any, **inputs: Any) -> Any:
        seconds.extend((inputs["feature_attention_mask"].sum(dim=1) / 100).tolist())
        return generate(**inputs)

    with bench.generate_replaced(replacement):
        run(bench, clip, start=10.0, end=60.0)
    assert seconds == [25.0, 25.0]


@pytest.mark.parametrize("part", [(0.0, None), (0.0, 181.0), (-1.0, 5.0), (5.0, 5.05), (300.0, None), (float("nan"), 5.0)])
def test_a_part_that_cannot_be_heard_is_refused(
    bench: Bench, clip: AudioClip, part: tuple[float, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.cache, "lease", pytest.fail)
    with pytest.raises(InvalidOption, match="part"):
        run(bench, clip, start=part[0], end=part[1])


@pytest.mark.parametrize("question", ["", "  ", "x" * 4001])
def test_a_question_has_to_be_one(bench: Bench, clip: AudioClip, question: str) -> None:
    with pytest.raises(InvalidOption, match="question"):
        run(bench, clip, question)


def test_too_long_a_conversation_is_refused(bench: Bench, clip: AudioClip) -> None:
    with pytest.raises(InvalidOption, match="history"):
        run(bench, clip, history=HISTORY * 26)
    with pytest.raises(InvalidOption, match="tokens with this model"):
        run(bench, clip, history=(Turn("x" * 4000, "y" * 4000),))


def test_the_base_model_answers_no_questions(bench: Bench, clip: AudioClip) -> None:
    assert run(bench, clip, model="auto")[-1].model == bench.spec.title
    with pytest.raises(UnknownModel):
        run(bench, clip, model="base")


def test_stop_keeps_what_was_said_and_gives_the_model_back(bench: Bench, clip: AudioClip) -> None:
    stop = threading.Event()
    options = replace(OPTIONS, end=9.0, max_new_tokens=2000)
    for snapshot in ask(clip, (), "Who sings?", options, bench.runtime, stop.is_set):
        if snapshot.state == "answering":
            stop.set()
    assert snapshot.state == "stopped"
    with bench.cache.lease(bench.spec, timeout_seconds=30.0):
        pass


def test_a_seed_repeats_its_answer(bench: Bench, clip: AudioClip) -> None:
    sampling: dict[str, Any] = {"do_sample": True, "temperature": 1.5, "top_p": 1.0, "top_k": 0}
    one, again, other = (run(bench, clip, seed=seed, **sampling)[-1].text for seed in (1, 1, 2))
    assert one == again != other


def test_out_of_memory_is_tried_once_more_and_then_reported(bench: Bench, clip: AudioClip) -> None:
    with bench.generate_replaced(out_of_memory_first(1)):
        assert run(bench, clip)[-1].state == "done"
    with bench.generate_replaced(out_of_memory_first(2)), pytest.raises(OutOfMemory):
        run(bench, clip)
    assert bench.is_free()
