"""Keyword arguments that Gradio events of this app share: queues, visibility, repeated triggers."""

from __future__ import annotations

from typing import Any

from settings import Settings

MODEL_JOBS = "model-jobs"
"""The `concurrency_id` of events that borrow a model for themselves, jobs of tabs aside."""
SPEECH_JOBS = "speech-jobs"
"""The `concurrency_id` of events that decode speech, jobs of tabs aside: people share the model."""


QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
"""For events of the page: no overlay, no endpoint; an event during its own run is repeated once with the latest values.

Gradio's default drops the second event, so that the page would differ from its controls.
"""


QUIET_EACH: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""For events with data of their own: a repetition would have the data of the first one."""


def borrowing(settings: Settings) -> dict[str, Any]:
    """Return the queue's arguments for an event that borrows a model: all of them share one queue."""
    return {"concurrency_id": MODEL_JOBS, "concurrency_limit": settings.parallel_jobs}


def sharing(settings: Settings) -> dict[str, Any]:
    """Return the queue's arguments for an event that decodes speech: more at once, because their windows are joined."""
    return {"concurrency_id": SPEECH_JOBS, "concurrency_limit": settings.parallel_speech_jobs}
