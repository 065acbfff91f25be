"""Estimated GPU time beside the buttons: on ZeroGPU alone, for what will run there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app import build_page
from components.page.gpu_estimate import estimate_markup
from models.model_catalog import ALL_MODELS, ModelCatalog
from models.runtime import ModelRuntime
from models.specs.captioners import QWEN_OMNI
from models.specs.image import STABLE_DIFFUSION_2_1
from models.specs.speech import SPEECH_MODELS
from models.zero_gpu.placement import offered_models, on_gpu
from models.zero_gpu.spaces_host import SpacesGpu
from pipelines.clip.clip import AudioClip
from pipelines.description.caption import FROM_FACTS, caption_gpu_seconds
from pipelines.description.model_caption import CaptionOptions
from pipelines.pictures.options import PictureOptions
from pipelines.pictures.planning import pictures_gpu_seconds
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcription_gpu_seconds
from services import Services


@pytest.fixture
def on_zero_gpu(services: Services) -> Services:
    """The services of a Space on ZeroGPU that could place three large models."""
    nothing: Any = None
    host = SpacesGpu(lambda duration: lambda task: task, lambda: nothing, placed_bytes=0)
    placed = tuple(map(on_gpu, (SPEECH_MODELS[0], QWEN_OMNI[0], STABLE_DIFFUSION_2_1)))
    files: Any = AllHere()
    catalog = ModelCatalog(files, "cpu", lambda: 2**34, offered_models(ALL_MODELS, placed))
    runtime = ModelRuntime(catalog, services.runtime.cache, services.runtime.features, host)
    return replace(services, runtime=runtime)


class AllHere:
    def availability(self, spec: Any) -> Any:
        return type("Availability", (), {"available": True, "words": "downloaded"})()


def lines_of(services: Services) -> int:
    components = build_page(services).config["components"]
    return sum("gpu-estimate" in component["props"].get("elem_classes", []) for component in components)


def test_the_line_is_there_on_zero_gpu_and_nowhere_else(services: Services, on_zero_gpu: Services) -> None:
    assert (lines_of(services), lines_of(on_zero_gpu)) == (0, 4)


def test_words_for_an_estimate() -> None:
    assert "About 12 s of your GPU time" in estimate_markup(12.4)
    assert "About 1 s" in estimate_markup(0.2)
    assert "Needs none" in estimate_markup(0.0)


def test_a_transcription_on_the_gpu_takes_time_and_one_on_the_cpu_none(speech: AudioClip, on_zero_gpu: Services) -> None:
    runtime = on_zero_gpu.runtime
    long = replace(speech, duration=3600.0)
    short_seconds, long_seconds = (transcription_gpu_seconds(c, TranscriptionOptions(), runtime) for c in (speech, long))
    assert 1 < short_seconds < 20 < long_seconds < 600
    assert transcription_gpu_seconds(speech, TranscriptionOptions(model="whisper-small"), runtime) == 0


def test_pictures_take_time_each(speech: AudioClip, on_zero_gpu: Services) -> None:
    options = PictureOptions(model=STABLE_DIFFUSION_2_1.key, audio_weight=0.0, prompt="rain")
    catalog = on_zero_gpu.runtime.catalog
    one, four = (pictures_gpu_seconds(speech, replace(options, pictures=count), catalog) for count in (1, 4))
    assert 1 < one < 10 and four == pytest.approx(4 * one)
    assert pictures_gpu_seconds(speech, PictureOptions(model="tiny-diffusion"), catalog) == 0


def test_captions_take_time_for_each_piece_of_the_clip(speech: AudioClip, on_zero_gpu: Services) -> None:
    catalog = on_zero_gpu.runtime.catalog
    one, several = (caption_gpu_seconds(clip, CaptionOptions(), catalog) for clip in (speech, replace(speech, duration=3600.0)))
    assert 5 < one < 20 and several > 2 * one
    assert caption_gpu_seconds(speech, CaptionOptions(model=FROM_FACTS), catalog) == 0
