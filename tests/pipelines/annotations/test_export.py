"""Exported files are read back by the libraries that they are for: jams, mir_eval, an XML parser and librosa."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jams  # type: ignore[import-untyped]
import librosa
import mir_eval  # type: ignore[import-untyped]
import numpy as np
import pytest

from models.errors import InvalidOption
from pipelines.annotations import librosa_features
from pipelines.annotations.export import NothingToExport, export_results
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipTooLong
from pipelines.description.findings import ClipFindings
from pipelines.speech.transcript import Segment, Transcription, Word
from tests.pipelines.description.example_findings import BIRD, WALTZ

RATE = 22_050
WORDS = (Word(1.0, 1.4, "Hé,", 0.9), Word(1.5, 2.0, "<b>\tyou\n&", 0.5))
SPOKEN = Transcription(
    duration=48.0,
    segments=(
        Segment(1.0, 2.0, "Hé, <b>\tyou\n&", WORDS, side="left"),
        Segment(1.5, 3.0, "Yes.", (Word(1.5, 3.0, "Yes.", 0.8),), side="right"),
    ),
    state="done",
    model="Whisper",
)
FINDINGS = replace(WALTZ, speech=SPOKEN)
"""The waltz, with speech on both sides."""
NOTHING = ClipFindings(48.0, None, None, None)


@pytest.fixture
def clip(store: ClipStore) -> AudioClip:
    """A tone of as many seconds as the waltz of the findings."""
    return store.open_waveform(0.3 * np.sin(np.arange(48 * RATE) * 2 * np.pi * 392 / RATE).astype(np.float32), RATE, "A/waltz?")


def files_of(clip: AudioClip, export_format: str, folder: Path) -> dict[str, str]:
    path = export_results(clip, FINDINGS, export_format, folder, "1.0")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def test_jams_follows_the_published_schema(clip: AudioClip, tmp_path: Path) -> None:
    path = export_results(clip, FINDINGS, "jams", tmp_path, "1.0")
    read = jams.load(str(path), validate=True, strict=True)
    assert (read.file_metadata.title, read.file_metadata.duration) == ("A/waltz?", 48.0)
    for annotation in read.annotations:
        annotation.validate(strict=True)
    beats = read.annotations["beat"][0].to_event_values()
    assert WALTZ.facts is not None and WALTZ.facts.beats is not None
    assert beats[0].tolist() == pytest.approx(list(WALTZ.facts.beats.times))
    assert tuple(beats[1]) == WALTZ.facts.beats.positions
    assert read.annotations["tempo"][0].data[0].value == 132.0
    assert read.annotations["key_mode"][0].data[0].value == "G:major"
    assert read.annotations["segment_open"][0].to_interval_values()[1] == ["A", "B", "A"]
    assert read.annotations["chord"][0].to_interval_values()[1][:3] == ["G:maj", "C:maj", "D:7"]
    layers = [annotation.sandbox.layer for annotation in read.annotations["lyrics"]]
    assert layers == ["speech-left", "words-left", "speech-right", "words-right"]


def test_audacity_labels_are_intervals_and_chords_are_what_mir_eval_reads(clip: AudioClip, tmp_path: Path) -> None:
    files = files_of(clip, "audacity", tmp_path)
    assert {"beats.txt", "downbeats.txt", "chords.txt", "key.txt", "tempo.txt", "sections.txt", "music-tags.txt"} <= set(files)
    intervals, labels = mir_eval.io.load_labeled_intervals(io.StringIO(files["chords.txt"]))
    assert intervals[1].tolist() == [2.0, 4.0]
    assert labels[:3] == ["G:maj", "C:maj", "D:7"]
    assert files["downbeats.txt"].splitlines()[1] == "1.363636\t1.363636\t1"
    assert files["words-left.txt"].splitlines() == ["1.000000\t1.400000\tHé,", "1.500000\t2.000000\t<b> you &"]


@pytest.mark.parametrize(
    ("name", "kind", "dimensions", "point"),
    [
        ("beats", "timeinstants", "1", {"frame": str(round(RATE * 60 / 132)), "label": "2"}),
        ("tempo", "timevalues", "2", {"frame": "0", "label": "132", "value": "132.0"}),
        ("chords", "regions", "3", {"frame": str(2 * RATE), "label": "C:maj", "duration": str(2 * RATE), "value": "1"}),
        ("words-left", "regions", "3", {"frame": "33075", "label": "<b> you &", "duration": "11025", "value": "1"}),
    ],
)
def test_sonic_visualiser_gets_a_layer_of_the_right_kind(
    clip: AudioClip, tmp_path: Path, name: str, kind: str, dimensions: str, point: dict[str, str]
) -> None:
    root = ElementTree.fromstring(files_of(clip, "sonic_visualiser", tmp_path)[f"{name}.svl"])
    model, dataset, layer = root.find("data/model"), root.find("data/dataset"), root.find("display/layer")
    assert model is not None and dataset is not None and layer is not None
    assert (model.get("sampleRate"), model.get("end"), model.get("dimensions")) == (str(RATE), str(48 * RATE), dimensions)
    assert (layer.get("type"), layer.get("model"), model.get("dataset")) == (kind, model.get("id"), dataset.get("id"))
    assert dataset[1 if len(dataset) > 1 else 0].attrib == point


def test_npz_holds_librosas_names_and_frames_that_fit(clip: AudioClip, tmp_path: Path) -> None:
    path = export_results(clip, FINDINGS, "npz", tmp_path, "1.0")
    assert path.name == "A waltz.npz"
    with np.load(path) as read:
        features = dict(read)
    frames = 1 + 48 * RATE // 512
    assert features["chroma"].shape == (12, frames)
    assert features["tempogram"].shape == (384, frames)
    assert features["onset_strength"].shape == (frames,)
    assert (float(features["tempo"]), str(features["key"]), str(features["chord_labels"][2])) == (132.0, "G:major", "D:7")
    np.testing.assert_array_equal(features["beat_frames"], librosa.time_to_frames(features["beat_times"]))
    assert features["beat_positions"][:4].tolist() == [1, 2, 3, 1]
    assert features["downbeat_times"][1] == pytest.approx(features["beat_times"][3])
    assert features["chord_intervals"].shape == (24, 2)
    assert (features["key_intervals"].tolist(), features["key_labels"].tolist()) == ([[0.0, 48.0]], ["G:major"])
    assert features["section_labels"].tolist() == ["A", "B", "A"]
    assert features["chroma"].mean(axis=1).argmax() == librosa.note_to_midi("G4") % 12
    assert librosa.util.sync(features["chroma"], features["beat_frames"]).shape[1] == len(features["beat_frames"])
    assert json.loads(str(features["metadata"]))["clip"] == "A/waltz?"


def test_a_clip_without_music_has_empty_arrays_of_the_same_shapes(clip: AudioClip, tmp_path: Path) -> None:
    with np.load(export_results(clip, BIRD, "npz", tmp_path, "1.0")) as read:
        assert np.isnan(read["tempo"])
        assert read["beat_times"].shape == read["beat_frames"].shape == (0,)
        assert read["chord_intervals"].shape == read["section_intervals"].shape == (0, 2)
        assert str(read["key"]) == ""


def test_frames_of_very_long_clips_are_refused(clip: AudioClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(librosa_features, "MAX_SECONDS", 40.0)
    with pytest.raises(ClipTooLong):
        export_results(clip, FINDINGS, "npz", tmp_path, "1.0")


def test_the_document_on_exports_names_every_array_and_layer(clip: AudioClip, tmp_path: Path) -> None:
    document = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
    with np.load(export_results(clip, FINDINGS, "npz", tmp_path, "1.0")) as read:
        assert [name for name in read if f"`{name}`" not in document] == []
    layers = {name.split(".")[0].split("-left")[0].split("-right")[0] for name in files_of(clip, "audacity", tmp_path)}
    assert [layer for layer in layers if layer not in document] == []


@pytest.mark.parametrize("export_format", ["jams", "audacity", "sonic_visualiser", "npz"])
def test_without_results_the_message_says_what_to_press(clip: AudioClip, tmp_path: Path, export_format: str) -> None:
    with pytest.raises(NothingToExport, match="press Describe"):
        export_results(clip, NOTHING, export_format, tmp_path, "1.0")
    assert list(tmp_path.glob("*.*")) == []


def test_an_unknown_format_is_refused(clip: AudioClip, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="jams, audacity"):
        export_results(clip, FINDINGS, "midi", tmp_path, "1.0")
