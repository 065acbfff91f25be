"""Undo, redo, and the versions that stay."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import FACTS_FILE
from pipelines.clip.errors import ClipExpired
from pipelines.clip.kept_results import KeptResults
from pipelines.speech.edits.lines import Lines, with_correction, with_merger, with_move, with_replacement, with_split
from pipelines.speech.edits.versions import TranscriptVersion, TranscriptVersions, new_version, transcript_versions
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.storage.folder_storage import FolderStorage
from tests.pipelines.speech.edits.test_lines import LINES

DURATION = 20.0
NOW = Transcription(
    duration=DURATION, model="Whisper", model_reason="", licence="MIT", dtype="int8", device="cpu", state="done", segments=LINES
)
OPTIONS = TranscriptionOptions()


@pytest.fixture
def clip(tmp_path: Path) -> AudioClip:
    (tmp_path / FACTS_FILE).touch()
    return AudioClip("0" * 32, 16_000, DURATION, 1, "wav", "pcm_s16le", tmp_path)


@pytest.fixture
def kept(tmp_path: Path) -> KeptResults:
    return KeptResults(FolderStorage(tmp_path), {})


def lines_of(version: TranscriptVersion) -> Lines:
    return version.transcription.segments


def some_edit(lines: Lines, draw: random.Random) -> Lines:
    """Lines after any one of the edits."""
    index = draw.randrange(len(lines))
    text = lines[index].text
    edits = [
        lambda: with_correction(lines, index, text + " now"),
        lambda: with_correction(lines, index, ""),
        lambda: with_split(lines, index, *text.split(" ", 1)) if " " in text else lines,
        lambda: with_merger(lines, 0, lines[0].text),
        lambda: with_replacement(lines, "the", "a"),
        lambda: with_move(lines, 0.1, DURATION),
    ]
    return draw.choice(edits)()


@pytest.mark.parametrize("seed", range(8))
def test_undo_and_redo_go_over_all_edits(seed: int) -> None:
    draw, version, states = random.Random(seed), new_version(NOW, OPTIONS), list[Lines]([LINES])
    for _ in range(12):
        if len(lines_of(version)) < 2:
            break
        version = version.with_items(some_edit(lines_of(version), draw))
        states += [lines_of(version)] if lines_of(version) != states[-1] else []
    assert len(version.done) == len(states) - 1
    for state in reversed(states[:-1]):
        version = version.undo()
        assert lines_of(version) == state
    assert version.undo() == version
    for state in states[1:]:
        version = version.redo()
        assert lines_of(version) == state
    assert version.redo() == version


def test_an_edit_after_an_undo_cannot_be_redone_over() -> None:
    version = new_version(NOW, OPTIONS).with_items(LINES[1:]).undo().with_items(LINES[:1])
    assert version.redo() == version


def test_what_changes_nothing_is_no_edit() -> None:
    assert not new_version(NOW, OPTIONS).with_items(LINES).is_edited


def test_edited_versions_stay_beside_a_new_run() -> None:
    edited = new_version(NOW, OPTIONS).with_items(LINES[1:])
    versions = TranscriptVersions().with_version(edited).with_version(new_version(NOW, OPTIONS))
    assert len(versions.versions) == 2
    assert versions.shown == versions.versions[1]
    again = versions.with_version(new_version(NOW, OPTIONS))
    assert len(again.versions) == 2  # the unedited one gave way
    assert again.showing(edited.id).shown == edited
    assert again.showing("unknown") == again


def test_edits_are_stored_for_one_person(kept: KeptResults, clip: AudioClip) -> None:
    edited = new_version(NOW, OPTIONS).with_items(LINES[1:])
    transcript_versions(kept).change(clip, "anna", lambda known: known.with_version(edited))
    assert transcript_versions(kept).find(clip, "anna").shown == edited
    assert transcript_versions(kept).find(clip, "ben") == TranscriptVersions()


def test_a_clip_that_is_gone_is_called_so(kept: KeptResults, clip: AudioClip) -> None:
    gone = replace(clip, directory=clip.directory / "gone")
    with pytest.raises(ClipExpired):
        transcript_versions(kept).change(gone, "anna", lambda known: known)


def test_a_resumed_run_adds_its_lines_after_edited_ones() -> None:
    stopped = LINES[:2]
    edited = new_version(replace(NOW, segments=stopped, state="stopped"), OPTIONS)
    edited = edited.with_items(with_correction(stopped, 0, "The young farmer"))
    resumed = edited.resumed(NOW, stopped)
    assert [line.text for line in lines_of(resumed)] == ["The young farmer", "sold the clock.", "He left."]
    assert lines_of(resumed.undo()) == LINES
    assert resumed.id == edited.id


def test_a_resumed_run_whose_lines_are_cut_by_speakers_keeps_the_edited_ones_with_their_speakers() -> None:
    stopped = LINES[:2]
    edited = new_version(replace(NOW, segments=stopped, state="stopped"), OPTIONS)
    edited = edited.with_items(with_correction(stopped, 0, "The young farmer"))
    cut = with_split(LINES, 1, "sold", "the clock.")
    spoken = tuple(replace(line, speaker=f"Speaker {number}") for line, number in zip(cut, (1, 2, 2, 1), strict=True))
    resumed = edited.resumed(replace(NOW, segments=spoken), stopped)
    assert [(line.text, line.speaker) for line in lines_of(resumed)] == [
        ("The young farmer", "Speaker 1"),
        ("sold the clock.", "Speaker 2"),
        ("He left.", "Speaker 1"),
    ]
