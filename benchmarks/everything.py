"""Time of all analyses as one job, against the sum of the same analyses by themselves, each on a clip that is new."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.report import Figure, at_most
from models.cache.feature_store import FeatureStore
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.description.description import describe_clip
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.map import stored_map
from pipelines.everything.analysis import analyse_everything
from pipelines.everything.types import EverythingOptions
from pipelines.notes.in_bars import notes_in_bars
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.speech.transcription import transcribe
from services import build_services
from settings import Settings
from tests.recordings import EXAMPLES

MAX_OF_PARTS = 1.1
SAMPLE_RATE = 44_100
STORE_BYTES = 2**28
ROUNDS = 3


def figures() -> list[Figure]:
    """Return the ratio of one run; models are loaded before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))
        recording, options = speech_and_music(folder), EverythingOptions()
        stores = (folder / f"clips {number}" for number in range(1000))

        def seconds_of(work: Callable[[AudioClip, ModelRuntime], object]) -> float:
            clip = ClipStore(next(stores)).open(recording)
            runtime = replace(services.runtime, features=FeatureStore(STORE_BYTES))
            began = time.perf_counter()
            work(clip, runtime)
            return time.perf_counter() - began

        def everything(clip: AudioClip, runtime: ModelRuntime) -> object:
            return list(analyse_everything(clip, options, runtime))

        parts = analyses(options)
        for work in (everything, *parts):
            seconds_of(work)
        rounds = [(seconds_of(everything), sum(map(seconds_of, parts))) for _ in range(ROUNDS)]
    whole, apart = (min(times) for times in zip(*rounds, strict=True))
    claim = f"all analyses of 37 s of speech and music ({whole:.1f} s), against the sum of the parts ({apart:.1f} s)"
    return [at_most(claim, whole / apart, MAX_OF_PARTS, "x")]


def analyses(options: EverythingOptions) -> tuple[Callable[[AudioClip, ModelRuntime], object], ...]:
    """Return each analysis by itself."""

    def embed(clip: AudioClip, runtime: ModelRuntime) -> object:
        *_, now = embed_clip(clip, options.embedding, runtime)
        assert now.embedding
        return stored_map([now.embedding], options.map, runtime.features)

    def ended(pipeline: Callable[..., Iterator[Any]], chosen: object) -> Callable[[AudioClip, ModelRuntime], object]:
        return lambda clip, runtime: list(pipeline(clip, chosen, runtime))

    return (
        ended(transcribe, options.transcription),
        ended(describe_clip, options.description),
        ended(notes_in_bars, options.notes),
        embed,
        ended(audio_to_image, options.picture),
    )


def speech_and_music(folder: Path) -> Path:
    """Return the examples of speech and music in one recording."""
    samples = []
    for name in ("speech.flac", "music.ogg"):
        found, rate = soundfile.read(EXAMPLES / name, always_2d=True)
        samples.append(soxr.resample(found.mean(axis=1), rate, SAMPLE_RATE))
    path = folder / "speech and music.wav"
    soundfile.write(path, np.concatenate(samples), SAMPLE_RATE, "PCM_16")
    return path
