"""What the page can do, done through the API: storyboards and films, dictation, layers, words forming, library, history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from app import build_page, serving_options
from services import Services, build_services
from settings import Settings
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models
SPEECH, BIRD = EXAMPLES / "speech.flac", EXAMPLES / "blackbird.ogg"
PERSON = "3f0e6c52-6f5e-4b3a-9a51-2d8f6a9f5b07"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Services with a library of their own."""
    folder = tmp_path_factory.mktemp("services")
    services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))
    yield services
    services.runtime.cache.clear()


@pytest.fixture(scope="module")
def client(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    page: gr.Blocks = build_page(services)
    options = {**serving_options(services), "mcp_server": False}
    _, address, _ = page.launch(**options, prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    page.close(verbose=False)


def test_a_storyboard_grows_and_becomes_a_film(client: Client) -> None:
    job = client.submit(handle_file(BIRD), seed=3, interpolation_steps=0, fast=True, api_name="/make_film")
    video, gif, found = job.result()
    assert (Path(video).suffix, Path(gif).suffix) == (".mp4", ".gif")
    assert found["frames"] == found["frames_done"] > 0
    board = found["storyboard"]
    assert (found["state"], board["state"], board["seed"]) == ("done", "done", 3)
    counts = [len(output[2]["storyboard"]["entries"]) for output in job.outputs()]
    assert counts == sorted(counts)
    pictures, same = client.predict(handle_file(BIRD), seed=3, fast=True, api_name="/draw_storyboard")
    assert len(pictures) == len(same["entries"]) == len(board["entries"])
    assert same["entries"][0]["picture"]["settings"]["seed"] == 3


def dictated(client: Client, folder: Path, seconds: float = 4.0) -> Iterator[dict[str, Any]]:
    """Yield the answers to the example of speech in chunks."""
    speech, rate = soundfile.read(SPEECH, dtype="float32")
    chunks = np.array_split(speech[: 8 * rate], round(8 / seconds))
    key = ""
    for number, chunk in enumerate(chunks):
        soundfile.write(folder / "chunk.wav", chunk, rate)
        is_last = number == len(chunks) - 1
        answer = client.predict(handle_file(folder / "chunk.wav"), key, is_last, api_name="/dictate")
        key = answer["dictation"]
        yield answer


def test_a_dictation_is_written_chunk_by_chunk_and_becomes_a_clip(client: Client, services: Services, tmp_path: Path) -> None:
    *growing, last = dictated(client, tmp_path)
    assert all(answer["dictation"] and answer["state"] == "dictating" for answer in growing)
    assert "John Dashwood" in last["text"]
    assert (last["dictation"], last["state"]) == ("", "done")
    assert services.clips.find(last["content_hash"]) is not None


def test_what_is_no_chunk_of_a_dictation_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="The option dictation cannot be 'another'"):
        client.predict(handle_file(SPEECH), "another", api_name="/dictate")
    (tmp_path / "letter.wav").write_text("Dear listener")
    with pytest.raises(AppError, match="can be read as sound"):
        client.predict(handle_file(tmp_path / "letter.wav"), api_name="/dictate")


def test_layers_are_compared_and_words_form(client: Client) -> None:
    layers = client.predict(handle_file(BIRD), "musicnn-mtt", api_name="/compare_layers")
    assert np.diagonal(layers["cka"]) == pytest.approx(1.0)
    assert layers["rows"] == layers["columns"]
    job = client.submit(handle_file(SPEECH), api_name="/trace_words")
    found = job.result()
    assert "Dashwood" in found["trace"]["text"]
    assert len(found["trace"]["tokens"][0]["ranks"]) == len(found["trace"]["layers"])
    counts = [len(output["trace"]["tokens"]) for output in job.outputs() if output["trace"]]
    assert counts == sorted(counts) and len(counts) > 2


def test_the_library_is_listed_renamed_and_emptied(client: Client) -> None:
    client.predict(handle_file(BIRD), encoder="yamnet", add=True, api_name="/nearest_clips")
    (clip,) = client.predict(api_name="/library_clips")
    assert (clip["name"], clip["can_open"]) == ("blackbird.ogg", True)
    (renamed,) = client.predict(clip["content_hash"], "Morning", api_name="/rename_library_clip")
    assert renamed["name"] == "Morning"
    assert client.predict(clip["content_hash"], api_name="/remove_library_clip") == []
    with pytest.raises(AppError, match="The option clip cannot be"):
        client.predict(clip["content_hash"], api_name="/remove_library_clip")


def test_a_kept_clip_is_opened_by_its_person_alone_until_it_is_forgotten(client: Client) -> None:
    _, facts = client.predict(handle_file(BIRD), person=PERSON, api_name="/read_clip")
    key = facts["content_hash"]
    file, again = client.predict(key, PERSON, api_name="/open_kept_clip")
    assert again == facts and Path(file).exists()
    with pytest.raises(AppError, match="clip"):
        client.predict(key, "another person", api_name="/open_kept_clip")
    assert client.predict(key, PERSON, api_name="/forget_clip") is True
    assert client.predict(key, PERSON, api_name="/forget_clip") is False
