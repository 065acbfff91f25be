"""How the tokens that a model writes form in its layers, and which moment of the sound each of them listens to.

The logit lens (nostalgebraist 2020, "interpreting GPT: the logit lens"): what the model would write if it ended after a layer.
Its final norm and its unembedding are applied to the state of every layer at the position from which a token is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.interpretability.token_text import is_control, shown_text, word_groups

NEAREST = 5
"""How many of the likeliest tokens are kept for each layer."""
LONGEST_TOKEN_BYTES = 64
"""A longer token, such as a row of dashes, is shown cut."""
LANGUAGE_TOKEN = re.compile(rb"<\|([a-z]{2,3})\|>")
"""As Whisper writes it."""
UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
"""Languages of Whisper that are written without blanks between words."""
PEAK_SHARE = 0.5
"""The peak of an attention is the stretch around its maximum that stays above this share of it."""

Records = NDArray[np.void]
"""[tokens] of `record_dtype`."""


def record_dtype(layers: int, width: int, frames: int) -> np.dtype[np.void]:
    """What is kept of one written token, so that an array of them holds all there is to see without its model.

    Args:
        layers: with the embedding as the first.
        width: of the states.
        frames: of the sound that the model could listen to.
    """
    token = f"S{LONGEST_TOKEN_BYTES}"
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("id", np.int32),
        ("token", token),  # its bytes
        ("probability", np.float32),
        ("nearest", token, (layers, NEAREST)),
        ("nearest_probability", np.float32, (layers, NEAREST)),
        ("rank", np.int32, layers),  # of the written token, 0 for the likeliest
        ("hidden", np.float32, (layers, width)),  # as the model gives them: the last one is behind the final norm
        ("read", np.float32, (layers, width)),  # all behind the final norm, as the unembedding reads them
        ("attention", np.float32, frames),  # to the sound; sums to 1
        ("heard", np.float32),  # share of the whole attention that went to the sound
    ]
    return np.dtype(fields)


@dataclass(frozen=True)
class LogitLens:
    """The end of a model, to be put behind any of its layers."""

    norm: Callable[[Any], Any]
    unembed: Callable[[Any], Any]
    token_bytes: Callable[[int], bytes]

    def record(self, hidden: Any, dtype: np.dtype[np.void], silenced: Any = None) -> Records:
        """The record [] of the token that a model writes from these states, the likeliest; its attention is still empty.

        Args:
            hidden: tensor [layers, width]; the last one is behind the final norm already.
            dtype: of the record.
            silenced: tensor bool [vocabulary] of the tokens that the model may not write here, or None.
        """
        import torch

        read = torch.cat([self.norm(hidden[:-1]), hidden[-1:]])
        logits = self.unembed(read).float()
        if silenced is not None:
            logits = logits.masked_fill(silenced, -torch.inf)
        likelihoods = logits.softmax(dim=-1)
        best = likelihoods.topk(NEAREST, dim=-1)
        token = int(logits[-1].argmax())
        record = np.zeros((), dtype)
        record["id"], record["token"] = token, self.token_bytes(token)
        record["probability"] = float(likelihoods[-1, token])
        record["nearest"] = [[self.token_bytes(near) for near in layer] for layer in best.indices.tolist()]
        record["nearest_probability"] = best.values.cpu().numpy()
        record["rank"] = (logits > logits[:, token, None]).sum(dim=-1).cpu().numpy()
        record["hidden"], record["read"] = (states.float().cpu().numpy() for states in (hidden, read))
        return record


def put_attention(record: Records, weights: Any) -> None:
    """Fill in where a token listens.

    Args:
        record: of the token.
        weights: tensor [frames], the part of its attention that went to the sound; at most 1 together.
    """
    weights = weights.float()
    heard = weights.sum()
    record["attention"], record["heard"] = (weights / heard).cpu().numpy(), float(heard)


@contextmanager
def shown_attention(model: Any) -> Iterator[None]:
    """While the block runs, a transformers model on loan computes attention in the way that shows its weights."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


@dataclass(frozen=True)
class Near:
    """A token that a layer is close to."""

    text: str
    probability: float


@dataclass(frozen=True, eq=False)
class TokenPath:
    """One written token on its way through the layers."""

    text: str
    """For people: a blank at its start tells that a word begins; bytes of an incomplete character as numbers."""
    probability: float
    nearest: tuple[tuple[Near, ...], ...]
    """For each layer the likeliest tokens, best first."""
    ranks: tuple[int, ...]
    """[layers], of this token; 0 where it leads."""
    path: FloatArray
    """[layers, 2]: the states as the unembedding reads them, in the plane of the two widest directions of all tokens' states."""
    steps: FloatArray
    """[layers − 1]: lengths of the steps between those states, in all of their dimensions."""
    nearness: FloatArray
    """[layers]: cosine of the state to the last one."""
    attention: FloatArray
    """[frames], sums to 1."""
    heard: float
    """Share of the whole attention that went to the sound; the rest went to text, or to silence after the clip."""
    start: float
    """Seconds of the clip: where the peak of the attention begins."""
    end: float

    @property
    def formed(self) -> int:
        """The layer from which on the token leads."""
        behind = [layer for layer, rank in enumerate(self.ranks) if rank > 0]
        return behind[-1] + 1 if behind else 0

    @property
    def first_led(self) -> int:
        """The layer at which the token leads for the first time."""
        return self.ranks.index(0)


@dataclass(frozen=True, eq=False)
class WordPath:
    """Tokens that make one word."""

    text: str
    first: int
    """Index of its first token; its last one is before `last`."""
    last: int
    attention: FloatArray
    """[frames], the mean over its tokens; sums to 1."""
    start: float
    """Seconds of the clip: from the first peak of its tokens to the last."""
    end: float


@dataclass(frozen=True, eq=False)
class TokenPaths:
    """Everything that was written for one window of a clip."""

    records: Records
    """[tokens]."""
    frame_seconds: float
    start: float
    """Of the window, in seconds of the clip."""
    end: float

    @property
    def layers(self) -> tuple[str, ...]:
        """Names, from the embedding to the last layer."""
        count = self.records.dtype["rank"].shape[0]
        return ("Embedding", *(f"Layer {number}" for number in range(1, count)))

    @property
    def text(self) -> str:
        """What was written, in one line."""
        spoken = (token for token in self.records["token"].tolist() if not is_control(token))
        return b"".join(spoken).decode("utf-8", "replace").strip()

    @property
    def language(self) -> str:
        """Code of the language that the model heard first of all, e.g. 'en'; empty if it does not say."""
        named = LANGUAGE_TOKEN.fullmatch(bytes(self.records["token"][0]))
        return named[1].decode() if named else ""

    @property
    def last_peak(self) -> tuple[float, float]:
        """Seconds of the clip, (start, end), that the last token listens to most."""
        return self._peak(self.records["attention"][-1])

    @cached_property
    def tokens(self) -> tuple[TokenPath, ...]:
        """In the order in which they were written."""
        return tuple(self._token(record, path) for record, path in zip(self.records, self._paths, strict=True))

    @cached_property
    def words(self) -> tuple[WordPath, ...]:
        """Of the tokens, in order."""
        groups = word_groups(tuple(self.records["token"].tolist()), self.language not in UNSPACED_LANGUAGES)
        return tuple(self._word(first, last) for first, last in groups)

    @cached_property
    def _paths(self) -> FloatArray:
        """[tokens, layers, 2]."""
        states = self.records["read"]
        return plane_of(states.reshape(-1, states.shape[-1])).reshape(*states.shape[:2], 2)

    def _token(self, record: Any, path: FloatArray) -> TokenPath:
        read = record["read"]
        start, end = self._peak(record["attention"])
        nearest = zip(record["nearest"].tolist(), record["nearest_probability"].tolist(), strict=True)
        return TokenPath(
            text=shown_text(bytes(record["token"])),
            probability=float(record["probability"]),
            nearest=tuple(tuple(Near(shown_text(t), p) for t, p in zip(*layer, strict=True)) for layer in nearest),
            ranks=tuple(record["rank"].tolist()),
            path=path,
            steps=np.linalg.norm(np.diff(read, axis=0), axis=1),
            nearness=read @ read[-1] / (np.linalg.norm(read, axis=1) * np.linalg.norm(read[-1])),
            attention=record["attention"],
            heard=float(record["heard"]),
            start=start,
            end=end,
        )

    def _word(self, first: int, last: int) -> WordPath:
        attentions = self.records["attention"][first:last]
        peaks = [self._peak(attention) for attention in attentions]
        text = b"".join(self.records["token"][first:last].tolist()).decode("utf-8", "replace").strip()
        start, end = min(start for start, _ in peaks), max(end for _, end in peaks)
        return WordPath(text, first, last, attentions.mean(axis=0), start, end)

    def _peak(self, attention: FloatArray) -> tuple[float, float]:
        first, last = peak_of(attention)
        return self.start + first * self.frame_seconds, min(self.end, self.start + last * self.frame_seconds)


def peak_of(attention: FloatArray) -> tuple[int, int]:
    """The first frame of the peak of an attention [frames], and the one after its last."""
    top = int(attention.argmax())
    low = np.flatnonzero(attention < PEAK_SHARE * attention[top])
    before, after = low[low < top], low[low > top]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(attention)


def plane_of(states: FloatArray) -> FloatArray:
    """Principal components [states, 2] of states [states, width]; all zero where they do not differ."""
    from sklearn.decomposition import PCA

    plane = np.zeros((len(states), 2), dtype=np.float32)
    directions = min(2, *states.shape)
    if np.ptp(states, axis=0).any():
        plane[:, :directions] = PCA(directions, svd_solver="randomized", random_state=0).fit_transform(states)
    return plane
