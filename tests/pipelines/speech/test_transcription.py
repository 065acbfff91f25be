"""Transcription with the real offline Whispers on real speech."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace

import jiwer
import pytest

from models.errors import InvalidOption, ModelUnavailable, UnknownModel, UnsuitableModel
from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import RESULTS_FOLDER
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services
from tests.recordings import EXAMPLES, librivox_sentences

GUARD_SECONDS = 60.0
BASE = WHISPER_BASE_OFFLINE.key
NORMALISED = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.SubstituteWords({"mr.": "mister"}),
        jiwer.SubstituteRegexes({"-": " "}),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)

pytestmark = pytest.mark.models


@pytest.fixture(autouse=True)
def nothing_known(speech: AudioClip) -> None:
    """Every test computes for itself."""
    shutil.rmtree(speech.directory / RESULTS_FOLDER, ignore_errors=True)


def run(services: Services, clip: AudioClip, **options: object) -> Transcription:
    """The last snapshot of a whole run."""
    chosen = TranscriptionOptions(**{"model": BASE, **options})  # type: ignore[arg-type]
    return list(transcribe(clip, chosen, services.runtime))[-1]


def error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Word error rate, without case and punctuation."""
    return float(jiwer.wer(references, hypotheses, reference_transform=NORMALISED, hypothesis_transform=NORMALISED))


def test_word_errors_on_librivox_are_those_of_bare_faster_whisper(services: Services) -> None:
    sentences = librivox_sentences()
    assert len(sentences) == 5
    ours = [run(services, services.clips.open(sentence.path)).text for sentence in sentences]
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (whisper,):
        bare = [" ".join(s.text for s in whisper.transcribe(str(x.path), vad_filter=True)[0]) for x in sentences]
    truth = [sentence.text for sentence in sentences]
    assert error_rate(truth, ours) <= error_rate(truth, bare)
    assert error_rate(truth, ours) < 0.05


def test_segments_stream_with_times_and_words(services: Services, speech: AudioClip) -> None:
    snapshots = list(transcribe(speech, TranscriptionOptions(model=BASE), services.runtime))
    counts = [len(snapshot.segments) for snapshot in snapshots]
    assert counts == sorted(counts)
    assert {0, 1, 2} <= set(counts)
    last = snapshots[-1]
    assert (last.state, last.language, last.model, last.licence) == ("done", "en", "Whisper base (offline)", "MIT")
    assert last.language_probability > 0.9
    assert last.elapsed > 0
    assert last.position == last.duration == speech.duration
    starts = [word.start for segment in last.segments for word in segment.words]
    assert starts == sorted(starts)
    assert all(0 <= s.start < s.end <= speech.duration + 0.1 for s in last.segments)
    assert "ill-disposed young man" in last.text


def test_what_was_computed_once_is_not_computed_again(
    services: Services, speech: AudioClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(services, speech)
    monkeypatch.setattr("pipelines.speech.transcription.decode_speech", lambda *_: pytest.fail("decoded again"))
    again = run(services, replace(speech, name="the same sound under another name"))
    assert again == replace(first, from_store=True, model_reason=again.model_reason)
    with pytest.raises(BaseException, match="decoded again"):
        run(services, speech, beam_size=1)


def test_english_only_tiny_model(services: Services, speech: AudioClip) -> None:
    assert "young man" in run(services, speech, model="whisper-tiny.en-offline").text


@pytest.mark.parametrize(("example", "sounds"), [("music.ogg", {"flute", "piano"}), ("blackbird.ogg", {"bird", "chirp, tweet"})])
def test_no_words_are_invented_for_the_examples_without_speech(services: Services, example: str, sounds: set[str]) -> None:
    result = run(services, services.clips.open(EXAMPLES / example))
    assert result.text == ""
    assert len(result.non_speech) == 1
    assert result.non_speech[0].sound in sounds


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"model": "whisper-enormous"}, UnknownModel),
        ({"language": "xx"}, InvalidOption),
        ({"task": "sing"}, InvalidOption),
        ({"beam_size": 0}, InvalidOption),
        ({"model": "whisper-tiny.en-offline", "language": "de"}, UnsuitableModel),
        ({"model": "whisper-tiny.en-offline", "task": "translate"}, UnsuitableModel),
        ({"model": "whisper-large-v3"}, ModelUnavailable),
    ],
)
def test_bad_options_are_refused_before_a_model_is_touched(
    options: dict[str, object], error: type[Exception], services: Services, speech: AudioClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    loads = services.runtime.cache.status().loads
    with pytest.raises(error):
        run(services, speech, **options)
    assert services.runtime.cache.status().loads == loads


def test_stop_keeps_what_is_there_and_returns_the_lease(services: Services, speech: AudioClip) -> None:
    stop = threading.Event()
    snapshots = transcribe(speech, TranscriptionOptions(model=BASE), services.runtime, stop.is_set)
    for snapshot in snapshots:
        if snapshot.segments:
            stop.set()
    assert snapshot.state == "stopped"
    assert len(snapshot.segments) == 1
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE, timeout_seconds=GUARD_SECONDS):
        pass


def test_a_closed_generator_returns_the_lease(services: Services, speech: AudioClip) -> None:
    snapshots: Iterator[Transcription] = transcribe(speech, TranscriptionOptions(model=BASE), services.runtime)
    next(snapshot for snapshot in snapshots if snapshot.state == "decoding")
    snapshots.close()  # type: ignore[attr-defined]
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE, timeout_seconds=GUARD_SECONDS):
        pass


def test_two_people_at_once_get_their_own_words(services: Services, speech: AudioClip) -> None:
    other = services.clips.open(librivox_sentences()[-1].path)
    results: dict[str, Transcription] = {}
    jobs = [
        threading.Thread(target=lambda clip=clip: results.update({clip.name: run(services, clip)})) for clip in (speech, other)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(GUARD_SECONDS)
    assert "young man" in results[speech.name].text
    assert "amiable" in results[other.name].text
