"""Each error of the package `spaces`, with the texts that its client writes, becomes one sentence."""

from __future__ import annotations

import sys
from datetime import timedelta

import gradio as gr
import pytest

from models.zero_gpu.refusals import (
    GpuCallTooLong,
    GpuQuotaUsedUp,
    GpuRefused,
    GpuRunsUsedUp,
    GpuTakenBack,
    GpuVisitExpired,
    NoGpuFree,
    TooManyGpuCalls,
    as_wait,
    refusal_of,
)

QUOTA = "You have exceeded your free ZeroGPU quota (60s requested vs. 42s left). Try again in {}. "


@pytest.mark.parametrize(
    ("title", "message", "kind", "words"),
    [
        (
            "quota exceeded",
            QUOTA.format("1:23:45"),
            GpuQuotaUsedUp,
            "60 s are needed, 42 s are left. Choose a shorter",
        ),
        ("quota exceeded", QUOTA.format("1:23:45"), GpuQuotaUsedUp, "try again in 1 h 24 min."),
        ("quota exceeded", QUOTA.format("1 day, 0:00:00"), GpuQuotaUsedUp, "try again in 24 h."),
        ("quota exceeded", "You have exceeded your ZeroGPU runs limit. ", GpuRunsUsedUp, "sign in to Hugging Face"),
        ("quota exceeded", "Space app has reached its GPU limit. Try re-running outside", GpuRunsUsedUp, "sign in"),
        ("quota exceeded", "No GPU was available after 60s. Try re-running", NoGpuFree, "try again"),
        ("queue timeout", "No GPU was available after 60s Retry later", NoGpuFree, "try again"),
        ("illegal duration", "The requested GPU duration (400s) is larger than the maximum allowed", GpuCallTooLong, "400 s"),
        ("pending credits exceeded", "You have too many ZeroGPU credits allocated", TooManyGpuCalls, "other jobs"),
        ("client error", "Expired ZeroGPU proxy token", GpuVisitExpired, "reload it"),
        ("client error", "No GPU was available", NoGpuFree, "try again"),
        ("worker error", "GPU task aborted", GpuTakenBack, "taken back"),
    ],
)
def test_a_refusal_is_a_sentence_with_what_to_do(title: str, message: str, kind: type[GpuRefused], words: str) -> None:
    refusal = refusal_of(gr.Error(message, title=f"ZeroGPU {title}"))
    assert type(refusal) is kind and words in str(refusal)


@pytest.mark.parametrize("error", [ValueError("x"), gr.Error("x"), gr.Error("KeyError", title="ZeroGPU worker error")])
def test_what_is_no_refusal_stays_what_it_is(error: Exception) -> None:
    assert refusal_of(error) is None


def test_a_refusal_says_how_long_a_call_may_be() -> None:
    assert GpuQuotaUsedUp(60, 42, None).longest_seconds == 42
    assert GpuCallTooLong(400).longest_seconds == 200
    assert NoGpuFree().longest_seconds is None


@pytest.mark.parametrize(("seconds", "words"), [(1, "1 min"), (60, "1 min"), (61, "2 min"), (3600, "1 h"), (5025, "1 h 24 min")])
def test_waits_are_rounded_up_to_minutes(seconds: int, words: str) -> None:
    assert as_wait(timedelta(seconds=seconds)) == words


def test_gradio_is_not_imported_to_read_its_errors() -> None:
    assert "gradio" not in vars(sys.modules["models.zero_gpu.refusals"])
