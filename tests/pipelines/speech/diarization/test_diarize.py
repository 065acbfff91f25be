"""Lines with speakers: two real voices, two sides, and encoders of the hub's classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import InvalidOption
from models.loading.loaders import ModelLoaders
from models.runtime import ModelRuntime
from models.specs.speakers import RESEMBLYZER, WAVLM_SPEAKERS
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.speech.diarization.diarize import with_speakers
from pipelines.speech.diarization.voices import embed_voices
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions, Word
from pipelines.speech.transcription import check_options, choose_whisper, find_stored, store_result, transcribe
from pipelines.speech.voice_activity import SAMPLE_RATE, SpeechRegion
from services import Services
from tests.assembled_speech import espeak, read_speech
from tests.models.tiny_encoders import save_speaker_encoder
from tests.recordings import librivox_sentences

PIECES = ("one", "two", "three", "four", "five", "six")


def line(start: float, end: float, side: str = "") -> Segment:
    """A line of six words of equal length."""
    bounds = np.linspace(start, end, len(PIECES) + 1).tolist()
    words = tuple(Word(first, last, text, 0.9) for first, last, text in zip(bounds, bounds[1:], PIECES, strict=False))
    return Segment(start, end, " ".join(PIECES), words, "en", side=side)


@pytest.fixture(scope="module")
def conversation(services: Services, tmp_path_factory: pytest.TempPathFactory) -> tuple[AudioClip, list[float]]:
    """A reader of LibriVox, espeak-ng, and the reader again, with the times of the changes."""
    first, second = (read_speech(sentence.path)[: 6 * SAMPLE_RATE] for sentence in librivox_sentences()[:2])
    between = espeak("Seven wooden baskets are standing near the garden gate, and the old farmer has gone home.", "en-us", 140)
    parts = [first, between, second]
    changes = np.cumsum([len(part) / SAMPLE_RATE for part in parts]).tolist()
    path = tmp_path_factory.mktemp("conversation") / "two.wav"
    soundfile.write(path, np.concatenate(parts), SAMPLE_RATE)
    return services.clips.open(path), changes


def test_a_line_is_cut_between_words_where_the_speaker_changes(
    services: Services, conversation: tuple[AudioClip, list[float]]
) -> None:
    clip, (first, second, end) = conversation
    lines = (line(0.0, first - 2.0), line(first - 2.0, first + 2.0), line(first + 2.0, second), line(second, end))
    found = with_speakers(clip, lines, None, RESEMBLYZER, services.runtime, never_stop)
    assert [each.speaker for each in found] == ["Speaker 1", "Speaker 1", "Speaker 2", "Speaker 2", "Speaker 1"]
    assert found[1].end == pytest.approx(first, abs=0.7)
    assert " ".join(each.text for each in found[1:3]) == lines[1].text
    assert [word for each in found for word in each.words] == [word for each in lines for word in each.words]


def test_a_line_without_words_is_never_cut(services: Services, conversation: tuple[AudioClip, list[float]]) -> None:
    clip, (first, second, _) = conversation
    lines = tuple(replace(each, words=()) for each in (line(0.0, first), line(first, second)))
    found = with_speakers(clip, lines, 2, RESEMBLYZER, services.runtime, never_stop)
    assert [(each.start, each.text, each.speaker) for each in found] == [
        (lines[0].start, lines[0].text, "Speaker 1"),
        (lines[1].start, lines[1].text, "Speaker 2"),
    ]


def test_each_side_of_a_call_is_a_speaker(services: Services, conversation: tuple[AudioClip, list[float]]) -> None:
    lines = (line(0.0, 3.0, "right"), line(1.0, 2.0, "left"), line(4.0, 5.0, "right"))
    found = with_speakers(conversation[0], lines, None, RESEMBLYZER, services.runtime, never_stop)
    assert [each.speaker for each in found] == ["Speaker 1", "Speaker 2", "Speaker 1"]


def test_a_transcription_that_is_stored_gets_its_speakers_without_being_decoded_again(
    services: Services, conversation: tuple[AudioClip, list[float]]
) -> None:
    clip, (first, second, _) = conversation
    plain = TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key)
    choice = choose_whisper(plain, services.runtime.catalog)
    lines = line(0.0, first), line(first, second)
    words = Transcription(duration=clip.duration, segments=lines, state="done", elapsed=9.0)
    store_result(clip, plain, choice, services.runtime.catalog, words)
    options = replace(plain, speakers="auto")
    *_, found = transcribe(clip, options, services.runtime, clock=lambda: 5.0)
    assert [each.speaker for each in found.segments] == ["Speaker 1", "Speaker 2"]
    assert (found.state, found.from_store) == ("done", False)
    assert found.elapsed == 0.0
    assert RESEMBLYZER.title in found.model
    assert find_stored(clip, options, services.runtime.catalog) == replace(found, from_store=True)
    *_, stopped = transcribe(clip, replace(plain, speakers="2"), services.runtime, lambda: True)
    assert (stopped.state, stopped.segments) == ("stopped", lines)


def test_a_number_of_speakers_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidOption, match="off, auto, or 2 to 10"):
        check_options(TranscriptionOptions(speakers="11"))


@pytest.mark.parametrize("architecture", ["WavLMForXVector", "Wav2Vec2ForXVector", "UniSpeechSatForXVector"])
def test_encoders_of_the_hub_embed_voices(architecture: str, services: Services, tmp_path: Path) -> None:
    model = save_speaker_encoder(tmp_path / "encoder", architecture)
    spec = replace(WAVLM_SPEAKERS, architecture=architecture)
    resident = ModelLoaders().build(replace(model, spec=spec), "cpu")
    waveform = np.random.default_rng(0).normal(0.0, 0.1, 4 * SAMPLE_RATE).astype(np.float32)
    runtime = replace(services.runtime, cache=Lent(resident.model))  # type: ignore[arg-type]
    found = embed_voices(waveform, [SpeechRegion(0, len(waveform))], spec, runtime, never_stop)
    assert found.embeds.shape == (7, 24)
    assert np.linalg.norm(found.embeds, axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert isinstance(runtime, ModelRuntime)


class Lent:
    """A cache that lends one model."""

    def __init__(self, model: object) -> None:
        self._model = model

    def lease(self, *_: object, **__: object) -> Lent:
        return self

    def __enter__(self) -> tuple[object]:
        return (self._model,)

    def __exit__(self, *_: object) -> None: ...
