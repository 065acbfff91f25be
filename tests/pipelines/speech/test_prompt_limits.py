"""Long prompt fields, and lines that only repeat them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.speech.decoding import decode_speech
from pipelines.speech.prompt_limits import fit_prompt, is_led_by_prompt, is_same_speech
from pipelines.speech.transcript import DecodingOptions, Segment, ShortenedField
from services import Services
from tests.assembled_speech import read_speech
from tests.recordings import EXAMPLES

ENGLISH = "harbour tidal basalt turbine ledger umbrella "
CHINESE = "风从海上来，穿过港口的灯。"
RUSSIAN = "Норрланд, Дэшвуд, "
LONG_FIELDS = [
    {"initial_prompt": ENGLISH * 18, "hotwords": ENGLISH * 18},
    {"hotwords": CHINESE * 20},
    {"initial_prompt": CHINESE * 20},
    {"initial_prompt": CHINESE * 5, "hotwords": ENGLISH * 30},
    {"initial_prompt": "Dashwood. ", "hotwords": RUSSIAN * 40},
]


@pytest.fixture(scope="module")
def whisper(services: Services) -> Iterator[Any]:
    with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (model,):
        yield model


@pytest.mark.models
@pytest.mark.parametrize("fields", LONG_FIELDS)
def test_prompt_and_hotwords_leave_half_of_the_decoder_for_the_text(whisper: Any, fields: dict[str, str]) -> None:
    from faster_whisper.tokenizer import Tokenizer

    fitted, shortened = fit_prompt(whisper, DecodingOptions(**fields))  # type: ignore[arg-type]
    tokenizer = Tokenizer(whisper.hf_tokenizer, True, task="transcribe", language="en")
    previous = tokenizer.encode(f" {fitted.initial_prompt}") if fitted.initial_prompt else []
    assert 200 < len(whisper.get_prompt(tokenizer, previous, hotwords=fitted.hotwords or None)) <= 224
    assert shortened
    for field in shortened:
        whole = fields[field.field].strip()
        assert field == ShortenedField(field.field, field.used, len(whole))
        assert whole.endswith(field.used) if field.field == "initial_prompt" else whole.startswith(field.used)


@pytest.mark.models
def test_no_word_is_torn(whisper: Any) -> None:
    fitted, _ = fit_prompt(whisper, DecodingOptions(initial_prompt=ENGLISH * 18, hotwords=ENGLISH * 18))
    assert {*fitted.initial_prompt.split(), *fitted.hotwords.split()} == set(ENGLISH.split())


@pytest.mark.models
def test_fields_that_fit_stay_as_they_are(whisper: Any) -> None:
    options = DecodingOptions(initial_prompt=ENGLISH * 4, hotwords=CHINESE * 5)
    fitted, shortened = fit_prompt(whisper, options)
    assert (fitted.initial_prompt, fitted.hotwords, shortened) == (options.initial_prompt.strip(), options.hotwords, ())


@pytest.mark.models
@pytest.mark.parametrize(
    "fields", [*LONG_FIELDS[:3], *(pytest.param(fields, marks=pytest.mark.thorough) for fields in LONG_FIELDS[3:])]
)
def test_long_fields_do_not_replace_the_speech(whisper: Any, fields: dict[str, str]) -> None:
    options = DecodingOptions(language="en", **fields)  # type: ignore[arg-type]
    steps = list(decode_speech(whisper, read_speech(EXAMPLES / "speech.flac"), options, never_stop))
    text = " ".join(step.text for step in steps if isinstance(step, Segment))
    assert "John Dashwood had then leisure" in text
    assert "ill-disposed young man" in text
    assert not set(text) & {"风", "灯"}
    assert any(isinstance(step, ShortenedField) for step in steps)


@pytest.mark.models
def test_hotwords_that_are_said_stay(whisper: Any) -> None:
    waveform = read_speech(EXAMPLES / "speech.flac")[: int(6.9 * 16_000)]
    said = "and Mr. John Dashwoode had then leisure to consider how much there might be prudently in his power to do for them"
    steps = decode_speech(whisper, np.ascontiguousarray(waveform), DecodingOptions(language="en", hotwords=said), never_stop)
    assert "leisure to consider" in " ".join(step.text for step in steps if isinstance(step, Segment))


@pytest.mark.parametrize(
    ("lines", "led"),
    [
        ([], True),
        (["He was a young man.", CHINESE.strip() * 2], True),
        ([CHINESE * 2 + "风 from"], True),
        (["la la la la la la la la la la la"], True),
        (["He was a young man.", "He lived in a harbour town."], False),
    ],
)
def test_text_that_repeats_a_field_is_noticed(lines: list[str], led: bool) -> None:
    segments = [Segment(index, index + 1, text) for index, text in enumerate(lines)]
    assert is_led_by_prompt(segments, ("", CHINESE * 5)) is led


def test_other_spellings_are_the_same_speech() -> None:
    prompted = [Segment(0, 2, "Mr. John Dashwoode, esquire.")]
    assert is_same_speech(prompted, [Segment(0, 2, "Mr John Dashwood Esquire")])
    assert not is_same_speech([Segment(0, 2, CHINESE)], [Segment(0, 2, "Mr John Dashwood Esquire")])
    assert not is_same_speech(prompted, [])
