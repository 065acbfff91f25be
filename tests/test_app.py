"""Tests of the composition of the page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app import build_page
from services import build_services
from settings import Settings


def test_a_full_queue_refuses_the_next_person(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", clip_dir=tmp_path / "clips", max_waiting=3)
    queue: Any = build_page(build_services(settings))._queue
    waiting: list[None] = []
    queue.event_queue_per_concurrency_id["model-jobs"] = SimpleNamespace(queue=waiting)

    def outcome() -> str:
        # Without a function an event goes no further than the check of the queue's length.
        return str(asyncio.run(queue.push(SimpleNamespace(fn_index=-1), None, None))[-1])

    waiting.extend([None] * 3)
    assert outcome() == "queue_full"
