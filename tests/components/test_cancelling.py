"""Every endpoint of the app on five minutes of sound: a cancelled call returns at once and ends its work."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file

from app import build_page
from services import Services
from tests.components.page.test_endpoints import await_event_id, until
from tests.recordings import EXAMPLES

CLIP_SECONDS = 300
ARGUMENTS: dict[str, dict[str, Any]] = {
    "read_clip": {},
    "export_annotations": {"with_transcript": True},
    "export_bundle": {},
    "open_bundle": {},
    "transcribe": {},
    "describe_music": {},
    "ask_about_audio": {"question": "Which key is it in?"},
    "music_facts": {},
    "tag_sounds": {},
    "score_labels": {"labels": ["a dog", "a cat"]},
    "audio_to_image": {"steps": 50},
    "prompt_from_audio": {},
    "embed_audio": {},
    "map_embeddings": {},
    "nearest_clips": {},
    "compare_layers": {},
    "trace_words": {},
    "prompt_states": {},
    "transcribe_notes": {},
    "analyse_everything": {},
    "draw_storyboard": {"steps": 50},
    "make_film": {"steps": 50},
    "dictate": {},
    "open_kept_clip": {},
    "forget_clip": {},
    "library_clips": {},
    "rename_library_clip": {},
    "remove_library_clip": {},
}
"""Arguments of each endpoint beside the recording."""
TOO_SHORT_TO_CANCEL = {
    "open_bundle",
    "score_labels",
    "prompt_states",
    "dictate",
    "open_kept_clip",
    "forget_clip",
    "library_clips",
    "rename_library_clip",
    "remove_library_clip",
}
"""Endpoints that end at once: they run no model, one for a second of sound, or one that cannot be fetched."""


@pytest.fixture(scope="module")
def page(services: Services) -> gr.Blocks:
    return build_page(services)


@pytest.fixture(scope="module")
def client(page: gr.Blocks) -> Iterator[Client]:
    _, address, _ = page.queue().launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield Client(address, verbose=False)
    page.close(verbose=False)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speech and music in turns, as long as `CLIP_SECONDS`."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    speech, rate = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")
    music, music_rate = soundfile.read(EXAMPLES / "music.ogg", dtype="float32")
    in_turns = np.concatenate([speech, music.reshape(len(music), -1).mean(axis=1)[:: round(music_rate / rate)]])
    soundfile.write(path, np.resize(in_turns, CLIP_SECONDS * rate), rate)
    return path


def has_thread() -> bool:
    """Return whether the work of an endpoint runs."""
    return any(thread.name == "endpoint" for thread in threading.enumerate())


def has_model(services: Services) -> bool:
    """Return whether a model is lent or loaded."""
    return any(resident.state in ("in use", "loading") for resident in services.runtime.cache.status().residents)


def test_every_endpoint_is_tried_here(page: gr.Blocks) -> None:
    endpoints = {function.api_name: function.fn for function in page.fns.values() if function.api_visibility == "public"}
    assert endpoints.keys() == ARGUMENTS.keys()
    assert not [one.api_name for one in page.fns.values() if one.api_name in ARGUMENTS and one.concurrency_limit is not None]
    for work in endpoints.values():
        assert inspect.iscoroutinefunction(work) or inspect.isasyncgenfunction(work)


@pytest.mark.models
@pytest.mark.parametrize("endpoint", sorted(ARGUMENTS.keys() - TOO_SHORT_TO_CANCEL))
def test_a_cancelled_call_ends_its_work(endpoint: str, client: Client, services: Services, recording: Path) -> None:
    services.runtime.features.clear()
    audio = [handle_file(recording)] if endpoint == "map_embeddings" else handle_file(recording)
    job = client.submit(audio=audio, **ARGUMENTS[endpoint], api_name=f"/{endpoint}")
    until(has_thread if endpoint == "read_clip" else lambda: has_model(services))
    await_event_id(job)
    assert job.cancel()  # raises httpx.ReadTimeout where the server waits for the work
    until(lambda: not has_thread() and not has_model(services))
