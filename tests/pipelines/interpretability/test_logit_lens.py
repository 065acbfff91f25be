"""The logit lens and what is read from it, on states whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from models.arrays import FloatArray
from pipelines.interpretability.logit_lens import (
    NEAREST,
    LogitLens,
    TokenPaths,
    peak_of,
    plane_of,
    put_attention,
    record_dtype,
)

LAYERS, WIDTH, FRAMES, VOCABULARY = 4, 6, 50, 30
FRAME_SECONDS = 0.02
attentions = np_st.arrays(np.float32, st.integers(1, 60), elements=st.floats(0.0, 1.0, width=32))


def the_lens() -> tuple[torch.nn.LayerNorm, torch.nn.Linear, LogitLens]:
    torch.manual_seed(0)
    norm = torch.nn.LayerNorm(WIDTH).requires_grad_(False)
    unembed = torch.nn.Linear(WIDTH, VOCABULARY, bias=False).requires_grad_(False)
    return norm, unembed, LogitLens(norm, unembed, lambda token: f" {token}".encode())


def hidden_states(seed: int = 0) -> torch.Tensor:
    norm, _, _ = the_lens()
    states = torch.randn(LAYERS, WIDTH, generator=torch.Generator().manual_seed(seed)) * 5
    return torch.cat([states[:-1], norm(states[-1:])])


def written(count: int = 5) -> TokenPaths:
    _, _, lens = the_lens()
    records = np.stack([lens.record(hidden_states(seed), record_dtype(LAYERS, WIDTH, FRAMES)) for seed in range(count)])
    for number, record in enumerate(records):
        weights = torch.full((FRAMES,), 0.001)
        weights[10 * number : 10 * number + 3] = 0.1
        put_attention(records[number : number + 1].reshape(()), weights)
        assert record["heard"] > 0.3
    return TokenPaths(records, FRAME_SECONDS, start=2.0, end=2.0 + FRAMES * FRAME_SECONDS)


def test_each_layer_is_read_as_the_last_one_is() -> None:
    norm, unembed, lens = the_lens()
    hidden = hidden_states()
    record = lens.record(hidden, record_dtype(LAYERS, WIDTH, FRAMES))
    for layer in range(LAYERS):
        state = hidden[layer] if layer == LAYERS - 1 else norm(hidden[layer])
        likelihoods = unembed(state).softmax(-1)
        best = likelihoods.topk(NEAREST)
        assert [int(token) for token in record["nearest"][layer]] == best.indices.tolist()
        assert record["nearest_probability"][layer] == pytest.approx(best.values.numpy(), abs=1e-6)
        assert record["rank"][layer] == int((likelihoods > likelihoods[record["id"]]).sum())
    assert record["rank"][-1] == 0
    assert record["id"] == int(unembed(hidden[-1]).argmax())
    assert record["token"] == f" {record['id']}".encode()
    assert record["probability"] == record["nearest_probability"][-1, 0]
    assert np.array_equal(record["hidden"], hidden.numpy())


def test_what_may_not_be_written_is_near_no_layer() -> None:
    _, _, lens = the_lens()
    dtype = record_dtype(LAYERS, WIDTH, FRAMES)
    first = lens.record(hidden_states(), dtype)
    silenced = torch.zeros(VOCABULARY, dtype=torch.bool)
    silenced[[int(token) for token in first["nearest"].ravel()]] = True
    second = lens.record(hidden_states(), dtype, silenced)
    assert not set(first["nearest"].ravel()) & set(second["nearest"].ravel())


def test_a_token_forms_where_it_leads_for_good() -> None:
    token = written().tokens[0]
    for ranks, formed, first_led in (((0, 3, 0, 0), 2, 0), ((5, 4, 2, 0), 3, 3), ((0, 0, 0, 0), 0, 0)):
        token = type(token)(**{**token.__dict__, "ranks": ranks})
        assert (token.formed, token.first_led) == (formed, first_led)


def test_tokens_know_their_moment_and_their_way() -> None:
    paths = written()
    assert paths.layers == ("Embedding", "Layer 1", "Layer 2", "Layer 3")
    for number, token in enumerate(paths.tokens):
        assert token.start == pytest.approx(2 + 10 * number * FRAME_SECONDS)
        assert token.end == pytest.approx(2 + (10 * number + 3) * FRAME_SECONDS)
        assert token.attention.sum() == pytest.approx(1)
        assert token.heard == pytest.approx(0.3 + 47 * 0.001, rel=1e-3)
        assert token.path.shape == (LAYERS, 2)
        assert token.steps.shape == (LAYERS - 1,)
        assert token.nearness[-1] == pytest.approx(1)
        assert np.abs(token.nearness).max() <= 1 + 1e-6
    assert paths.last_peak == (paths.tokens[-1].start, paths.tokens[-1].end)


def test_words_reach_from_the_first_peak_of_their_tokens_to_the_last() -> None:
    paths = written()
    paths.records["token"][1] = b"-ly"
    first, *rest = paths.words
    assert (first.first, first.last) == (0, 2)
    assert (first.start, first.end) == (paths.tokens[0].start, paths.tokens[1].end)
    assert first.attention.sum() == pytest.approx(1)
    assert [word.first for word in rest] == [2, 3, 4]
    assert first.text == f"{paths.records['id'][0]}-ly"


def test_the_language_is_no_part_of_the_text() -> None:
    paths = written(2)
    assert paths.language == ""
    paths.records["token"][:] = [b"<|en|>", b" yes"]
    assert (paths.language, paths.text) == ("en", "yes")


@given(attentions)
def test_a_peak_holds_the_maximum_and_nothing_low(attention: FloatArray) -> None:
    first, last = peak_of(attention)
    assert 0 <= first <= int(attention.argmax()) < last <= len(attention)
    assert (attention[first:last] >= attention.max() / 2).all()
    assert first == 0 or attention[first - 1] < attention.max() / 2
    assert last == len(attention) or attention[last] < attention.max() / 2


@given(np_st.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 8)), elements=st.floats(-100, 100, width=16)))
def test_the_plane_keeps_no_more_distance_than_there_is(states: FloatArray) -> None:
    plane = plane_of(states)
    assert plane.shape == (len(states), 2)
    assert np.isfinite(plane).all()
    wide = np.linalg.norm(states[:, None].astype(float) - states[None], axis=-1)
    flat = np.linalg.norm(plane[:, None].astype(float) - plane[None], axis=-1)
    assert (flat <= wide + 1e-3 * (1 + wide.max())).all()


def test_the_same_states_are_drawn_the_same() -> None:
    states = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32)
    assert np.array_equal(plane_of(states), plane_of(states))
