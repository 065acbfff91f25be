"""Speech after music, noise and silence, at any level, and speech that repeats itself, with the real offline Whisper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.speech.transcript import DecodingOptions
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion
from pipelines.speech.window_decoding import _is_skipped
from pipelines.speech.windows import Chunk, SpeechWindow
from services import Services
from tests.assembled_speech import espeak, read_speech, synthesise
from tests.pipelines.speech.test_decoding import segments_of, text_of
from tests.pipelines.speech.test_transcription import error_rate
from tests.recordings import EXAMPLES, librivox_sentences

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whisper(services: Services) -> Iterator[Any]:
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (model,):
        yield model


def repeated(path: Path, pause: float, times: int) -> FloatArray:
    return np.tile(np.concatenate([read_speech(path), np.zeros(int(pause * SAMPLE_RATE), np.float32)]), times)


@pytest.mark.parametrize("gain", [pytest.param(1.0, marks=pytest.mark.thorough), 0.5])
def test_a_sentence_that_is_said_twenty_times_has_twenty_lines(whisper: Any, gain: float) -> None:
    segments = segments_of(whisper, gain * repeated(librivox_sentences()[1].path, 0.5, 20))
    starts = [segment.start for segment in segments]
    assert len(segments) == 20
    np.testing.assert_allclose(starts, 0.2 + 3.49 * np.arange(20), atol=0.3)
    assert all(segment.text.lower().startswith("he was not an ") for segment in segments)
    assert all(segment.text.lower().endswith(("young man.", "young man,")) for segment in segments)


@pytest.mark.parametrize(("pause", "times"), [(0.4, 6), pytest.param(0.3, 18, marks=pytest.mark.thorough)])
def test_no_word_is_decoded_twice_where_a_window_goes_on(whisper: Any, pause: float, times: int) -> None:
    sentence = librivox_sentences()[4]
    text = text_of(segments_of(whisper, repeated(sentence.path, pause, times)))
    words = re.findall(r"\w+", text.lower())
    assert len(words) == 8 * times
    assert error_rate([" ".join([sentence.text] * times)], [text]) < 0.05


def test_each_line_of_a_repeated_sentence_starts_when_it_is_said(whisper: Any) -> None:
    sentence = synthesise("The horizon seems extremely distant.", "en-us", 150)
    sound = np.tile(np.pad(sentence, (0, int(3.5 * SAMPLE_RATE) - len(sentence))), 6)
    starts = [segment.start for segment in segments_of(whisper, sound)]
    np.testing.assert_allclose(starts, 3.5 * np.arange(6), atol=0.3)


def test_a_stretch_with_a_single_word_was_skipped() -> None:
    window = SpeechWindow(
        tuple(
            Chunk(start * SAMPLE_RATE, (start + 4) * SAMPLE_RATE, SpeechRegion(start * SAMPLE_RATE, (start + 3) * SAMPLE_RATE))
            for start in (0, 10, 20)
        )
    )
    full = [{"word": " might", "start": at + 0.3 * i, "end": at + 0.3 * i + 0.3} for at in (0.0, 8.0) for i in range(8)]
    lone = {"word": " and", "start": 5.0, "end": 5.2}
    assert _is_skipped([*full, lone], window)
    assert not _is_skipped(full, window)  # may be music
    assert not _is_skipped([*full, *({**lone, "word": " a word or two"} for _ in range(2))], window)


HEADS = {
    "music": np.resize(read_speech(EXAMPLES / "music.ogg"), 40 * SAMPLE_RATE),
    "noise": np.random.default_rng(0).normal(0.0, 0.003, 40 * SAMPLE_RATE).astype(np.float32),
    "silence": np.zeros(180 * SAMPLE_RATE, np.float32),
}


@pytest.mark.parametrize("head", HEADS)
def test_no_word_is_lost_after_what_is_no_speech(whisper: Any, head: str) -> None:
    french = espeak("Bonjour ! Est-ce que vous allez bien ?", "fr", 150)
    for said, language, opening in ((read_speech(EXAMPLES / "speech.flac"), "en", "And Mr."), (french, "fr", "Bonjour")):
        segments = segments_of(whisper, np.concatenate([HEADS[head], said]), DecodingOptions(language=language))
        assert segments[0].text.startswith(opening)
        assert segments[0].start == pytest.approx(len(HEADS[head]) / SAMPLE_RATE + (0.3 if language == "en" else 0.0), abs=0.1)


@pytest.fixture(scope="module")
def text_of_the_example(whisper: Any) -> str:
    return text_of(segments_of(whisper, read_speech(EXAMPLES / "speech.flac")))


@pytest.mark.parametrize(
    "gain",
    [
        10 ** (18 / 20) / 0.5,
        pytest.param(1e-2, marks=pytest.mark.thorough),
        pytest.param(10 ** (-60 / 20), marks=pytest.mark.thorough),
        10 ** (-70 / 20) / 0.5,
    ],
)
def test_text_does_not_depend_on_level_or_offset(whisper: Any, text_of_the_example: str, gain: float) -> None:
    sound = read_speech(EXAMPLES / "speech.flac")
    assert text_of(segments_of(whisper, (gain * (sound + 0.2)).astype(np.float32))) == text_of_the_example


def test_a_sound_of_a_moment_takes_no_word_of_the_next_sentence(whisper: Any) -> None:
    """The sounds lie half a minute and five seconds before the speech."""
    vowel = synthesise("aah", words_per_minute=80)[: int(0.15 * SAMPLE_RATE)]
    sound = np.random.default_rng(0).normal(0.0, 0.002, 40 * SAMPLE_RATE).astype(np.float32)
    for at in (12, 35):
        sound[at * SAMPLE_RATE : at * SAMPLE_RATE + len(vowel)] += 0.4 * vowel
    for head, opening in ((sound, "He was not"), (sound[: 30 * SAMPLE_RATE], "He was not")):
        segments = segments_of(whisper, np.concatenate([head, read_speech(librivox_sentences()[1].path)]))
        spoken = [segment for segment in segments if segment.end > len(head) / SAMPLE_RATE]
        assert [segment.text[: len(opening)] for segment in spoken] == [opening]
        assert spoken[0].start >= len(head) / SAMPLE_RATE


def test_a_sentence_minutes_after_another_begins_anew(whisper: Any) -> None:
    phrases = ("And so my fellow Americans,", "ask not what your country can do for you, ask what you can do for your country.")
    speech = np.concatenate([np.pad(synthesise(phrase, "en-us", 150), (0, SAMPLE_RATE)) for phrase in phrases])
    sound = np.concatenate([speech, np.zeros(22 * 60 * SAMPLE_RATE, np.float32), speech])
    segments = segments_of(whisper, sound)
    later = [segment for segment in segments if segment.end > len(sound) / SAMPLE_RATE - 20.0]
    assert later[0].text.lower().startswith("and so my fellow americans")
    assert later[0].start == pytest.approx((len(sound) - len(speech)) / SAMPLE_RATE, abs=0.1)
    assert all(word.end - word.start < 2.0 for segment in segments for word in segment.words)
    assert all(after.start - before.end < 1.0 for s in segments for before, after in pairwise(s.words))
