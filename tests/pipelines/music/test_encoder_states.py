"""States of the offline networks, as an audio language model reads them."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.errors import UnknownModel
from pipelines.music.encoder_states import STATE_ENCODERS, lent_states, state_encoder
from services import Services


def silence_and_note(sample_rate: int) -> FloatArray:
    note = 0.3 * np.sin(2 * np.pi * 440 * np.arange(sample_rate) / sample_rate)
    return np.concatenate([np.zeros(sample_rate), note]).astype(np.float32)


def test_every_kind_of_states_has_the_width_that_it_names(services: Services) -> None:
    states = lent_states([encoder.key for encoder in STATE_ENCODERS], silence_and_note, services.runtime)
    assert {key: rows.shape[1] for key, rows in states.items()} == {encoder.key: encoder.width for encoder in STATE_ENCODERS}
    assert all(rows.dtype == np.float32 and np.isfinite(rows).all() for rows in states.values())


def test_states_of_the_beat_networks_do_not_depend_on_the_level(services: Services) -> None:
    loud = lent_states(["beats"], silence_and_note, services.runtime)["beats"]
    soft = lent_states(["beats"], lambda sample_rate: np.float32(0.1) * silence_and_note(sample_rate), services.runtime)["beats"]
    np.testing.assert_allclose(loud, soft, atol=1e-3)


def test_an_unknown_kind_of_states_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="yamnet-middle"):
        state_encoder("mw-mae")
