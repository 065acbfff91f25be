"""The whole analysis: what fits a clip, its order, progress, failures and Stop; and one clip with real models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.description.description import ClipDescription
from pipelines.description.findings import ClipFindings
from pipelines.everything import analysis
from pipelines.everything.analysis import analyse_everything
from pipelines.everything.bundled import bundle_contents
from pipelines.everything.summary import summary_of, text_of
from pipelines.everything.types import NO_MUSIC, NO_SPEECH, SUBJECTS, EverythingOptions, Subject, fitting_subjects
from pipelines.notes.notes import NoteTranscription
from pipelines.pictures.options import Drawing
from pipelines.speech.transcript import Transcription
from services import Services

SOME: tuple[Subject, ...] = ("speech", "description", "notes", "picture")


class Findings(ClipFindings):
    """Findings with the three decisions that count."""

    def __init__(self, speech: bool | None, vocals: bool | None, music: bool | None) -> None:
        super().__init__(10.0)
        self.__dict__.update(has_speech=speech, is_music=music)
        self.__dict__["vocals_probability"] = {True: 1.0, False: 0.0, None: 0.5}[vocals]


@pytest.mark.parametrize(
    ("speech", "vocals", "music", "left_out"),
    [
        (True, False, False, {"notes": NO_MUSIC}),
        (False, False, True, {"speech": NO_SPEECH}),
        (False, True, True, {}),
        (None, False, None, {}),
        (False, False, False, {"speech": NO_SPEECH, "notes": NO_MUSIC}),
    ],
)
def test_speech_and_notes_are_left_out_only_where_the_tags_exclude_them(
    speech: bool | None, vocals: bool | None, music: bool | None, left_out: dict[str, str]
) -> None:
    fitting, missing = fitting_subjects(Findings(speech, vocals, music), SUBJECTS)
    assert {one.subject: one.reason for one in missing} == left_out
    assert fitting == tuple(subject for subject in SUBJECTS if subject not in left_out)


def test_what_is_not_wanted_is_not_mentioned() -> None:
    assert fitting_subjects(Findings(False, False, False), ("picture",)) == (("picture",), ())


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipelines that give two snapshots each, and find that all of them fit."""

    def stub(first: Any, last: Any) -> Callable[..., Iterator[Any]]:
        def pipeline(*arguments: Any, **options: Any) -> Iterator[Any]:
            yield first
            yield last

        return pipeline

    class Tags:
        position = 5.0

    monkeypatch.setattr(analysis, "tag_sounds", stub(Tags(), Tags()))
    monkeypatch.setattr(analysis, "tag_music", stub(Tags(), Tags()))
    monkeypatch.setattr(analysis, "fitting_subjects", lambda findings, wanted: (wanted, ()))
    ends: dict[str, tuple[Any, Any]] = {
        "transcribe": (Transcription(duration=5.0), Transcription(duration=5.0, position=5.0, model="Whisper", state="done")),
        "describe_clip": (ClipDescription(5.0), ClipDescription(5.0, position=1.0, model="YAMNet, templates", state="done")),
        "notes_in_bars": (NoteTranscription(5.0), NoteTranscription(5.0, position=1.0, state="done")),
        "audio_to_image": (Drawing(steps=2), Drawing(step=2, steps=2, model="Whisper", state="done")),
    }
    for name, (first, last) in ends.items():
        monkeypatch.setattr(analysis, name, stub(first, last))


def test_subjects_follow_each_other_with_one_progress_and_all_models(stubs: None, speech: AudioClip, services: Services) -> None:
    steps = list(analyse_everything(speech, EverythingOptions(SOME), services.runtime))
    assert list(dict.fromkeys(step.subject for step in steps)) == [None, *SOME]
    positions = [step.position for step in steps]
    assert positions == sorted(positions)
    assert (steps[-1].state, steps[-1].position, steps[-1].model) == ("done", 1.0, "Whisper, YAMNet, templates")


def test_a_subject_that_fails_is_left_out_with_its_reason_and_the_others_go_on(
    stubs: None, monkeypatch: pytest.MonkeyPatch, speech: AudioClip, services: Services
) -> None:
    def fail(*arguments: Any, **options: Any) -> Iterator[Any]:
        raise AudioscopeError("No memory.")
        yield

    monkeypatch.setattr(analysis, "describe_clip", fail)
    *_, found = analyse_everything(speech, EverythingOptions(SOME), services.runtime)
    assert [(one.subject, one.reason, one.is_failure) for one in found.left_out] == [("description", "No memory.", True)]
    assert (found.state, found.description) == ("done", None)
    assert found.picture


def test_stop_keeps_what_is_there(stubs: None, speech: AudioClip, services: Services) -> None:
    steps = analyse_everything(speech, EverythingOptions(SOME), services.runtime, lambda: stopped)
    stopped = False
    for found in steps:
        stopped = found.subject == "description"
        if stopped:
            break
    *_, found = steps
    assert (found.state, found.subject, found.notes) == ("stopped", None, None)
    assert found.speech


def test_an_unknown_subject_is_refused(speech: AudioClip, services: Services) -> None:
    with pytest.raises(InvalidOption, match="dance"):
        next(analyse_everything(speech, EverythingOptions(("dance",)), services.runtime))  # type: ignore[arg-type]


@pytest.mark.models
def test_speech_gets_a_transcript_a_description_and_no_notes(speech: AudioClip, services: Services) -> None:
    options = EverythingOptions(("speech", "description", "notes"))
    *_, found = analyse_everything(speech, options, services.runtime)
    summary = summary_of(found)
    assert "leisure to consider" in summary["speech"]["text"]
    assert summary["left_out"] == [{"subject": "notes", "reason": NO_MUSIC, "is_failure": False}]
    assert text_of(found).startswith("This is 14 seconds of speech in English.")
    contents = bundle_contents(found, options)
    assert contents.transcript
    assert contents.transcript.transcription is found.speech
    assert (contents.description, contents.notes, contents.pictures) == (found.description, None, ())
