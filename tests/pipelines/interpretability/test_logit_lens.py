"""The logit lens on states with known results."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from models.arrays import FloatArray
from pipelines.interpretability.logit_lens import (
    TOP_TOKENS,
    LogitLens,
    LogitLensTrace,
    attention_peak,
    plane_of,
    record_dtype,
    set_attention,
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


def traced(count: int = 5) -> LogitLensTrace:
    _, _, lens = the_lens()
    records = np.stack([lens.read_token(hidden_states(seed), record_dtype(LAYERS, WIDTH, FRAMES)) for seed in range(count)])
    for number, record in enumerate(records):
        weights = torch.full((FRAMES,), 0.001)
        weights[10 * number : 10 * number + 3] = 0.1
        set_attention(records[number : number + 1].reshape(()), weights)
        assert record["audio_attention"] > 0.3
    return LogitLensTrace(records, FRAME_SECONDS, start=2.0, end=2.0 + FRAMES * FRAME_SECONDS)


def test_every_layer_has_the_norm_and_unembedding_of_the_last() -> None:
    norm, unembed, lens = the_lens()
    hidden = hidden_states()
    record = lens.read_token(hidden, record_dtype(LAYERS, WIDTH, FRAMES))
    for layer in range(LAYERS):
        state = hidden[layer] if layer == LAYERS - 1 else norm(hidden[layer])
        probs = unembed(state).softmax(-1)
        best = probs.topk(TOP_TOKENS)
        assert [int(token) for token in record["top_tokens"][layer]] == best.indices.tolist()
        assert record["top_probs"][layer] == pytest.approx(best.values.numpy(), abs=1e-6)
        assert record["rank"][layer] == int((probs > probs[record["id"]]).sum())
    assert record["rank"][-1] == 0
    assert record["id"] == int(unembed(hidden[-1]).argmax())
    assert record["token"] == f" {record['id']}".encode()
    assert record["prob"] == record["top_probs"][-1, 0]
    assert np.array_equal(record["hidden"], hidden.numpy())


def test_suppressed_tokens_are_in_no_layer() -> None:
    _, _, lens = the_lens()
    dtype = record_dtype(LAYERS, WIDTH, FRAMES)
    first = lens.read_token(hidden_states(), dtype)
    suppressed = torch.zeros(VOCABULARY, dtype=torch.bool)
    suppressed[[int(token) for token in first["top_tokens"].ravel()]] = True
    second = lens.read_token(hidden_states(), dtype, suppressed)
    assert not set(first["top_tokens"].ravel()) & set(second["top_tokens"].ravel())


def test_prediction_depth_is_the_first_layer_from_which_the_token_stays_first() -> None:
    token = traced().tokens[0]
    for ranks, depth in (((0, 3, 0, 0), 2), ((5, 4, 2, 0), 3), ((0, 0, 0, 0), 0)):
        token = type(token)(**{**token.__dict__, "ranks": ranks})
        assert token.prediction_depth == depth


def test_tokens_have_times_and_trajectories() -> None:
    trace = traced()
    assert trace.layers == ("Embedding", "Layer 1", "Layer 2", "Layer 3")
    for number, token in enumerate(trace.tokens):
        assert token.start == pytest.approx(2 + 10 * number * FRAME_SECONDS)
        assert token.end == pytest.approx(2 + (10 * number + 3) * FRAME_SECONDS)
        assert token.attention.sum() == pytest.approx(1)
        assert token.audio_attention == pytest.approx(0.3 + 47 * 0.001, rel=1e-3)
        assert token.trajectory.shape == (LAYERS, 2)
        assert token.step_norms.shape == (LAYERS - 1,)
        assert token.final_similarity[-1] == pytest.approx(1)
        assert np.abs(token.final_similarity).max() <= 1 + 1e-6
    assert trace.last_peak == (trace.tokens[-1].start, trace.tokens[-1].end)


def test_words_reach_from_the_first_attention_peak_their_tokens_to_the_last() -> None:
    trace = traced()
    trace.records["token"][1] = b"-ly"
    first, *rest = trace.words
    assert (first.first_token, first.end_token) == (0, 2)
    assert (first.start, first.end) == (trace.tokens[0].start, trace.tokens[1].end)
    assert first.attention.sum() == pytest.approx(1)
    assert [word.first_token for word in rest] == [2, 3, 4]
    assert first.text == f"{trace.records['id'][0]}-ly"


def test_the_language_token_is_not_in_the_text() -> None:
    trace = traced(2)
    assert trace.language == ""
    trace.records["token"][:] = [b"<|en|>", b" yes"]
    assert (trace.language, trace.text) == ("en", "yes")


@given(attentions)
def test_a_peak_holds_the_maximum_and_nothing_low(attention: FloatArray) -> None:
    first, last = attention_peak(attention)
    assert 0 <= first <= int(attention.argmax()) < last <= len(attention)
    assert (attention[first:last] >= attention.max() / 2).all()
    assert first == 0 or attention[first - 1] < attention.max() / 2
    assert last == len(attention) or attention[last] < attention.max() / 2


@given(np_st.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 8)), elements=st.floats(-100, 100, width=16)))
def test_projection_never_increases_distances(states: FloatArray) -> None:
    plane = plane_of(states)
    assert plane.shape == (len(states), 2)
    assert np.isfinite(plane).all()
    wide = np.linalg.norm(states[:, None].astype(float) - states[None], axis=-1)
    flat = np.linalg.norm(plane[:, None].astype(float) - plane[None], axis=-1)
    assert (flat <= wide + 1e-3 * (1 + wide.max())).all()


def test_projection_is_deterministic() -> None:
    states = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32)
    assert np.array_equal(plane_of(states), plane_of(states))
