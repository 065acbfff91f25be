"""The functions that are one line for a task."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pipelines
from pipelines import (
    EmbeddingOptions,
    EverythingOptions,
    QuestionOptions,
    add_to_library,
    analyse,
    ask,
    embed,
    open_clip,
    similar,
    storyboard,
    tasks,
    transcribe,
)
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NotAudio
from pipelines.embeddings.clip_library import ClipLibrary
from pipelines.film.storyboard_types import Storyboard
from pipelines.storage.folder_storage import FolderStorage
from services import Services
from tests.recordings import EXAMPLES
from tests.test_import_direction import ROOT, SLOW_LIBRARIES


def test_importing_tasks_imports_no_slow_library() -> None:
    code = "from pipelines import transcribe, describe, picture, embed; import sys"
    check = f"{code}; print([name for name in {(*SLOW_LIBRARIES, 'gradio')!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_no_task_is_refused_as_of_any_module() -> None:
    with pytest.raises(ImportError, match="cannot import name 'translate'"):
        exec("from pipelines import translate", {})
    assert not hasattr(pipelines, "__wrapped__")


def test_completion_and_an_import_of_everything_know_the_tasks() -> None:
    names: dict[str, object] = {}
    exec("from pipelines import *", names)
    assert names.keys() >= set(tasks.__all__) <= set(dir(pipelines))


def test_every_task_takes_the_services_and_says_what_it_returns() -> None:
    functions = [function for function in map(tasks.__dict__.get, tasks.__all__) if inspect.isfunction(function)]
    assert len(functions) >= 14
    for function in functions:
        signature = inspect.signature(function)
        assert "services" in signature.parameters, function
        assert signature.return_annotation not in ("", "None"), function
        assert function.__doc__


def test_a_path_a_waveform_and_a_clip_are_sounds(services: Services) -> None:
    from_path = open_clip(str(EXAMPLES / "speech.flac"), services)
    assert open_clip(EXAMPLES / "speech.flac", services) == from_path
    assert open_clip(from_path, services) is from_path
    waveform = 0.1 * np.sin(np.arange(16000, dtype=np.float32))
    from_waveform = open_clip((waveform, 16000), services)
    assert (from_waveform.duration, from_waveform.sample_rate) == (1.0, 16000)


def test_what_is_no_sound_is_refused(services: Services) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        open_clip("nothing.wav", services)
    with pytest.raises(NotAudio):
        open_clip(ROOT / "README.md", services)
    wrong: Any = (16000, np.zeros(16000))
    with pytest.raises(TypeError, match="a waveform with its rate"):
        open_clip(wrong, services)


@pytest.mark.models
def test_results_are_complete_and_have_to_dict(services: Services, speech: AudioClip) -> None:
    found = transcribe(speech, services)
    assert found.state == "done"
    assert found.to_dict()["text"] == found.text
    answer = ask(EXAMPLES / "music.ogg", "How fast is it?", services, QuestionOptions(model="facts"))
    assert "BPM" in answer.text
    assert answer.to_dict()["spans"] == [list(span) for span in answer.spans]


@pytest.mark.models
def test_everything_that_fits_is_analysed_but_nothing_else(services: Services) -> None:
    found = analyse(EXAMPLES / "blackbird.ogg", services, EverythingOptions(subjects=("speech", "description")))
    assert found.state == "done" and found.description is not None
    assert found.speech is None
    assert found.to_dict()["left_out"][0]["subject"] == "speech"


@pytest.mark.models
def test_a_clip_in_the_library_is_found_by_another(services: Services, speech: AudioClip, tmp_path: Path) -> None:
    class WithLibrary:
        clips, runtime, library = services.clips, services.runtime, ClipLibrary(FolderStorage(tmp_path))

    own = WithLibrary()
    added = add_to_library(EXAMPLES / "music.ogg", own)
    (match,) = similar(speech, own)
    assert match.clip.content_hash == added.content_hash
    assert embed(speech, own, EmbeddingOptions("yamnet")).frames.shape[1] == 1024


@pytest.mark.models
def test_a_storyboard_is_complete(services: Services) -> None:
    board: Storyboard = storyboard(EXAMPLES / "blackbird.ogg", services)
    assert board.state == "done"
    assert len(board.entries) == len(board.scenes) > 0
