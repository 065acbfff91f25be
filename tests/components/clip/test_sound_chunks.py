"""What the page may send as a chunk of sound: anything."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr
import numpy as np
import pytest

from components.clip.sound_chunks import chunk_rate, chunk_samples
from models.errors import InvalidOption


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def test_samples_come_back_as_they_were() -> None:
    piece = np.array([0, 16384, -32768, 32767], dtype="<i2")
    samples = chunk_samples(event(pcm=base64.b64encode(piece.tobytes()).decode()), 48_000)
    assert samples.dtype == np.float32
    assert samples.tolist() == pytest.approx([0.0, 0.5, -1.0, 32767 / 32768])


@pytest.mark.parametrize("pcm", [None, 3, "no base64!", "YWJj", "A" * 8_000_000])
def test_what_is_no_sound_is_refused(pcm: object) -> None:
    with pytest.raises(InvalidOption):
        chunk_samples(event(pcm=pcm), 16_000)


@pytest.mark.parametrize("rate", [None, "48000", 0, 7_999, 10**9, 48_000.5])
def test_what_is_no_sample_rate_is_refused(rate: object) -> None:
    with pytest.raises(InvalidOption):
        chunk_rate(event(rate=rate))
