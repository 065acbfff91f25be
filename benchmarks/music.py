"""Time to describe a clip of three minutes: against its length, against its models alone, and the second time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soundfile

from benchmarks.report import Figure, at_most
from pipelines.description.description import DescriptionOptions, describe_clip
from services import build_services
from settings import Settings
from tests.recordings import EXAMPLES

SECONDS = 180
MAX_OF_LENGTH = 5.0
"""Per cent."""
MAX_TIMES_MODELS = 1.6
MAX_AGAIN = 0.05


def figures() -> list[Figure]:
    """Return the ratios of one run; models are loaded before."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))
        list(describe_clip(services.clips.open(EXAMPLES / "music.ogg"), DescriptionOptions(), services.runtime))
        clip = services.clips.open(three_minutes(Path(folder)))
        with timed_models() as model_seconds:
            first = seconds_of(lambda: list(describe_clip(clip, DescriptionOptions(), services.runtime)))
        again = seconds_of(lambda: list(describe_clip(clip, DescriptionOptions(), services.runtime)))
    whole, models = "tags, facts and caption of three minutes of music", sum(model_seconds)
    return [
        at_most(f"{whole}, share of its length", 100 * first / SECONDS, MAX_OF_LENGTH, " %"),
        at_most(f"the same ({first:.1f} s), against its models alone ({models:.1f} s)", first / models, MAX_TIMES_MODELS, "x"),
        at_most(f"the same clip described again ({again:.2f} s), share of the first time", again / first, MAX_AGAIN, "x"),
    ]


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds of a description."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def timed_models() -> Iterator[list[float]]:
    """Return the seconds of every call of an ONNX model in the block."""
    seconds: list[float] = []
    run = onnxruntime.InferenceSession.run

    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        result = run(*arguments, **options)
        seconds.append(time.perf_counter() - began)
        return result

    onnxruntime.InferenceSession.run = timed
    try:
        yield seconds
    finally:
        onnxruntime.InferenceSession.run = run


def three_minutes(folder: Path) -> Path:
    """Return the music example, repeated."""
    samples, rate = soundfile.read(EXAMPLES / "music.ogg", always_2d=True)
    repeats = -(-SECONDS * rate // len(samples))
    path = folder / "three minutes.wav"
    soundfile.write(path, np.tile(samples, (repeats, 1))[: SECONDS * rate], rate, "PCM_16")
    return path
