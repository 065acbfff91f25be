"""Drawing through the API of the running app, with the network switched off."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from pipelines.pictures.png_metadata import options_from_png
from tests.app_process import RunningApp, running_app
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models
CLIP = EXAMPLES / "blackbird.ogg"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    return Client(app.address, verbose=False)


def draw(client: Client, **options: object) -> Path:
    path, _ = client.predict(handle_file(CLIP), api_name="/audio_to_image", **options)
    return Path(path)


def facts(client: Client, **options: object) -> dict[str, Any]:
    _, found = client.predict(handle_file(CLIP), api_name="/audio_to_image", **options)
    return dict(found)


def test_the_tools_are_there_with_typed_arguments(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.address}/gradio_api/mcp/schema") as answer:
        tools = {tool["name"]: tool for tool in json.load(answer)}
    arguments = tools["audio_to_image"]["inputSchema"]["properties"]
    assert (arguments["audio_weight"]["type"], arguments["seed"]["type"], arguments["fast"]["type"]) == (
        "number",
        "integer",
        "boolean",
    )
    assert all(argument["description"] for argument in arguments.values())
    assert "prompt" in tools["prompt_from_audio"]["description"]


def test_a_seed_and_its_settings_give_one_picture_with_the_settings_inside(client: Client) -> None:
    options = {
        "audio_weight": 0.5,
        "prompt": "owl hooting",
        "style": "flat style",
        "seed": 3,
        "steps": 4,
        "start": 1.0,
        "end": 3.0,
    }
    first, again = draw(client, **options), draw(client, **options)
    assert first.read_bytes() == again.read_bytes()
    inside = options_from_png(first)
    assert {name: getattr(inside, name) for name in options} == options
    assert draw(client, **options | {"seed": 4}).read_bytes() != first.read_bytes()


def test_the_answer_names_the_words_beyond_the_limit_of_the_text_encoder(client: Client) -> None:
    words = "owl " * 100
    found = facts(client, audio_weight=0, steps=1, seed=5, prompt=f"{words}and a bright red balloon", negative_prompt=words)
    assert found["prompt_overflow"].endswith("owl and a bright red balloon")
    assert set(found["negative_prompt_overflow"].split()) == {"owl"}
    assert (found["seed"], found["clip_notes"]) == (5, [])
    assert facts(client, audio_weight=0, steps=1, prompt="owl")["prompt_overflow"] == ""


def test_a_picture_can_start_from_another(client: Client) -> None:
    first = draw(client, seed=3, steps=4)
    assert draw(client, seed=3, steps=4, init_image=handle_file(first)).read_bytes() != first.read_bytes()


def test_a_prompt_and_the_concepts_of_the_audio(client: Client) -> None:
    written = client.predict(handle_file(CLIP), api_name="/prompt_from_audio")
    assert "bird" in written["prompt"]
    assert written["sources"] == ["tags"]
    weights = [concept["weight"] for concept in written["concepts"]]
    assert 0 < sum(weights) < 1.1
    assert weights == sorted(weights, reverse=True)
    assert 0 <= written["start"] < written["end"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width": 100}, "The option width cannot be '100'"),
        ({"scheduler": "x"}, "The option scheduler cannot be 'x'"),
        ({"model": "nope"}, "There is no model called 'nope'"),
        ({"start": 3.0, "end": 2.0}, "The option segment cannot be"),
        ({"init_image": handle_file(CLIP)}, "This initial image cannot be used \\(it is no PNG"),
        ({"seed": 2**32}, "The option seed cannot be '4294967296'"),
    ],
)
def test_bad_options_get_a_sentence(options: dict[str, object], sentence: str, client: Client) -> None:
    with pytest.raises(AppError, match=sentence):
        draw(client, **options)


def test_a_client_that_cancels_frees_the_model(client: Client) -> None:
    job = client.submit(handle_file(CLIP), steps=100, api_name="/audio_to_image")
    while len(job.outputs()) < 5:
        assert not job.done()
    assert job.cancel()
    assert draw(client, steps=1).stat().st_size > 0
