"""How sure a small audio language model is of what it wrote: each claim against the other words that could stand in its place.

The model reads its whole text once more with each of these words. The softmax of their log-likelihoods is the certainty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.loading.loaders import ProcessedModel


@dataclass(frozen=True)
class ClaimKind:
    """Words that exclude each other."""

    words: tuple[str, ...]
    min_certainty: float
    """Certainty from which a claim is made; see docs/training.md."""


CLAIM_KINDS: Mapping[str, ClaimKind] = {
    "tempo": ClaimKind(("slow", "medium", "fast"), 0.6),
    "mode": ClaimKind(("major", "minor"), 0.7),
    "metre": ClaimKind(("2/4", "3/4", "4/4", "6/8"), 0.8),
    "family": ClaimKind(
        (
            "a piano", "an organ", "a guitar", "strings", "brass", "a woodwind instrument", "voices", "a synthesizer",
            "mallet percussion",
        ),
        0.6,
    ),
}  # fmt: skip
PLURALS = frozenset({"strings", "voices"})
MAIN_VERB = r"(?P<verb> leads?| stands?)"
PLAYED_BY = r"(?<=played by )"
SENTENCE_END = re.compile(r"(?<=\.) ")


@dataclass(frozen=True)
class WrittenClaim:
    """One claim of a text."""

    kind: str
    start: int
    """First character."""
    end: int
    """Character behind the last."""
    texts: tuple[str, ...]
    """The whole text with the word that it has, and then with each of the others."""


def find_claims(text: str) -> Iterator[WrittenClaim]:
    """Yield the claims of a text in the words of `CLAIM_KINDS`; an instrument counts where it has the main part."""
    for kind, of_kind in CLAIM_KINDS.items():
        words = "|".join(map(re.escape, of_kind.words))
        pattern = rf"\b(?P<word>{words})\b"
        if kind == "family":
            pattern = rf"(?:{PLAYED_BY}{pattern}|{pattern.replace('word', 'subject')}{MAIN_VERB}\b)"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            own = match.groupdict()
            word = own["word"] or own["subject"]
            others = [other for other in of_kind.words if other != word.lower()]
            texts = [text, *(text[: match.start()] + _instead(other, own) + text[match.end() :] for other in others)]
            yield WrittenClaim(kind, match.start(), match.end(), tuple(texts))


def _instead(word: str, own: Mapping[str, str | None]) -> str:
    """Return another word in the form in which the text has its own."""
    said = own["word"] or own.get("subject") or ""
    stem = (own.get("verb") or "").removesuffix("s")
    verb = stem if not stem or word in PLURALS else f"{stem}s"
    return (word[0].upper() + word[1:] if said[0].isupper() else word) + verb


def certainties(language_model: ProcessedModel, inputs: Mapping[str, Any], text: str) -> list[tuple[WrittenClaim, float]]:
    """Return each claim of `text` with its certainty, 0 to 1.

    Args:
        language_model: of our own form, see `models.loading.audio_language_model`.
        inputs: of the prompt; see `prompting.model_inputs`.
        text: the whole answer.
    """
    return [(claim, _certainty(language_model, inputs, claim)) for claim in find_claims(text)]


def _certainty(language_model: ProcessedModel, inputs: Mapping[str, Any], claim: WrittenClaim) -> float:
    scores = np.array([_log_likelihood(language_model, inputs, text) for text in claim.texts])
    return float(1 / np.exp(scores - scores[0]).sum())


def _log_likelihood(language_model: ProcessedModel, inputs: Mapping[str, Any], text: str) -> float:
    import torch

    tokenizer = language_model.processor
    tokens = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    with torch.inference_mode():
        labels = torch.tensor([tokens], device=inputs["input_ids"].device)
        return -float(language_model.model(**inputs, labels=labels).sum())


def sure_sentences(language_model: ProcessedModel, inputs: Mapping[str, Any], text: str) -> str:
    """Return the text without the sentences that hold a claim below the minimum certainty of its kind; '' if none is left."""
    doubtful = [
        claim.start
        for claim, certainty in certainties(language_model, inputs, text)
        if certainty < CLAIM_KINDS[claim.kind].min_certainty
    ]
    kept, start = [], 0
    for sentence in SENTENCE_END.split(text):
        end = start + len(sentence)
        if not any(start <= place < end for place in doubtful):
            kept.append(sentence)
        start = end + 1
    return " ".join(kept)
