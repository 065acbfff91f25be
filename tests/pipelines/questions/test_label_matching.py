"""Own words are matched with known labels by their meaning, and found only where the tagger finds these."""

from __future__ import annotations

import pytest

from models.errors import InvalidOption
from pipelines.music.tags.tag_table import TABLE
from pipelines.questions.label_matching import MatchedLabels, match_labels, nearest
from pipelines.questions.own_words import find_words
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.zero_shot import LabelOptions
from services import Services
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models

NEAREST = {
    "a songbird": "Bird vocalization, bird call, bird song",
    "puppy": "Dog",
    "someone laughing": "Laughter",
    "typing on a keyboard": "Typing",
    "frying an egg": "Frying (food)",
    "sneezing": "Sneeze",
    "dentist": "Dental drill, dentist's drill",
    "techno": "Techno",
    "footsteps": "Walk, footsteps",
}
NAMES = tuple(dict.fromkeys([*class_tree().names, *(row.name for row in TABLE)]))
UNKNOWN = ("democracy", "mathematics", "coffee machine", "Vogel", "xylophagous", "blue", "pizza", "", "?!")


def test_words_get_the_labels_of_like_meaning_and_other_words_none(services: Services) -> None:
    found = dict(zip(NEAREST, nearest(tuple(NEAREST), NAMES, services.runtime), strict=True))
    assert {words: labels[0] for words, labels in found.items()} == NEAREST
    assert set(nearest(UNKNOWN, NAMES, services.runtime)) == {()}


def test_what_the_words_stand_for_is_found_where_it_sounds(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    *_, done = match_labels(clip, ("traffic", "a songbird", "democracy"), services.runtime)
    assert done.state == "done" and [match.words for match in done.matches] == ["a songbird", "traffic", "democracy"]
    bird, traffic, politics = done.matches
    assert bird.score is not None and traffic.score is not None and bird.score > 0.5 > 0.1 > traffic.score
    assert bird.time is not None and politics.score is None and politics.labels == ()


def test_music_tags_are_found_in_music_alone(services: Services) -> None:
    words = ("a piano", "country music", "happy")
    *_, music = match_labels(services.clips.open(EXAMPLES / "music.ogg"), words, services.runtime)
    *_, bird = match_labels(services.clips.open(EXAMPLES / "blackbird.ogg"), words, services.runtime)
    assert {one.words: one.labels for one in music.matches} == {
        "a piano": ("Piano",),
        "country music": ("Country",),  # and not all music
        "happy": ("Happy",),  # which only the music tags have
    }
    piano = music.matches[0]
    assert piano.words == "a piano" and piano.score is not None and piano.score > 0.25
    assert all(one.score is not None and one.score < 0.1 for one in bird.matches)
    assert "musicnn" in music.model


def test_auto_takes_the_labels_where_no_model_compares_texts_with_sounds(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    *_, found = find_words(clip, ("a songbird", "traffic"), LabelOptions(), services.runtime)
    assert isinstance(found, MatchedLabels)
    assert found.matches[0].words == "a songbird"
    assert found.to_dict()["matches"][0]["labels"]


def test_no_words_are_refused(services: Services) -> None:
    with pytest.raises(InvalidOption, match="1 to 50"):
        next(match_labels(services.clips.open(EXAMPLES / "blackbird.ogg"), (), services.runtime))
