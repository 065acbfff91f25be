"""The app as a process with the network switched off, used through its API as its users' scripts do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.app_process import RunningApp, running_app
from tests.pipelines.clip.sound_files import write_tracks
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    return Client(app.address, verbose=False)


def call_raw(app: RunningApp, *arguments: object) -> str:
    """The server-sent events of one call, made without the client's own care for files."""
    request = urllib.request.Request(
        f"{app.address}/gradio_api/call/transcribe",
        data=json.dumps({"data": arguments}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{app.address}/gradio_api/call/transcribe/{event}") as events:
        return str(events.read().decode())


def test_serving_the_page_needs_no_network(app: RunningApp) -> None:
    assert app.network_attempts() == []


def test_tools_of_the_protocol_have_names_and_typed_arguments(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.address}/gradio_api/mcp/schema") as answer:
        tools = {tool["name"]: tool for tool in json.load(answer)}
    music = {"describe_music", "music_facts", "tag_sounds", "ask_about_audio", "score_labels"}
    assert {"read_clip", "export_annotations", "transcribe", *music} <= set(tools)
    arguments = tools["transcribe"]["inputSchema"]["properties"]
    types = {name: argument["type"] for name, argument in arguments.items()}
    assert (types["language"], types["beam_size"], types["word_timestamps"]) == ("string", "integer", "boolean")
    assert all(argument["description"] for argument in arguments.values())
    assert "segments" in tools["transcribe"]["description"]


def test_annotations_and_arrays_through_the_api(client: Client) -> None:
    music = handle_file(EXAMPLES / "music.ogg")
    document = json.loads(Path(client.predict(music, api_name="/export_annotations")).read_text(encoding="utf-8"))
    keys = [part["data"][0]["value"] for part in document["annotations"] if part["namespace"] == "key_mode"]
    assert keys == ["C:minor"]
    with np.load(client.predict(music, "npz", api_name="/export_annotations")) as features:
        assert features["beat_frames"].shape == features["beat_times"].shape


def test_music_facts_and_tags_through_the_api(client: Client) -> None:
    facts = client.predict(handle_file(EXAMPLES / "music.ogg"), api_name="/music_facts")
    assert facts["tempo"]["bpm"] == pytest.approx(96, rel=0.02)
    assert (facts["key"]["tonic"], facts["key"]["mode"]) == ("C", "minor")
    assert {"C:min", "Ab:maj", "G:7"} <= {chord["name"] for chord in facts["chords"]}
    tags = client.predict(handle_file(EXAMPLES / "music.ogg"), api_name="/tag_sounds")
    assert tags["music"]["is_music"]
    assert "Woodwind" in {tag["name"] for tag in tags["music"]["tags"]}
    heatmap = tags["music"]["over_time"]
    assert len(heatmap["scores"][0]) == len(heatmap["rows"])


def test_a_description_and_an_answer_through_the_api(client: Client) -> None:
    described = client.predict(handle_file(EXAMPLES / "music.ogg"), api_name="/describe_music")
    claims = [claim for sentence in described["caption"]["sentences"] for claim in sentence["claims"]]
    assert {claim["verdict"] for claim in claims} == {"supported"}
    assert {"tempo", "key"} <= {claim["claim"]["kind"] for claim in claims}
    answer = client.predict(handle_file(EXAMPLES / "music.ogg"), "Which key is it in?", api_name="/ask_about_audio")
    assert "C minor" in answer["text"]
    assert described["caption"]["remark"] == answer["remark"]
    assert answer["remark"].startswith("From the measurements: no listening model ")


def test_a_writer_that_cannot_be_had_is_reported(client: Client) -> None:
    with pytest.raises(AppError, match="Qwen2-Audio"):
        client.predict(handle_file(EXAMPLES / "music.ogg"), "qwen2-audio-instruct", api_name="/describe_music")


def test_transcribe_streams_a_growing_result(client: Client) -> None:
    job = client.submit(handle_file(EXAMPLES / "speech.flac"), api_name="/transcribe")
    result = job.result()
    assert "young man" in result["text"]
    assert (result["state"], result["language"], result["model"]) == ("done", "en", "Whisper base (offline)")
    assert "cannot be reached" in result["model_reason"]
    assert isinstance(result["segments"][0]["start"], float)
    assert {"start", "end", "text", "probability"} == set(result["segments"][0]["words"][0])
    counts = [len(output["segments"]) for output in job.outputs()]
    assert counts == sorted(counts)
    assert len(counts) >= 2


def test_a_track_is_read_through_the_api_and_what_was_lost_is_said(client: Client, tmp_path: Path) -> None:
    speech = soundfile.read(EXAMPLES / "speech.flac", dtype="float32")[0][: 16_000 * 7]
    tracks = [("eng", "Book", speech + np.float32(0.3)), ("", "Music", np.sin(np.arange(32_000, dtype=np.float32) / 10) / 3)]
    film = write_tracks(tmp_path / "film.mkv", tracks, default=1)
    _, music = client.predict(handle_file(film), api_name="/read_clip")
    assert (music["track"], music["notes"]) == (1, [])
    assert [track["title"] for track in music["tracks"]] == ["Book", "Music"]
    file, book = client.predict(handle_file(film), 0, api_name="/read_clip")
    assert book["notes"] == ["A constant offset of 0.31 was removed."]
    read = client.predict(handle_file(file), api_name="/transcribe")
    assert "John Dashwood" in read["text"]
    assert read["clip_notes"] == book["notes"]


def test_an_unreachable_hub_is_asked_once_a_minute(app: RunningApp, client: Client) -> None:
    for _ in range(3):
        client.predict(handle_file(EXAMPLES / "blackbird.ogg"), api_name="/transcribe")
    assert len(app.network_attempts()) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": "whisper-enormous"}, "There is no model called 'whisper-enormous'"),
        ({"model": 5}, "The option model cannot be '5': it takes text"),
        ({"model": "whisper-large-v3"}, "Whisper large-v3 is not available (the model hub cannot be reached)"),
        ({"language": "xx"}, "The option language cannot be 'xx'"),
        ({"task": "sing"}, "The option task cannot be 'sing'"),
    ],
)
def test_bad_options_get_a_sentence(options: dict[str, object], sentence: str, client: Client) -> None:
    with pytest.raises(AppError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        client.predict(handle_file(EXAMPLES / "blackbird.ogg"), **options, api_name="/transcribe")


def test_a_file_that_is_no_sound_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp3"
    letter.write_text("Dear listener")
    with pytest.raises(AppError, match=r"can be read as sound, although its name ends in \.mp3"):
        client.predict(handle_file(letter), api_name="/transcribe")


@pytest.mark.parametrize(
    "audio",
    [
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": str(Path(__file__).parent.parent / "app.py"), "meta": {"_type": "gradio.FileData"}},
        {"path": "../../../etc/passwd", "meta": {"_type": "gradio.FileData"}},
        {"path": "/etc/passwd"},
        {"url": "http://127.0.0.1:1/secret.wav", "path": "", "meta": {"_type": "gradio.FileData"}},
        "http://127.0.0.1:1/secret.wav",
        None,
        7,
    ],
)
def test_what_was_not_uploaded_is_refused(audio: object, app: RunningApp) -> None:
    answer = call_raw(app, audio, "auto", "auto", "transcribe", "", "", 5, True, "", True, False)
    assert "event: error" in answer
    assert "event: complete" not in answer
    refusal = json.loads(answer.split("data: ")[-1])["error"]
    assert refusal.endswith((".", "!")) and "Unexpected error" not in refusal, refusal
    assert "root:" not in answer
    assert "Traceback" not in answer


def test_too_few_arguments_get_a_sentence(app: RunningApp) -> None:
    assert "The option list of arguments cannot be 'of 2 values'" in call_raw(app, None, "auto")


def test_after_all_this_the_next_person_is_served(app: RunningApp, client: Client) -> None:
    assert "young man" in client.predict(handle_file(EXAMPLES / "speech.flac"), api_name="/transcribe")["text"]
    assert "Unexpected error" not in app.log()
