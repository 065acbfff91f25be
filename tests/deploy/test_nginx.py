"""A server behind nginx, below a path: uploads beyond nginx's default, results as they grow, the page with its sound."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file

from tests.app_process import RunningApp
from tests.deploy.behind_nginx import NGINX, PATH, app_behind_nginx
from tests.recordings import EXAMPLES

pytestmark = [pytest.mark.models, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]

CLIP_SECONDS = 90
NGINX_DEFAULT_LIMIT = 2**20


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with app_behind_nginx(tmp_path_factory.mktemp("behind")) as app:
        yield app


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    return Client(app.address, verbose=False)


def test_the_page_names_the_address_that_people_see(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.address}/config") as answer:
        assert json.load(answer)["root"] == app.address
    with urllib.request.urlopen(app.address) as answer:
        assert answer.url == f"{app.address}/"


def test_a_large_upload_arrives_and_results_are_not_held_back(client: Client, tmp_path: Path) -> None:
    speech, rate = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")
    recording = tmp_path / "long.wav"
    soundfile.write(recording, np.resize(speech, CLIP_SECONDS * rate), rate)
    assert recording.stat().st_size > NGINX_DEFAULT_LIMIT
    job = client.submit(handle_file(recording), api_name="/transcribe")
    while not job.outputs():
        assert not job.done()
        time.sleep(0.01)
    assert not job.done(), "the first result came with the last one"
    result = job.result()
    assert "Dashwood" in result["text"]
    assert result["state"] == "done"


def test_a_file_that_a_result_names_is_fetched_through_nginx(client: Client) -> None:
    path, facts = client.predict(handle_file(EXAMPLES / "blackbird.ogg"), api_name="/read_clip")
    assert soundfile.info(path).duration == pytest.approx(facts["duration"], abs=0.01)


def test_the_tools_of_the_protocol_are_listed(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.address}/gradio_api/mcp/schema") as answer:
        assert "transcribe" in {tool["name"] for tool in json.load(answer)}


def test_the_metrics_are_not_passed_on(app: RunningApp) -> None:
    def status(address: str) -> int:
        try:
            with urllib.request.urlopen(address) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    assert [status(f"{app.address}/{path}") for path in ("healthz", "metrics")] == [200, 404]


def test_the_path_is_the_one_of_the_documentation() -> None:
    hosting = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text(encoding="utf-8")
    assert f"GRADIO_ROOT_PATH={PATH}" in hosting
