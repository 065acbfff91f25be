"""What a model answers to triples that were kept apart, and the figures of each task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from models.loading.audio_language_model import IGNORED, AudioLanguageModel
from training.audio_language_model.batches import BatchMaker, notes_of
from training.audio_language_model.metrics import caption_scores, mean_average_precision, note_scores, word_error_rate
from training.audio_language_model.note_tokens import text_to_notes
from training.audio_language_model.tokens import end_token_id
from training.data.renderer.wordings import claims
from training.data.triples import Task, Triple

BATCH_SIZE = 64
MAX_LABELS = 50
"""Labels of the tags' task that are scored: the most common ones."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model on triples."""

    maker: BatchMaker
    triples: Sequence[Triple]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(self, model: AudioLanguageModel) -> dict[str, float]:
        """Return the loss of a token of the answers, and the figures of every task."""
        figures = {"loss": self.loss(model)}
        answers = generated_answers(model, self.maker, self.triples)
        for task, rows in _by_task(zip(self.triples, answers, strict=True)).items():
            triples, texts = zip(*rows, strict=True)
            figures |= {f"{task}_{name}": figure for name, figure in task_figures(task, triples, texts).items()}
        if tagged := [triple for triple in self.triples if triple.task == "tags"]:
            figures["tags_map"] = self.precision_of_tags(model, tagged)
        return figures

    def loss(self, model: AudioLanguageModel) -> float:
        """Return the mean cross-entropy of a token of the answers, in nats."""
        total, tokens = 0.0, 0
        for part in _chunks(self.triples, BATCH_SIZE):
            batch = self.maker.with_answers(part)
            total += float(model(**batch).sum())
            tokens += int((batch["labels"] != IGNORED).sum())
        return total / tokens

    def precision_of_tags(self, model: AudioLanguageModel, triples: Sequence[Triple]) -> float:
        """Return the mean average precision of the labels, each scored by its log probability as an answer."""
        counts: dict[str, int] = defaultdict(int)
        for triple in triples:
            for label in labels_of(triple.answer):
                counts[label] += 1
        labels = sorted(counts, key=lambda label: -counts[label])[:MAX_LABELS]
        scores = np.empty((len(triples), len(labels)), np.float32)
        for first in range(0, len(triples), BATCH_SIZE):
            part = triples[first : first + BATCH_SIZE]
            for column, label in enumerate(labels):
                losses = model(**self.maker.with_answers(part, [label] * len(part)))
                scores[first : first + len(part), column] = -losses.sum(1).float().cpu().numpy()
        truth = np.array([[label in labels_of(triple.answer) for label in labels] for triple in triples], np.float32)
        return mean_average_precision(scores, truth)


def generated_answers(model: AudioLanguageModel, maker: BatchMaker, triples: Sequence[Triple]) -> list[str]:
    """Return the most probable answer, token by token, to each triple's question."""
    tokenizer, answers = maker.tokenizer, []
    options = {
        "max_new_tokens": maker.options.max_answer_tokens,
        "do_sample": False,
        "eos_token_id": end_token_id(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
    }
    keeps_notes = any(triple.task == "notes" for triple in triples)
    ends = {tokenizer.pad_token, tokenizer.eos_token, tokenizer.sep_token} - {None}
    with torch.no_grad():
        for part in _chunks(triples, BATCH_SIZE):
            for row in model.generate(**maker.inputs(part), **options).tolist():
                text = str(tokenizer.decode(row, skip_special_tokens=not keeps_notes))
                answers.append(_without(text, ends).strip())
    return answers


def task_figures(task: Task, triples: Sequence[Triple], answers: Sequence[str]) -> dict[str, float]:
    """Return the figures of one task."""
    if task == "speech":
        return {"wer": word_error_rate(answers, [triple.answer for triple in triples])}
    if task == "notes":
        return note_scores([text_to_notes(text) for text in answers], [notes_of(triple.facts) for triple in triples])
    figures = claim_accuracies(answers, [triple.answer for triple in triples])
    if task == "caption":
        figures |= caption_scores(answers, [[triple.answer] for triple in triples])
    return figures


def claim_accuracies(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Return for each kind of claim in the references the fraction of them that the answer makes as well."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for answer, reference in zip(answers, references, strict=True):
        said = claims(answer)
        for kind, value in claims(reference).items():
            hits[kind].append(said.get(kind) == value)
    return {kind: float(np.mean(right)) for kind, right in hits.items()}


def labels_of(answer: str) -> list[str]:
    """Return the labels of a list such as 'piano, slow, minor'."""
    return [label.strip() for label in answer.split(",") if label.strip()]


def _by_task(rows: Iterable[tuple[Triple, str]]) -> Mapping[Task, list[tuple[Triple, str]]]:
    found: dict[Task, list[tuple[Triple, str]]] = defaultdict(list)
    for triple, answer in rows:
        found[triple.task].append((triple, answer))
    return found


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _without(text: str, ends: Iterable[Any]) -> str:
    for end in ends:
        text = text.replace(end, "")
    return text
