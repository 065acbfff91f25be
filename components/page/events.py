"""Keyword arguments that Gradio events of this app share: queues, visibility, repeated triggers."""

from __future__ import annotations

from typing import Any

from services import Services

MODEL_JOBS = "model-jobs"
"""The `concurrency_id` of every event that borrows a model."""


QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last"}
"""For events of the page: no overlay, not among the endpoints, and asked for again meanwhile, once more with the latest values.

Gradio's own way is to drop the second request: the page would then show something else than its controls say.
"""


QUIET_EACH: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""The same for events that bring data of their own: once more would be with the data of the first one."""


def borrowing(services: Services) -> dict[str, Any]:
    """For every event that borrows a model: they share one queue."""
    return {"concurrency_id": MODEL_JOBS, "concurrency_limit": services.settings.parallel_jobs}
