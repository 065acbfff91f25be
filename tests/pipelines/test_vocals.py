"""Vocals and music from YAMNet's scores."""

from __future__ import annotations

import numpy as np

from pipelines.sound_names import Scores, class_tree
from pipelines.vocals import find_vocals, musicality

HOP_SECONDS = 0.48


def scores(patches: int, **spans: tuple[int, int, float]) -> Scores:
    """[patches, 521]; each name has a score from one patch to before another."""
    values = np.zeros((patches, 521), dtype=np.float32)
    for name, (first, last, score) in spans.items():
        values[first:last, class_tree().index(name.replace("_", " "))] = score
    return values


def test_singing_is_found_where_it_is() -> None:
    vocals = find_vocals(scores(100, Music=(0, 100, 0.9), Singing=(20, 50, 0.5)), HOP_SECONDS, 48.0)
    assert vocals.present and vocals.confidence > 0.9
    ((start, end),) = vocals.spans
    assert abs(start - 20 * HOP_SECONDS) < 1.5 and abs(end - 50 * HOP_SECONDS) < 1.5


def test_speech_and_instruments_do_not_sing() -> None:
    for heard in (scores(100, Speech=(0, 100, 0.99)), scores(100, Music=(0, 100, 0.99), Flute=(0, 100, 0.5)), scores(1)):
        vocals = find_vocals(heard, HOP_SECONDS, 48.0)
        assert not vocals.present and not vocals.spans and vocals.confidence > 0.9


def test_a_moment_is_not_believed() -> None:
    assert not find_vocals(scores(100, Singing=(40, 41, 0.9)), HOP_SECONDS, 48.0).spans


def test_a_short_clip_can_be_sung() -> None:
    assert find_vocals(scores(2, Choir=(0, 2, 0.9)), HOP_SECONDS, 1.2).present


def test_music_is_how_much_sounds_like_it() -> None:
    assert musicality(scores(10, Music=(0, 5, 1.0), Piano=(0, 10, 0.5))) == 0.75
    assert musicality(scores(10, Speech=(0, 10, 1.0))) == 0.0
