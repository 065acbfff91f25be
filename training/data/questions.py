"""Questions in several wordings, for data whose answers come as they are, and sentences around labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.data.triples import Task

QUESTIONS: Mapping[Task, tuple[str, ...]] = {
    "tags": ("Which tags fit this clip?", "List tags for this sound.", "Tag this clip."),
    "caption": ("Describe this clip.", "What can be heard?", "Write a caption for this sound.", "What does it sound like?"),
    "question": ("What is it?", "What can be heard?"),
    "speech": ("What is said?", "Write down what is said.", "Transcribe the speech."),
    "notes": ("Write down the notes.", "Transcribe the notes."),
}
GENRE_QUESTIONS = ("What genre is this music?", "Which genre does this piece belong to?", "What style of music is it?")
GENRE_ANSWERS = ("It is {}.", "The genre is {}.", "This is {}.")


def question_for(task: Task, rng: np.random.Generator) -> str:
    """Draw one of the questions of a task."""
    return str(rng.choice(QUESTIONS[task]))


def genre_question(rng: np.random.Generator) -> str:
    """Draw a question about the genre."""
    return str(rng.choice(GENRE_QUESTIONS))


def genre_answer(genre: str, rng: np.random.Generator) -> str:
    """Draw a sentence that names the genre."""
    return str(rng.choice(GENRE_ANSWERS)).format(genre)
