"""States of the offline networks, as an audio language model reads them."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import UnknownModel
from pipelines.music.encoder_states import STATE_ENCODERS, encode, lent_states, state_encoder
from services import Services

RATE = 22_050
SILENCE_AND_NOTE = np.concatenate([np.zeros(RATE), 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)]).astype(np.float32)


def test_every_kind_of_states_has_the_width_that_it_names(services: Services) -> None:
    states = lent_states([encoder.key for encoder in STATE_ENCODERS], SILENCE_AND_NOTE, RATE, services.runtime)
    assert {key: rows.shape[1] for key, rows in states.items()} == {encoder.key: encoder.width for encoder in STATE_ENCODERS}
    assert all(rows.dtype == np.float32 and np.isfinite(rows).all() for rows in states.values())


def test_states_do_not_depend_on_the_level(services: Services) -> None:
    beats = state_encoder("beats")
    with services.runtime.cache.lease(*beats.specs) as sessions:
        loud, soft = (encode(beats, gain * SILENCE_AND_NOTE, RATE, sessions) for gain in (np.float32(1), np.float32(0.1)))
    np.testing.assert_allclose(loud, soft, atol=1e-3)


def test_an_unknown_kind_of_states_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="yamnet"):
        state_encoder("mw-mae")
