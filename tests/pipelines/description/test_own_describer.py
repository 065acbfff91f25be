"""The small model of our own refuses other questions and sound without music, and leaves doubtful claims out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.specs.describer import MUSIC_DESCRIBER
from pipelines.clip.clip import AudioClip
from pipelines.description import model_caption
from pipelines.description.model_caption import CaptionOptions, describe_music
from pipelines.description.own_describer import NO_MUSIC
from pipelines.language_models import claim_certainty
from pipelines.language_models.claim_certainty import find_claims, sure_sentences
from pipelines.music.tags.music_tagging import has_music
from pipelines.questions.describer_questions import OTHER_QUESTION, is_answerable
from pipelines.questions.from_model import QuestionOptions, ask
from services import Services
from training.data.renderer.wordings import QUESTIONS

MUSIC = Path(__file__).parents[3] / "examples" / "music.ogg"
GUESSED = {"bpm", "key", "instrument", "chords", "notes"}


def test_questions_of_the_training_are_answered_but_for_those_that_it_guesses() -> None:
    asked = {topic: {is_answerable(question) for question in questions} for topic, questions in QUESTIONS.items()}
    assert asked == {topic: {topic not in GUESSED} for topic in QUESTIONS}


@pytest.mark.parametrize(
    "question",
    [
        "Who sings?", "What is the capital of France?", "Does the tempo change?", "Translate tempo into German",
        "When do the drums come in?", "Tell me a joke about drums", "Are the drums electronic?", "Quel est le tempo ?",
        "Is there a violin?",
    ],
)  # fmt: skip
def test_questions_of_another_kind_are_none_that_it_answers(question: str) -> None:
    assert not is_answerable(question)


@pytest.mark.parametrize("question", ["What's the tempo?", "Which instrument plays the melody?", "Any percussion?"])
def test_the_same_questions_in_other_words_are_answered(question: str) -> None:
    assert is_answerable(question)


def test_a_claim_is_compared_with_the_other_words_in_its_place() -> None:
    text = "The tempo is slow. Strings lead, with a guitar."
    texts = {claim.kind: claim.texts for claim in find_claims(text)}
    assert texts["tempo"] == (
        text, "The tempo is medium. Strings lead, with a guitar.", "The tempo is fast. Strings lead, with a guitar."
    )  # fmt: skip
    assert "The tempo is slow. A piano leads, with a guitar." in texts["family"]
    assert len(texts["family"]) == 9


def test_sentences_with_a_doubtful_claim_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    likelihoods = {"fast": -9.0, "medium": -9.0, "minor": -1.1}
    monkeypatch.setattr(
        claim_certainty,
        "_log_likelihood",
        lambda model, inputs, text: next((value for word, value in likelihoods.items() if word in text), -1.0),
    )
    model: Any = None
    assert sure_sentences(model, {}, "The tempo is slow. It is in major. No drums play.") == "The tempo is slow. No drums play."


def test_of_a_clip_without_music_it_says_that_it_describes_music_only(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip: AudioClip = services.clips.open(MUSIC)
    monkeypatch.setattr(model_caption, "has_music", lambda clip, runtime, should_stop: False)
    *_, described = describe_music(clip, CaptionOptions(model=MUSIC_DESCRIBER.key, seed=1), (), services.runtime)
    assert described.text == NO_MUSIC


def test_a_question_of_another_kind_gets_what_it_can_be_asked(services: Services) -> None:
    clip = services.clips.open(MUSIC)
    *_, answer = ask(clip, (), "Who is the singer?", QuestionOptions(model=MUSIC_DESCRIBER.key), services.runtime)
    assert answer.text == OTHER_QUESTION


def test_music_is_decided_by_the_music_tags(services: Services) -> None:
    assert has_music(services.clips.open(MUSIC), services.runtime, lambda: False)
