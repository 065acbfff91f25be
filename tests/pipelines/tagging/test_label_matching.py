"""Own words are matched with known labels by their meaning, and found only where the tagger finds these."""

from __future__ import annotations

import pytest

from models.errors import InvalidOption
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.label_matching import match_labels, nearest
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
UNKNOWN = ("democracy", "mathematics", "coffee machine", "Vogel", "xylophagous", "blue", "pizza", "", "?!")


def test_words_get_the_labels_of_like_meaning_and_other_words_none(services: Services) -> None:
    found = dict(zip(NEAREST, nearest(tuple(NEAREST), class_tree().names, services.runtime), strict=True))
    assert {words: labels[0] for words, labels in found.items()} == NEAREST
    assert set(nearest(UNKNOWN, class_tree().names, services.runtime)) == {()}


def test_what_the_words_stand_for_is_found_where_it_sounds(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    *_, done = match_labels(clip, ("traffic", "a songbird", "democracy"), services.runtime)
    assert done.state == "done" and [match.words for match in done.matches] == ["a songbird", "traffic", "democracy"]
    bird, traffic, politics = done.matches
    assert bird.score is not None and traffic.score is not None and bird.score > 0.5 > 0.1 > traffic.score
    assert bird.time is not None and politics.score is None and politics.labels == ()


def test_no_words_are_refused(services: Services) -> None:
    with pytest.raises(InvalidOption, match="1 to 50"):
        next(match_labels(services.clips.open(EXAMPLES / "blackbird.ogg"), (), services.runtime))
