"""Dictation with the real offline Whisper: partial text while a sentence is read, final text at its end."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.errors import InvalidOption
from pipelines.clip.errors import ClipTooLong
from pipelines.speech.dictation import Dictation, DictationResult
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.voice_activity import SAMPLE_RATE
from services import Services
from tests.assembled_speech import read_speech
from tests.pipelines.speech.test_transcription import error_rate
from tests.recordings import EXAMPLES, librivox_sentences

PIECE_SAMPLES = SAMPLE_RATE
PAUSE = np.zeros(int(1.5 * SAMPLE_RATE), np.float32)
MAX_SECONDS = 60.0

pytestmark = pytest.mark.models


def dictation(services: Services, **options: object) -> Dictation:
    chosen = TranscriptionOptions(**{"model": "whisper-base-offline", **options})  # type: ignore[arg-type]
    return Dictation(chosen, services.runtime, MAX_SECONDS)


def spoken(session: Dictation, sound: FloatArray) -> list[DictationResult]:
    """What is written after every second, and in the end."""
    pieces = range(0, len(sound), PIECE_SAMPLES)
    return [*(session.accept(sound[at : at + PIECE_SAMPLES]) for at in pieces), session.finish()]


def test_a_phrase_has_partial_text_while_it_is_spoken_and_final_text_when_it_ends(services: Services) -> None:
    first, second = librivox_sentences()[1], librivox_sentences()[4]
    beginning = len(PAUSE) / SAMPLE_RATE
    sounds = read_speech(first.path), read_speech(second.path)
    written = spoken(dictation(services), np.concatenate([PAUSE, sounds[0], PAUSE, sounds[1]]))
    guesses = [snapshot.partial for snapshot in written if snapshot.partial]
    assert len(guesses) >= 3
    assert any("might even have been made" in guess for guess in guesses)
    assert [len(snapshot.segments) for snapshot in written] == sorted(len(snapshot.segments) for snapshot in written)
    assert written[-2].segments
    last = written[-1]
    assert last.partial == ""
    assert error_rate([f"{first.text} {second.text}"], [" ".join(segment.text for segment in last.segments)]) <= 0.1
    assert last.language is not None
    assert last.language.code == "en"
    assert last.segments[0].start == pytest.approx(beginning, abs=0.5)
    second_start = 2 * beginning + len(sounds[0]) / SAMPLE_RATE
    assert last.segments[-1].words[0].start == pytest.approx(second_start, abs=0.6)


def test_the_recording_is_all_that_came_in(services: Services) -> None:
    session = dictation(services)
    sound = np.linspace(-0.1, 0.1, 3 * SAMPLE_RATE, dtype=np.float32)
    spoken(session, sound)
    assert np.abs(session.waveform() / 32767 - sound).max() < 1e-4


def test_the_recording_ends_soon_after_the_last_word(services: Services) -> None:
    session = dictation(services)
    sentence = read_speech(librivox_sentences()[1].path)
    spoken(session, np.concatenate([sentence, np.zeros(10 * SAMPLE_RATE, np.float32)]))
    assert len(sentence) - SAMPLE_RATE < len(session.waveform()) < len(sentence) + 2 * SAMPLE_RATE


def test_nothing_is_written_without_speech(services: Services) -> None:
    written = spoken(dictation(services), read_speech(EXAMPLES / "music.ogg")[: 8 * SAMPLE_RATE])
    assert not any(snapshot.partial or snapshot.segments for snapshot in written)


def test_nothing_said_and_too_much_said(services: Services) -> None:
    assert dictation(services).finish() == DictationResult()
    session = dictation(services)
    session.accept(PAUSE)
    with pytest.raises(ClipTooLong):
        session.accept(np.zeros(int(MAX_SECONDS * SAMPLE_RATE), np.float32))
    assert len(session.waveform()) == len(PAUSE)


def test_bad_options_are_refused(services: Services) -> None:
    with pytest.raises(InvalidOption):
        dictation(services, language="xx")
