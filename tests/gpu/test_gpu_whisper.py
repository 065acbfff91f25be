"""Whisper on a real GPU, by CTranslate2 and by torch, in half precision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jiwer
import numpy as np
import pytest
import torch

from models.cache.memory import CudaMemoryProbe
from models.loading.whisper_engine import choose_whisper_engine, try_ctranslate2
from models.specs.model_spec import Loader
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.specs.whisper_memory import working_bytes
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.jobs.batch_budget import BatchBudget
from pipelines.speech.decoding import decode_speech
from pipelines.speech.transcript import DecodingOptions, Segment
from services import Services

RATE = 16_000
TEXT = (
    "and mr john dashwood had then leisure to consider how much there might be prudently in his power to do for them "
    "he was not an ill disposed young man unless to be rather cold hearted and rather selfish is to be ill disposed"
)
WINDOWS = 16


def test_ctranslate2_runs_on_this_gpu() -> None:
    assert try_ctranslate2() is None


def test_the_speech_models_run_on_the_gpu() -> None:
    engine = choose_whisper_engine("cuda")
    assert not engine.on_cpu, engine.note


@pytest.fixture(params=["faster_whisper", "whisper_torch"])
def whisper(services: Services, request: pytest.FixtureRequest) -> Iterator[Any]:
    loader: Loader = request.param
    if loader == "faster_whisper" and try_ctranslate2() is not None:
        pytest.skip("CTranslate2 does not run here")
    with services.runtime.cache.lease(replace(WHISPER_BASE_OFFLINE, loader=loader)) as (model,):
        yield model


def words(text: str) -> str:
    return " ".join("".join(letter if letter.isalpha() else " " for letter in text.lower()).split())


def written(whisper: Any, waveform: Any, budget: BatchBudget | None = None) -> list[Segment]:
    steps = decode_speech(whisper, waveform, DecodingOptions(language="en"), never_stop, budget)
    return [step for step in steps if isinstance(step, Segment)]


def test_speech_is_written_down(whisper: Any, speech: AudioClip) -> None:
    segments = written(whisper, speech.speech_waveform(RATE))
    assert whisper.model.device == "cuda"
    assert jiwer.wer(TEXT, words(" ".join(segment.text for segment in segments))) < 0.1
    assert all(segment.words for segment in segments)


def test_four_minutes_are_written_down_in_batches(whisper: Any, speech: AudioClip) -> None:
    waveform = np.tile(speech.speech_waveform(RATE), 16)
    segments = written(whisper, waveform, BatchBudget(WINDOWS))
    assert jiwer.wer(" ".join([TEXT] * 16), words(" ".join(segment.text for segment in segments))) < 0.15
    starts = [word.start for segment in segments for word in segment.words]
    assert starts == sorted(starts)


def test_sixteen_windows_take_no_more_memory_than_estimated(whisper: Any) -> None:
    torch.cuda.empty_cache()
    before = CudaMemoryProbe().free_bytes()
    torch.cuda.reset_peak_memory_stats()
    allocated = torch.cuda.memory_allocated()
    states = whisper.encode(np.zeros((WINDOWS, 80, 3000), np.float32))
    prompt = [whisper.hf_tokenizer.token_to_id(token) for token in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>")]
    whisper.model.generate(states, [prompt] * WINDOWS, beam_size=5)
    taken = max(before - CudaMemoryProbe().free_bytes(), torch.cuda.max_memory_allocated() - allocated)
    assert taken <= 1.25 * working_bytes(WHISPER_BASE_OFFLINE, "cuda", 5, WINDOWS)


def test_memory_that_runs_out_makes_batches_smaller(whisper: Any, speech: AudioClip) -> None:
    probe = CudaMemoryProbe()
    torch.cuda.empty_cache()
    waveform = np.tile(speech.speech_waveform(RATE), 16)
    spare = 4 * working_bytes(WHISPER_BASE_OFFLINE, "cuda", 5)
    taken = [torch.empty(max(1, probe.free_bytes() - spare), dtype=torch.uint8, device="cuda")]
    segments = written(whisper, waveform, BatchBudget(WINDOWS, taken.clear))
    assert jiwer.wer(" ".join([TEXT] * 16), words(" ".join(segment.text for segment in segments))) < 0.15
