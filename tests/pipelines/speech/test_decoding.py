"""Packed decoding with the real offline Whisper on real and on synthetic speech."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.jobs.batch_budget import BatchBudget
from pipelines.speech import decoding
from pipelines.speech.decoding import decode_speech
from pipelines.speech.encoding import encode_windows
from pipelines.speech.language_id import Language
from pipelines.speech.transcript import DecodingOptions, Segment
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.window_decoding import FALLBACK_SEARCHES, Hypothesis, WindowDecoder
from services import Services
from tests.assembled_speech import KnownWords, read_speech, sentences_with_pauses, synthesise, words_at_known_times
from tests.pipelines.speech.test_transcription import error_rate
from tests.recordings import EXAMPLES, librivox_sentences

GUARD_SECONDS = 60.0
ENGLISH = DecodingOptions(language="en")

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def whisper(services: Services) -> Iterator[Any]:
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (model,):
        yield model


@pytest.fixture(scope="module")
def known_words() -> KnownWords:
    return words_at_known_times(75.0)


@pytest.fixture(scope="module")
def recognised(whisper: Any, known_words: KnownWords) -> list[Segment]:
    """Segments of the known words with the filter, which most clips are decoded with."""
    return segments_of(whisper, known_words.waveform)


def segments_of(whisper: Any, waveform: FloatArray, options: DecodingOptions = ENGLISH) -> list[Segment]:
    return [step for step in decode_speech(whisper, waveform, options, never_stop) if isinstance(step, Segment)]


def text_of(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def start_errors(segments: list[Segment], known: KnownWords) -> list[float]:
    """Seconds by which each recognised word is late."""
    recognised = [(word.text.lower().strip(" .,!?"), word.start) for segment in segments for word in segment.words]
    matches = SequenceMatcher(None, known.words, [text for text, _ in recognised], autojunk=False).get_matching_blocks()
    return [recognised[m.b + i][1] - known.starts[m.a + i] for m in matches for i in range(m.size)]


@pytest.mark.thorough
def test_word_errors_are_those_of_bare_faster_whisper(whisper: Any) -> None:
    known = sentences_with_pauses(100.0)
    bare, _ = whisper.transcribe(known.waveform, vad_filter=True, temperature=0.0, condition_on_previous_text=False)
    reference = error_rate([known.text], [" ".join(segment.text for segment in bare)])
    assert error_rate([known.text], [text_of(segments_of(whisper, known.waveform))]) <= reference + 0.01


@pytest.mark.parametrize("filtered", [True, False])
def test_words_begin_when_they_are_said(whisper: Any, known_words: KnownWords, recognised: list[Segment], filtered: bool) -> None:
    unfiltered = replace(ENGLISH, vad_filter=False)
    errors = start_errors(recognised if filtered else segments_of(whisper, known_words.waveform, unfiltered), known_words)
    assert len(errors) > 0.8 * len(known_words.words)
    assert float(np.median(np.abs(errors))) < 0.15


def test_segments_come_in_order_and_their_words_too(recognised: list[Segment]) -> None:
    starts = [word.start for segment in recognised for word in segment.words]
    assert len(recognised) > 1 and starts == sorted(starts)
    assert all(segment.start == segment.words[0].start < segment.end == segment.words[-1].end for segment in recognised)
    assert all(before.end <= after.start for before, after in pairwise(recognised))


@pytest.mark.parametrize("with_words", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_a_long_silence_does_not_shift_what_follows(whisper: Any, with_words: bool) -> None:
    first, second = (read_speech(sentence.path) for sentence in librivox_sentences()[:2])
    silence = np.zeros(90 * SAMPLE_RATE, np.float32)
    before, after = segments_of(whisper, np.concatenate([first, silence, second]), replace(ENGLISH, word_timestamps=with_words))
    assert 0.0 <= before.start < 1.0
    assert before.end == pytest.approx(len(first) / SAMPLE_RATE, abs=1.0)
    assert after.start == pytest.approx(90.0 + len(first) / SAMPLE_RATE, abs=0.6)
    assert "young man" in after.text
    assert bool(after.words) == with_words


def test_the_language_comes_first(whisper: Any) -> None:
    german = synthesise("Guten Morgen, meine Damen und Herren. Der Zug nach Hamburg fährt heute von Gleis sieben ab.", "de")
    language, *segments = decode_speech(whisper, german, DecodingOptions(), never_stop)
    assert isinstance(language, Language)
    assert language.code == "de"
    assert 0.5 < language.probability <= 1.0
    assert any(isinstance(segment, Segment) and "Hamburg" in segment.text for segment in segments)
    assert next(decode_speech(whisper, german, ENGLISH, never_stop)) == Language("en", 1.0)


def test_a_clip_without_speech_has_no_segments(whisper: Any) -> None:
    assert list(decode_speech(whisper, read_speech(EXAMPLES / "music.ogg"), DecodingOptions(), never_stop)) == []


def test_a_prompt_and_hotwords_lead_the_spelling(whisper: Any) -> None:
    sound = read_speech(librivox_sentences()[0].path)
    assert "Dashwood " in text_of(segments_of(whisper, sound))
    assert "Dashwoode" in text_of(
        segments_of(whisper, sound, replace(ENGLISH, initial_prompt="The Dashwoodes. Mr. John Dashwoode."))
    )
    assert "Dashwoode" in text_of(segments_of(whisper, sound, replace(ENGLISH, hotwords="Mr. John Dashwoode")))


def test_what_the_model_leaves_out_at_the_end_is_decoded_again(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = read_speech(EXAMPLES / "speech.flac")
    whole = text_of(segments_of(whisper, sound))
    generate, calls = WindowDecoder._generate, []

    def lazy(decoder: WindowDecoder, *args: Any, **kwargs: Any) -> list[Hypothesis]:
        hypotheses = generate(decoder, *args, **kwargs)
        calls.append(len(hypotheses))
        if len(calls) > 1:
            return hypotheses
        begin = decoder._tokenizer.timestamp_begin
        first_end = next(i for i, token in enumerate(hypotheses[0].tokens) if i and token >= begin)
        return [replace(hypotheses[0], tokens=hypotheses[0].tokens[: first_end + 1]), *hypotheses[1:]]

    monkeypatch.setattr(WindowDecoder, "_generate", lazy)
    again = text_of(segments_of(whisper, sound))
    assert error_rate([whole], [again]) < 0.1
    assert len(calls) >= 2


def test_poor_text_of_a_short_window_is_searched_again_in_other_ways(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    searches = list[dict[str, Any]]()
    generate = WindowDecoder._generate

    def noted(decoder: WindowDecoder, *args: Any, **kwargs: Any) -> list[Hypothesis]:
        searches.append(kwargs)
        if len(searches) <= 2:
            return [Hypothesis(decoder._tokenizer.encode(" and so on" * 40), -0.1, 0.0)]
        return generate(decoder, *args, **kwargs)

    monkeypatch.setattr(WindowDecoder, "_generate", noted)
    assert "young man" in text_of(segments_of(whisper, read_speech(librivox_sentences()[1].path)))
    assert searches == [{"beam_size": 5}, *FALLBACK_SEARCHES[:2]]


def test_the_least_repetitive_text_that_fits_the_speech_is_chosen(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = iter(
        [" young man" * 300, " young man" * 9, " young man, old" * 2 + " man" * 12, " young man" * 12, " young man" * 300]
    )

    def repetitive(decoder: WindowDecoder, *_: Any, **__: Any) -> list[Hypothesis]:
        text = next(texts)
        return [Hypothesis(decoder._tokenizer.encode(text), -0.01 if len(text) > 1000 else -0.3, 0.0)]

    monkeypatch.setattr(WindowDecoder, "_generate", repetitive)
    text = text_of(segments_of(whisper, read_speech(librivox_sentences()[1].path), replace(ENGLISH, word_timestamps=False)))
    assert text.startswith("young man, old young man, old man")


def test_two_runs_agree_where_the_model_is_unsure(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The noise makes every search fail."""
    sound = read_speech(librivox_sentences()[1].path)
    noisy = sound + np.random.default_rng(1).normal(0.0, 0.1, len(sound)).astype(np.float32)
    generate, searches = WindowDecoder._generate, []

    def noted(decoder: WindowDecoder, *args: Any, **kwargs: Any) -> list[Hypothesis]:
        searches.append(kwargs)
        return generate(decoder, *args, **kwargs)

    monkeypatch.setattr(WindowDecoder, "_generate", noted)
    first = segments_of(whisper, noisy)
    assert len(searches) > 1
    assert segments_of(whisper, noisy) == first


def test_what_sounds_like_no_speech_is_left_out() -> None:
    assert Hypothesis([1], log_probability=-1.2, no_speech_probability=0.7).is_silence
    assert not Hypothesis([1], log_probability=-0.5, no_speech_probability=0.7).is_silence
    assert not Hypothesis([1], log_probability=-1.2, no_speech_probability=0.5).is_silence


def test_stop_ends_the_work_between_two_steps_of_the_model(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    generated = list[int]()
    generate = WindowDecoder._generate

    def stopping(decoder: WindowDecoder, *args: Any, **kwargs: Any) -> list[Hypothesis]:
        stop.set()
        generated.append(1)
        return generate(decoder, *args, **kwargs)

    monkeypatch.setattr(WindowDecoder, "_generate", stopping)
    steps = list(decode_speech(whisper, sentences_with_pauses(100.0).waveform, ENGLISH, stop.is_set))
    assert steps == [Language("en", 1.0)]
    assert len(generated) <= whisper.model.num_workers


def test_closing_ends_its_threads(whisper: Any) -> None:
    steps = decode_speech(whisper, sentences_with_pauses(100.0).waveform, ENGLISH, never_stop)
    next(step for step in steps if isinstance(step, Segment))
    steps.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder")]


def test_batches_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = decoding._growing_batches(iter(range(20)), BatchBudget(4), 2)  # type: ignore[arg-type]
    assert [len(batch) for batch in batches] == [1, 1, 2, 2, 4, 4, 4, 2]


def test_memory_that_runs_out_makes_batches_smaller_and_loses_no_word(whisper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = sentences_with_pauses(100.0)
    failures, evicted = list[int](), list[int]()

    def encode_one(whisper: Any, windows: list[Any], waveform: FloatArray) -> Any:
        if len(windows) > 1 or not failures:
            failures.append(len(windows))
            raise RuntimeError("CUDA failed with error out of memory")
        return encode_windows(whisper, windows, waveform)

    monkeypatch.setattr(decoding, "encode_windows", encode_one)
    budget = BatchBudget(2, lambda: evicted.append(1))
    steps = decode_speech(whisper, known.waveform, ENGLISH, never_stop, budget)
    text = text_of([step for step in steps if isinstance(step, Segment)])
    assert max(failures) == 2
    assert len(failures) == len(evicted)
    assert budget.size == 1
    monkeypatch.undo()
    in_batches = text_of(segments_of(whisper, known.waveform))
    assert error_rate([known.text], [text]) <= error_rate([known.text], [in_batches]) + 0.02


GERMAN = "Guten Morgen, meine Damen und Herren. Der Zug nach Hamburg fährt heute von Gleis sieben ab."
SENTENCES = {
    "de": GERMAN,
    "es": "Buenos días, señoras y señores. El tren hacia Madrid sale hoy de la vía siete.",
    "it": "Buongiorno signore e signori, il treno per Roma parte oggi dal binario sette.",
    "pl": "Dzień dobry państwu, pociąg do Warszawy odjedzie dzisiaj z toru siódmego.",
    "sv": "God morgon mina damer och herrar, tåget till Stockholm avgår idag från spår sju.",
    "fi": "Hyvää huomenta, hyvät naiset ja herrat. Juna Helsinkiin lähtee tänään raiteelta seitsemän.",
    "ja": "おはようございます。東京行きの電車は今日七番線から出発します。",
    "en-us": "Good morning, ladies and gentlemen. The train to London leaves from platform seven today.",
}


@pytest.mark.parametrize("voice", SENTENCES)
def test_eight_languages_are_told_apart(whisper: Any, voice: str) -> None:
    language = next(decode_speech(whisper, synthesise(SENTENCES[voice], voice), DecodingOptions(), never_stop))
    assert isinstance(language, Language)
    assert language.code == voice[:2]
    chances = [language.probability, *(guess.probability for guess in language.alternatives)]
    assert len(language.alternatives) == 3
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1.0 + 1e-6


def test_each_stretch_is_written_in_its_own_language(whisper: Any) -> None:
    pause = np.zeros(SAMPLE_RATE, np.float32)
    english = [read_speech(sentence.path) for sentence in librivox_sentences()[:2]]
    sound = np.concatenate([english[0], pause, synthesise(GERMAN, "de"), pause, english[1]])
    language, *segments = decode_speech(whisper, sound, DecodingOptions(), never_stop)
    assert isinstance(language, Language)
    assert language.code == "en"
    spoken = [(segment.language, segment.text) for segment in segments if isinstance(segment, Segment)]
    german = " ".join(text for code, text in spoken if code == "de")
    assert "Damen und Herren" in german
    assert "Dashwood" in " ".join(text for code, text in spoken if code == "en")
    assert spoken[-1][0] == "en"
    assert "young man" in spoken[-1][1]
    fixed = segments_of(whisper, sound, ENGLISH)
    assert {segment.language for segment in fixed} == {"en"}


@pytest.mark.thorough
def test_a_language_begins_with_its_first_line_and_ends_with_its_last(whisper: Any) -> None:
    pause = np.zeros(int(0.5 * SAMPLE_RATE), np.float32)
    german = [
        synthesise(text, "de", 150)
        for text in (
            "Meine Schwester wohnt seit drei Jahren in München.",
            "Und dann gehen wir zusammen in die Stadt.",
            "Wir müssen noch einkaufen, bevor die Geschäfte schließen.",
        )
    ]
    english = [read_speech(sentence.path) for sentence in librivox_sentences()[1:5]]
    spoken = [*zip(english[:2], "ee", strict=True), *zip(german, "ddd", strict=True), *zip(english[2:], "ee", strict=True)]
    parts, spans, at = [], [], 0
    for sound, language in spoken:
        spans.append((at / SAMPLE_RATE, (at + len(sound)) / SAMPLE_RATE, {"e": "en", "d": "de"}[language]))
        parts += [sound, pause]
        at += len(sound) + len(pause)
    lines = segments_of(whisper, np.concatenate(parts), DecodingOptions())
    for start, end, language in spans:
        middle = (start + end) / 2
        (line,) = [line for line in lines if line.start <= middle < line.end]
        assert line.speech_language == language, line


def test_two_languages_make_no_third_one(whisper: Any) -> None:
    pause = np.zeros(int(0.9 * SAMPLE_RATE), np.float32)
    english = ["And so, my friends,", "ask not", "what your country can do for you, ask what you can do for your country."]
    german = "Das Wetter ist heute sehr schön, und wir gehen am Nachmittag zum Bahnhof und essen am Abend mit der Familie."
    parts = [part for text in english for part in (synthesise(text, "en-us", 130), pause)]
    sound = np.concatenate([*parts, synthesise(german, "de", 140), pause])
    change = sum(len(part) for part in parts) / SAMPLE_RATE
    spoken = [
        (segment.start > change - 1.0, segment.speech_language) for segment in segments_of(whisper, sound, DecodingOptions())
    ]
    assert set(spoken) == {(False, "en"), (True, "de")}
