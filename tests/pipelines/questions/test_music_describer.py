"""The small audio language model that ships: it describes and answers offline, and is taken by name only."""

from __future__ import annotations

from pathlib import Path

from models.specs.describer import MUSIC_DESCRIBER
from pipelines.description.caption import FROM_FACTS, choose_listener
from pipelines.description.model_caption import CaptionOptions, describe_music
from pipelines.questions.from_model import QuestionOptions, ask
from services import Services
from training.data.renderer.wordings import claims

MUSIC = Path(__file__).parents[3] / "examples" / "music.ogg"


def test_it_describes_music_and_answers_about_a_part_of_it(services: Services) -> None:
    clip = services.clips.open(MUSIC)
    *_, described = describe_music(clip, CaptionOptions(model=MUSIC_DESCRIBER.key), (), services.runtime)
    assert described.state == "done"
    assert claims(described.text).keys() & {"tempo", "mode", "family"}
    options = QuestionOptions(model=MUSIC_DESCRIBER.key, start=1.0, end=6.0)
    *_, answer = ask(clip, (), "Is it in major or minor?", options, services.runtime)
    assert claims(answer.text).keys() == {"mode"}
    assert answer.is_part


def test_automatic_choice_never_takes_it(services: Services) -> None:
    assert not MUSIC_DESCRIBER.auto
    assert choose_listener("describe_music", "auto", services.runtime.catalog).model == FROM_FACTS
