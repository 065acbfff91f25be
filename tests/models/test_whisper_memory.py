"""Memory of Whisper's work by its sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.specs.speech import SPEECH_MODELS
from models.specs.whisper_memory import BATCH_WINDOWS, fitting_windows, working_bytes
from tests.models.fakes import make_spec

GB = 10**9
SPECS = {spec.key: spec for spec in SPEECH_MODELS}
LARGE, TURBO, BASE = (SPECS[f"whisper-{size}"] for size in ("large-v3", "large-v3-turbo", "base-offline"))


def test_every_whisper_has_sizes() -> None:
    assert all(spec.whisper and working_bytes(spec, device, 5) > 10**7 for spec in SPEECH_MODELS for device in BATCH_WINDOWS)


def test_sixteen_windows_of_large_v3_take_gigabytes() -> None:
    scores = 16 * 20 * 1500**2 * 2
    assert scores == pytest.approx(1.44 * GB)
    assert scores < working_bytes(LARGE, "cuda", 1, 16) < working_bytes(LARGE, "cuda", 5, 16) < 8 * GB
    assert working_bytes(TURBO, "cuda", 5, 16) < working_bytes(LARGE, "cuda", 5, 16) / 2  # it has four layers in its decoder


def test_the_estimate_holds_what_was_measured_with_whisper_base_on_a_cpu() -> None:
    assert working_bytes(BASE, "cpu", 5) == pytest.approx(125e6, rel=0.1)
    assert working_bytes(BASE, "cpu", 5, 4) > 420e6
    assert working_bytes(replace(BASE, workers=2), "cpu", 5) == 2 * working_bytes(BASE, "cpu", 5)


def test_a_whisper_on_the_cpu_takes_nothing_of_the_gpu() -> None:
    assert working_bytes(replace(LARGE, on_cpu=True), "cuda", 5, 2) == 0


@pytest.mark.parametrize(("attainable", "windows"), [(80 * GB, 16), (8 * GB, 8), (4 * GB, 1), (GB, 1)])
def test_as_many_windows_are_decoded_at_once_as_fit(attainable: int, windows: int) -> None:
    assert fitting_windows(LARGE, "cuda", 5, attainable - LARGE.gpu_bytes) == windows


def test_a_model_without_sizes_is_no_whisper() -> None:
    with pytest.raises(ValueError, match="no sizes"):
        working_bytes(make_spec("other"), "cpu", 1)
