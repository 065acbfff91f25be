"""One Whisper decodes the clips of several people in one batch, with the words that each of them gets alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.arrays import FloatArray
from models.batching.batcher import Batcher, SharedModel
from models.batching.whisper import shared_whisper
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.speech.decoding import decode_speech
from pipelines.speech.transcript import DecodingOptions, Segment
from services import Services
from tests.assembled_speech import RATE, espeak, read_speech
from tests.models.fakes import Gate, await_event, in_thread
from tests.recordings import librivox_sentences

SECONDS = 4
GUARD_SECONDS = 120.0
PEOPLE = {
    "English": DecodingOptions(language="en", vad_filter=False),
    "German": DecodingOptions(language="de", vad_filter=False),
    "translated": DecodingOptions(language="de", task="translate", vad_filter=False),
    "with a prompt": DecodingOptions(language="en", vad_filter=False, initial_prompt="Sense and Sensibility."),
}

pytestmark = pytest.mark.models


class GatedEngine:
    """A `ctranslate2.models.Whisper` that records the windows of its searches, the first of which waits at a gate."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.searches: list[int] = []
        self.gate = Gate()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def generate(self, states: Any, prompts: list[list[int]], **search: Any) -> Any:
        self.searches.append(len(prompts))
        if len(self.searches) == 1:
            self.gate()
        return self.engine.generate(states, prompts, **search)


@pytest.fixture(scope="module")
def whisper(services: Services) -> Iterator[Any]:
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (model,):
        yield model


def sound_of(person: str) -> FloatArray:
    """Clips of the same length, whose windows can be joined."""
    german = person in ("German", "translated")
    speech = espeak("Der Hund schläft heute im Garten hinter dem Haus.", "de") if german else read_speech(LAST.path)
    return np.resize(np.pad(speech, (0, SECONDS * RATE)), SECONDS * RATE)


LAST = librivox_sentences()[-1]


def lines_of(whisper: Any, person: str) -> list[Segment]:
    steps = decode_speech(whisper, sound_of(person), PEOPLE[person], never_stop)
    return [replace(step, log_probability=0.0, no_speech_probability=0.0) for step in steps if isinstance(step, Segment)]


def words(segments: list[Segment]) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for segment in segments for word in segment.words]


def test_joined_windows_have_the_words_that_each_has_alone(whisper: Any) -> None:
    alone = {person: words(lines_of(whisper, person)) for person in PEOPLE}
    gated, batcher = copy.copy(whisper), Batcher()
    gated.model = GatedEngine(whisper.model)
    others: dict[str, Future[list[Segment]]] = {}
    first = in_thread(lines_of, shared_whisper(SharedModel(gated, batcher)), "English")
    await_event(gated.model.gate.reached)
    for person in PEOPLE:
        others[person] = in_thread(lines_of, shared_whisper(SharedModel(gated, batcher)), person)
    with batcher._changed:
        assert batcher._changed.wait_for(lambda: len(batcher._line) == len(PEOPLE), GUARD_SECONDS)
    gated.model.gate.opened.set()
    together = {person: words(future.result(GUARD_SECONDS)) for person, future in others.items()}
    assert words(first.result(GUARD_SECONDS)) == alone["English"]
    assert together == alone
    assert max(gated.model.searches) == 3  # all but the one whose prompt is longer
