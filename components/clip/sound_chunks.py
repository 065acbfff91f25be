"""Chunks of sound that the page sends while a microphone is on: {pcm, rate, first, last}; the page may send anything."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import gradio as gr
import numpy as np

from components.timeline.timeline import event_field
from models.arrays import FloatArray
from models.errors import InvalidOption

RATES = range(8_000, 192_001)
"""Sample rates in Hz that a page may send."""
MAX_CHUNK_SECONDS = 60


def chunk_rate(event: gr.EventData) -> int:
    """Return the sample rate in Hz of a chunk.

    Raises:
        InvalidOption: it is not in `RATES`.
    """
    rate: Any = event_field(event, "rate")
    if not isinstance(rate, int) or rate not in RATES:
        raise InvalidOption("sample rate", rate, f"{RATES.start} to {RATES.stop - 1} Hz")
    return rate


def chunk_samples(event: gr.EventData, rate: int) -> FloatArray:
    """Return the samples of a chunk, which the page sends as 16 bits in base64: float32 [samples], mono.

    Raises:
        InvalidOption: it is something else, or longer than `MAX_CHUNK_SECONDS`.
    """
    text: Any = event_field(event, "pcm")
    max_bytes = 2 * rate * MAX_CHUNK_SECONDS
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) and len(text) <= 2 * max_bytes else None
    except binascii.Error:
        data = None
    if data is None or len(data) % 2:
        raise InvalidOption("chunk of sound", "something else", f"up to {MAX_CHUNK_SECONDS} s of 16-bit samples in base64")
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(-np.iinfo(np.int16).min)
