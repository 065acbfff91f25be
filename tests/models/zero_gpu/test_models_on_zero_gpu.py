"""Real models, placed at start under the patches of `spaces`, decode and draw in its forked workers."""

from __future__ import annotations

from typing import Any

import jiwer
import pytest

from tests.models.zero_gpu.scenario_process import seen_in

pytest.importorskip("spaces")
pytestmark = pytest.mark.models

SAID = (
    "and mr john dashwood had then leisure to consider how much there might be prudently in his power to do for them "
    "he was not an ill disposed young man unless to be rather cold hearted and rather selfish is to be ill disposed"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each scenario of `model_scenarios` saw."""
    return seen_in("model_scenarios", tmp_path_factory.mktemp("zero-gpu"), timeout=900)


def test_the_catalogue_has_placed_models_and_those_that_are_quick_on_the_cpu(seen: dict[str, Any]) -> None:
    offered = seen["offered"]
    assert offered["whisper-base-offline"] == [True, False, "whisper_torch"]
    assert offered["whisper-tiny.en-offline"] == [False, True, "faster_whisper"]
    assert all(on_gpu or quick for on_gpu, quick, _ in offered.values())


def test_the_main_process_has_no_gpu_to_run_them_on(seen: dict[str, Any]) -> None:
    assert "calls on ZeroGPU" in seen["main process"]


def test_the_models_tab_lists_what_is_placed(seen: dict[str, Any]) -> None:
    assert ["Whisper base (offline)", "ZeroGPU", True] in seen["placed"]
    assert all(place == "ZeroGPU" and has_size for _, place, has_size in seen["placed"])


def test_transformers_whisper_transcribes_in_a_worker(seen: dict[str, Any]) -> None:
    result = seen["transcription"]
    assert (result["model"], result["device"], result["state"]) == ("Whisper base (offline)", "CUDA", "done")
    text = jiwer.Compose([jiwer.ToLowerCase(), jiwer.SubstituteRegexes({"-": " "}), jiwer.RemovePunctuation()])(result["text"])
    assert jiwer.wer(SAID, text) <= 0.03
    assert result["words"] > 38 and result["language"] == "en"
    assert len(result["durations"]) == 1 and result["releases"] == [False]


def test_pictures_are_drawn_in_a_worker_one_call_each(seen: dict[str, Any]) -> None:
    result = seen["pictures"]
    assert (result["state"], result["device"], result["calls"]) == ("done", "CUDA", 2)
    assert result["seeds"] == [7, 8] and result["concepts"] > 0 and result["grew"]
    assert all(size == [384, 384] for size in result["sizes"]) and min(result["colours"]) > 100
    assert result["steps"] == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_stop_reaches_a_picture_in_a_worker(seen: dict[str, Any]) -> None:
    result = seen["stopped picture"]
    assert result["state"] == "stopped" and result["seconds"] < 1.0
    assert result["releases"] == [False]


def test_an_endpoint_asks_for_a_gpu_in_the_name_of_its_caller_and_says_when_to_come_back(seen: dict[str, Any]) -> None:
    result = seen["endpoint"]
    assert "young man" in result["text"] and result["device"] == "CUDA" and result["own"]
    assert "1 s are left" in result["refusal"] and "try again in 1 h 24 min" in result["refusal"]
