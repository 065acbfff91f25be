"""Chunks of a recording are answered with its tempo, and nothing is kept after the last one."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr
import librosa
import numpy as np
import pytest

from components.clip.live_tempo import LiveTempo
from services import Services
from tests.recordings import EXAMPLES

RATE = 48_000

pytestmark = pytest.mark.models


def chunk(samples: Any, first: bool = False, last: bool = False, rate: object = RATE) -> gr.EventData:
    pcm = base64.b64encode((samples * 32767).astype("<i2").tobytes()).decode()
    return gr.EventData(None, {"pcm": pcm, "rate": rate, "first": first, "last": last})


def test_the_example_of_music_has_its_tempo_after_some_seconds(services: Services) -> None:
    live, session = LiveTempo(services.runtime), None
    y, _ = librosa.load(EXAMPLES / "music.ogg", sr=RATE)
    answers = []
    for start in range(0, 12 * RATE, RATE // 2):
        value, session = live.accept(session, chunk(y[start : start + RATE // 2], first=start == 0))
        answers.append(value)
    assert answers[0]["tempo"] == {}
    assert answers[-1]["tempo"]["bpm"] == pytest.approx(96, rel=0.03)
    assert 10 < answers[-1]["tempo"]["beat"] <= 12
    assert len({answer["id"] for answer in answers}) == len(answers)
    value, session = live.accept(session, chunk(np.zeros(0, np.float32), last=True))
    assert (value["tempo"], session) == ({}, None)


def test_what_is_no_sound_is_answered_with_a_sentence_and_ends_it(services: Services) -> None:
    value, session = LiveTempo(services.runtime).accept(None, chunk(np.zeros(100), first=True, rate="fast"))
    assert "sample rate" in value["tempo"]["failure"]
    assert session is None
