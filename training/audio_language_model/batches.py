"""Triples as the tensors that the model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from training.audio_language_model.fact_prompt import prompt_with_facts
from training.audio_language_model.note_tokens import TextNote, notes_to_text
from training.audio_language_model.options import DataOptions
from training.audio_language_model.states import ReadStates, States
from training.audio_language_model.tokens import answer_labels, prompt_tokens
from training.data.triples import Triple

DRUM_PROGRAM = -1
"""Program of the notes of drums in the facts, which the token language of notes does not write."""


@dataclass(frozen=True)
class BatchMaker:
    """Makes batches of one experiment."""

    tokenizer: Any
    read_states: ReadStates
    options: DataOptions
    device: torch.device

    def inputs(self, triples: Sequence[Triple], is_training: bool = False) -> dict[str, Any]:
        """Return the arguments of `AudioLanguageModel.generate`.

        Args:
            triples: one for each row.
            is_training: whether a part of each clip is drawn, and states are dropped.
        """
        ids, mask = prompt_tokens(self.tokenizer, [self.prompt(triple) for triple in triples], self.options.max_question_tokens)
        rows = [self.read_states(triple) for triple in triples]
        if is_training:
            rows = [drawn_part(row, self.options.min_part) for row in rows]
        states, counts = padded_states(rows)
        if is_training:
            states = {key: functional.dropout(padded, self.options.state_dropout) for key, padded in states.items()}
        return {
            "input_ids": ids.to(self.device),
            "attention_mask": mask.to(self.device),
            "states": {key: padded.to(self.device) for key, padded in states.items()},
            "counts": {key: count.to(self.device) for key, count in counts.items()},
        }

    def with_answers(
        self, triples: Sequence[Triple], answers: Sequence[str] | None = None, is_training: bool = False
    ) -> dict[str, Any]:
        """Return the arguments of `AudioLanguageModel.forward`; `answers` in place of the triples' own."""
        texts = [answer_text(triple) for triple in triples] if answers is None else answers
        labels = answer_labels(self.tokenizer, texts, self.options.max_answer_tokens)
        return {**self.inputs(triples, is_training), "labels": labels.to(self.device)}

    def prompt(self, triple: Triple) -> str:
        """Return the text before the audio."""
        return prompt_with_facts(triple.question, triple.facts) if self.options.facts_in_prompt else triple.question


def answer_text(triple: Triple) -> str:
    """Return the answer; that of the notes' task in the language of `note_tokens`."""
    return notes_to_text(notes_of(triple.facts)) if triple.task == "notes" else triple.answer


def notes_of(facts: Mapping[str, Any]) -> list[TextNote]:
    """Return the pitched notes of the facts, rows of [onset, offset, pitch, velocity, program]."""
    return [
        TextNote(float(start), float(end), int(pitch), int(velocity))
        for start, end, pitch, velocity, program in facts["notes"]
        if program != DRUM_PROGRAM
    ]


def padded_states(rows: Sequence[States]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return (states [batch, frames, width] padded at the beginning, their frames [batch]) of each encoder."""
    keys = rows[0].keys()
    tensors = {key: [torch.from_numpy(np.asarray(row[key], np.float32)) for row in rows] for key in keys}
    counts = {key: torch.tensor([len(states) for states in tensors[key]]) for key in keys}
    return {key: pad_sequence(tensors[key], batch_first=True, padding_side="left") for key in keys}, counts


def drawn_part(states: States, min_part: float) -> States:
    """Return a random part of the frames, the same of every encoder; torch's generator draws it."""
    if min_part == 1:
        return states
    length, place = torch.rand(2).tolist()
    part = min_part + (1 - min_part) * length
    first = (1 - part) * place
    return {key: rows[_frames(first, part, len(rows))] for key, rows in states.items()}


def _frames(first: float, part: float, count: int) -> slice:
    start = min(count - 1, int(first * count))
    return slice(start, max(start + 1, round((first + part) * count)))
