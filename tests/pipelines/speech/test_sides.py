"""Transcription of clips that hold a recording on each side."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.speech.sides import in_order, is_leak, with_line
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions
from pipelines.speech.transcription import decode_line, find_stored, transcribe
from services import Services
from tests.assembled_speech import RATE, espeak, read_speech, synthesise
from tests.pipelines.clip.sound_files import encode
from tests.recordings import EXAMPLES, librivox_sentences

DOCTOR = "The doctor arrives tomorrow morning at nine o'clock."
BASKETS = "Seven wooden baskets are standing near the garden gate."
GERMAN = "Guten Morgen, meine Damen und Herren, heute ist das Wetter sehr schön."


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    return ClipStore(tmp_path_factory.mktemp("clips"))


def two_sides(store: ClipStore, folder: Path, left: FloatArray, right: FloatArray, crosstalk: float = 0.0) -> AudioClip:
    """Open a stereo recording of two sounds, the shorter one followed by silence."""
    sides = np.zeros((2, max(len(left), len(right)) + RATE // 2), np.float32)
    sides[0, : len(left)], sides[1, : len(right)] = left, right
    return store.open(encode(folder / "two.wav", sides + crosstalk * sides[::-1], "wav", "pcm_s16le", RATE))


def silence(seconds: float) -> FloatArray:
    return np.zeros(round(seconds * RATE), np.float32)


def run(services: Services, clip: AudioClip, **options: object) -> Transcription:
    chosen = TranscriptionOptions(**{"model": WHISPER_BASE_OFFLINE.key, **options})  # type: ignore[arg-type]
    return list(transcribe(clip, chosen, services.runtime))[-1]


def lines_of(result: Transcription, side: str) -> str:
    return " ".join(segment.text for segment in result.segments if segment.side == side)


def test_lines_of_both_sides_come_in_order_of_time_and_all_are_closed() -> None:
    closed = []

    def decoded(*starts: float) -> Generator[Segment | str, None, None]:
        try:
            yield "language"
            yield from (Segment(start, start + 1, "x") for start in starts)
        finally:
            closed.append(starts)

    steps = list(in_order({"left": decoded(0, 2, 5), "right": decoded(1, 2, 3)}))
    assert steps[:2] == ["language", "language"]
    lines = [(step.start, step.side) for step in steps if isinstance(step, Segment)]
    assert lines == [(0, "left"), (1, "right"), (2, "left"), (2, "right"), (3, "right"), (5, "left")]
    some = in_order({"left": decoded(0), "right": decoded(1)})
    assert isinstance(some, Iterator)
    next(some)
    closed.clear()
    some.close()  # type: ignore[attr-defined]
    assert closed == [(0,), (1,)] or closed == [(1,), (0,)]


def test_times_of_both_sides_are_joined() -> None:
    times = [(0.0, 9.0, "left"), (1.0, 2.0, "right"), (8.0, 10.0, "right"), (10.0, 11.0, "left"), (15.0, 16.0, "right")]
    segments = tuple(Segment(start, end, "x", side=side) for start, end, side in times)
    now = Transcription(duration=20.0, segments=segments, model="", model_reason="", licence="", dtype="", device="")
    assert now.speech_spans == ((0.0, 10.0), (10.0, 11.0), (15.0, 16.0))


def test_what_leaks_to_the_other_side_is_written_once(store: ClipStore, tmp_path: Path) -> None:
    clip = two_sides(store, tmp_path, synthesise(DOCTOR), np.concatenate([silence(5), synthesise(BASKETS)]), crosstalk=0.2)
    said, leaked = Segment(0.0, 3.0, DOCTOR, side="left"), Segment(0.1, 3.0, "The doctor arrive tomorrow at nine.", side="right")
    answer = Segment(5.0, 8.0, BASKETS, side="right")
    assert with_line((said,), leaked, clip) == (said,)
    assert with_line((leaked,), said, clip) == (said,)
    assert with_line((said,), answer, clip) == (said, answer)


def test_two_voices_that_say_the_same_at_once_are_both_written() -> None:
    one, other = synthesise(DOCTOR), 0.4 * synthesise(DOCTOR, "en-us+f3", 150)
    size = min(len(one), len(other))
    assert not is_leak(other[:size], one[:size])
    assert is_leak(np.roll(0.4 * one, 100), one)
    assert not is_leak(one, np.roll(0.4 * one, 100))


@pytest.mark.models
def test_two_people_on_two_sides_are_both_read(services: Services, store: ClipStore, tmp_path: Path) -> None:
    clip = two_sides(store, tmp_path, espeak(DOCTOR, "en-us", 150), espeak(BASKETS, "en-us+f3", 150))
    result = run(services, clip)
    assert "doctor arrives tomorrow morning" in lines_of(result, "left")
    assert "baskets are standing near the garden gate" in lines_of(result, "right").lower()
    alone = [run(services, store.select(clip, 0, channel)).text for channel in (0, 1)]
    assert [lines_of(result, side) for side in clip.sides] == alone
    assert [segment.start for segment in result.segments] == sorted(segment.start for segment in result.segments)
    assert result.state == "done"
    assert result.position == clip.duration
    options = TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key)
    known = find_stored(clip, options, services.runtime.catalog)
    assert known is not None
    assert known.segments == result.segments
    mixed = run(services, clip, separate_sides=False)
    assert {segment.side for segment in mixed.segments} == {""}
    line = next(segment for segment in result.segments if segment.side == "right")
    (again,) = decode_line(clip, line, replace(options, beam_size=1), services.runtime)
    assert again.side == "right"
    assert "baskets" in again.text


@pytest.mark.models
def test_each_side_has_its_own_language(services: Services, store: ClipStore, tmp_path: Path) -> None:
    left = read_speech(librivox_sentences()[0].path)
    result = run(services, two_sides(store, tmp_path, left, synthesise(GERMAN, "de", 130)))
    assert {segment.speech_language for segment in result.segments if segment.side == "left"} == {"en"}
    assert {segment.speech_language for segment in result.segments if segment.side == "right"} == {"de"}
    assert {language.code for language in result.languages} == {"en", "de"}
    assert sum(language.share for language in result.languages) == pytest.approx(1.0)


@pytest.mark.models
def test_a_side_that_is_silent_most_of_the_time_has_only_its_words(services: Services, store: ClipStore, tmp_path: Path) -> None:
    left = np.concatenate([read_speech(sentence.path) for sentence in librivox_sentences()])
    right = np.concatenate([silence(len(left) / RATE / 2), synthesise(BASKETS, "en-us+f3", 150)])
    hiss = np.random.default_rng(0).normal(0, 3e-4, len(left)).astype(np.float32)
    hiss[: len(right)] += right
    result = run(services, two_sides(store, tmp_path, left, hiss))
    spoken = [segment for segment in result.segments if segment.side == "right"]
    assert len(spoken) == 1
    assert "wooden baskets" in spoken[0].text
    assert spoken[0].start == pytest.approx(len(left) / RATE / 2, abs=0.4)
    assert len(lines_of(result, "left").split()) > 60


@pytest.mark.models
@pytest.mark.thorough
def test_two_real_voices_at_once_read_as_each_does_alone(services: Services, store: ClipStore, tmp_path: Path) -> None:
    sentences = librivox_sentences()[1:3]
    left, right = (read_speech(sentence.path) for sentence in sentences)
    result = run(services, two_sides(store, tmp_path, left, right))
    alone = [run(services, store.open(sentence.path)).text for sentence in sentences]
    assert [lines_of(result, side) for side in ("left", "right")] == alone


@pytest.mark.models
def test_what_one_says_after_the_other_is_not_written_twice(services: Services, store: ClipStore, tmp_path: Path) -> None:
    left = synthesise(DOCTOR, "en-us", 150)
    right = np.concatenate([silence(len(left) / RATE + 0.8), synthesise(BASKETS, "en-us+f3", 150)])
    result = run(services, two_sides(store, tmp_path, left, right, crosstalk=0.25))
    assert "doctor" in lines_of(result, "left")
    assert "basket" in lines_of(result, "right")
    assert result.text.count("doctor") == 1
    assert result.text.count("garden gate") == 1


def test_a_stereo_song_has_no_sides(store: ClipStore) -> None:
    assert store.open(EXAMPLES / "music.ogg").sides == ()
