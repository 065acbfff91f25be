"""The logit lens: what each layer of a language model would predict, and the part of the audio that each token attends to.

The model's final norm and unembedding are applied to the state of every layer at the position from which a token is predicted
(nostalgebraist 2020, "interpreting GPT: the logit lens").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.interpretability.token_text import displayed_text, is_control, word_groups
from pipelines.jobs.result import Result, as_document, fields_of

TOP_TOKENS = 5
"""Number of most probable tokens kept for each layer."""
MAX_TOKEN_BYTES = 64
"""A longer token, such as a row of dashes, is cut to this many bytes."""
LANGUAGE_TOKEN = re.compile(rb"<\|([a-z]{2,3})\|>")
"""Whisper's language tokens, e.g. <|en|>."""
UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
"""Languages of Whisper that are written without spaces between words."""
PEAK_RATIO = 0.5
"""The peak of an attention is the range around its maximum that stays above this fraction of it."""

TokenRecords = NDArray[np.void]
"""[tokens] of `record_dtype`."""


def record_dtype(layers: int, width: int, frames: int) -> np.dtype[np.void]:
    """Return the dtype of the record of one generated token, which can be displayed without its model.

    Args:
        layers: number of layers, the embedding included.
        width: of the states.
        frames: number of audio frames that the model can attend to.
    """
    token = f"S{MAX_TOKEN_BYTES}"
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("id", np.int32),
        ("token", token),  # its bytes
        ("prob", np.float32),
        ("top_tokens", token, (layers, TOP_TOKENS)),
        ("top_probs", np.float32, (layers, TOP_TOKENS)),
        ("rank", np.int32, layers),  # of the generated token, 0 for the most probable
        ("hidden", np.float32, (layers, width)),  # the model's hidden states: the last one is after the final norm
        ("normed", np.float32, (layers, width)),  # all after the final norm: the input of the unembedding
        ("attention", np.float32, frames),  # to the audio; sums to 1
        ("audio_attention", np.float32),  # fraction of the whole attention that went to the audio
    ]
    return np.dtype(fields)


@dataclass(frozen=True)
class LogitLens:
    """The last stage of a language model, applied after any of its layers."""

    norm: Callable[[Any], Any]
    unembed: Callable[[Any], Any]
    token_bytes: Callable[[int], bytes]

    def read_token(self, hidden: Any, dtype: np.dtype[np.void], suppressed: Any = None) -> TokenRecords:
        """Return the record [] of the most probable next token, with its attention still empty.

        Args:
            hidden: tensor [layers, width]; the last one is after the final norm already.
            dtype: of the record.
            suppressed: tensor bool [vocabulary] of the tokens that may not be predicted here, or None.
        """
        import torch

        normed = torch.cat([self.norm(hidden[:-1]), hidden[-1:]])
        logits = self.unembed(normed).float()
        if suppressed is not None:
            logits = logits.masked_fill(suppressed, -torch.inf)
        probs = logits.softmax(dim=-1)
        top = probs.topk(TOP_TOKENS, dim=-1)
        token = int(logits[-1].argmax())
        record = np.zeros((), dtype)
        record["id"], record["token"] = token, self.token_bytes(token)
        record["prob"] = float(probs[-1, token])
        record["top_tokens"] = [[self.token_bytes(one) for one in layer] for layer in top.indices.tolist()]
        record["top_probs"] = top.values.cpu().numpy()
        record["rank"] = (logits > logits[:, token, None]).sum(dim=-1).cpu().numpy()
        record["hidden"], record["normed"] = (states.float().cpu().numpy() for states in (hidden, normed))
        return record


def set_attention(record: TokenRecords, weights: Any) -> None:
    """Store the attention of a token to the audio.

    Args:
        record: [], of the token; changed in place.
        weights: tensor [frames], the attention weights of the audio; their sum is at most 1.
    """
    weights = weights.float()
    total = weights.sum()
    record["attention"], record["audio_attention"] = (weights / total).cpu().numpy(), float(total)


@dataclass(frozen=True)
class TokenProb(Result):
    """A token that a layer would predict."""

    text: str
    prob: float
    """0 to 1."""


@dataclass(frozen=True, eq=False)
class TokenTrace(Result):
    """One generated token in all layers."""

    text: str
    """With the space that begins a word; bytes of an incomplete character as hexadecimal numbers."""
    prob: float
    """0 to 1."""
    top_tokens: tuple[tuple[TokenProb, ...], ...]
    """[layers], the most probable tokens of each, best first."""
    ranks: tuple[int, ...]
    """[layers], rank of this token; 0 for the most probable."""
    trajectory: FloatArray
    """[layers, 2], the normed states in the first two principal components of all tokens' states."""
    step_norms: FloatArray
    """[layers - 1], Euclidean distance between the normed states of neighbouring layers."""
    final_similarity: FloatArray
    """[layers], cosine similarity of the normed state to that of the last layer."""
    attention: FloatArray
    """[frames], sums to 1."""
    audio_attention: float
    """Fraction of the whole attention that went to the audio, 0 to 1; the rest went to text, or to padding after the clip."""
    start: float
    """Start of the attention's peak, in seconds of the clip."""
    end: float
    """End of the attention's peak, in seconds of the clip."""

    @property
    def prediction_depth(self) -> int:
        """The first layer from which on the token is the most probable one (Baldock et al. 2021)."""
        behind = [layer for layer, rank in enumerate(self.ranks) if rank > 0]
        return behind[-1] + 1 if behind else 0


@dataclass(frozen=True, eq=False)
class WordTrace(Result):
    """The tokens of one word."""

    text: str
    first_token: int
    """Index of its first token."""
    end_token: int
    """Index after its last token."""
    attention: FloatArray
    """[frames], mean over its tokens; sums to 1."""
    start: float
    """Start of the first attention peak of its tokens, in seconds of the clip."""
    end: float
    """End of the last attention peak of its tokens, in seconds of the clip."""


@dataclass(frozen=True, eq=False)
class LogitLensTrace(Result):
    """The tokens generated for one window of a clip."""

    records: TokenRecords
    """[tokens], at least one."""
    frame_seconds: float
    """Duration of one frame of the attention."""
    start: float
    """Start of the window, in seconds of the clip."""
    end: float
    """End of the window, in seconds of the clip."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, from the embedding to the last."""
        count = self.records.dtype["rank"].shape[0]
        return ("Embedding", *(f"Layer {number}" for number in range(1, count)))

    @property
    def text(self) -> str:
        """The generated text in one line, without control tokens."""
        spoken = (token for token in self.records["token"].tolist() if not is_control(token))
        return b"".join(spoken).decode("utf-8", "replace").strip()

    @property
    def language(self) -> str:
        """Code of the language token that comes first, e.g. 'en'; empty if there is none."""
        match = LANGUAGE_TOKEN.fullmatch(bytes(self.records["token"][0]))
        return match[1].decode() if match else ""

    @property
    def last_peak(self) -> tuple[float, float]:
        """(start, end) of the attention peak of the last token, in seconds of the clip."""
        return self._peak(self.records["attention"][-1])

    @cached_property
    def tokens(self) -> tuple[TokenTrace, ...]:
        """The tokens, in the order of generation."""
        return tuple(self._token(record, path) for record, path in zip(self.records, self._trajectories, strict=True))

    @cached_property
    def words(self) -> tuple[WordTrace, ...]:
        """The words that the tokens make, in order."""
        groups = word_groups(tuple(self.records["token"].tolist()), self.language not in UNSPACED_LANGUAGES)
        return tuple(self._word(first, end) for first, end in groups)

    def to_dict(self) -> dict[str, Any]:
        """Return text, language, layers, words and tokens instead of the records that they are made of."""
        made = {name: as_document(getattr(self, name)) for name in ("text", "language", "layers", "words", "tokens")}
        return {**fields_of(self, ("records",)), **made}

    @cached_property
    def _trajectories(self) -> FloatArray:
        """[tokens, layers, 2]."""
        states = self.records["normed"]
        return plane_of(states.reshape(-1, states.shape[-1])).reshape(*states.shape[:2], 2)

    def _token(self, record: Any, trajectory: FloatArray) -> TokenTrace:
        normed = record["normed"]
        start, end = self._peak(record["attention"])
        layers = zip(record["top_tokens"].tolist(), record["top_probs"].tolist(), strict=True)
        return TokenTrace(
            text=displayed_text(bytes(record["token"])),
            prob=float(record["prob"]),
            top_tokens=tuple(
                tuple(TokenProb(displayed_text(token), prob) for token, prob in zip(*layer, strict=True)) for layer in layers
            ),
            ranks=tuple(record["rank"].tolist()),
            trajectory=trajectory,
            step_norms=np.linalg.norm(np.diff(normed, axis=0), axis=1),
            final_similarity=normed @ normed[-1] / (np.linalg.norm(normed, axis=1) * np.linalg.norm(normed[-1])),
            attention=record["attention"],
            audio_attention=float(record["audio_attention"]),
            start=start,
            end=end,
        )

    def _word(self, first: int, end: int) -> WordTrace:
        attentions = self.records["attention"][first:end]
        peaks = [self._peak(attention) for attention in attentions]
        text = b"".join(self.records["token"][first:end].tolist()).decode("utf-8", "replace").strip()
        starts, ends = zip(*peaks, strict=True)
        return WordTrace(text, first, end, attentions.mean(axis=0), min(starts), max(ends))

    def _peak(self, attention: FloatArray) -> tuple[float, float]:
        first, end = attention_peak(attention)
        return self.start + first * self.frame_seconds, min(self.end, self.start + end * self.frame_seconds)


def attention_peak(attention: FloatArray) -> tuple[int, int]:
    """Return (first frame, frame after the last) of the peak of an attention [frames]."""
    top = int(attention.argmax())
    low = np.flatnonzero(attention < PEAK_RATIO * attention[top])
    before, after = low[low < top], low[low > top]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) if len(after) else len(attention)


def plane_of(states: FloatArray) -> FloatArray:
    """Project states [n, width] on their first two principal components: [n, 2], zeros where they do not differ."""
    from sklearn.decomposition import PCA

    plane = np.zeros((len(states), 2), dtype=np.float32)
    count = min(2, *states.shape)
    if np.ptp(states, axis=0).any():
        plane[:, :count] = PCA(count, svd_solver="randomized", random_state=0).fit_transform(states)
    return plane
