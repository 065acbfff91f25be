from __future__ import annotations

import numpy as np
import pytest

from pipelines.notes.instruments import is_pitched
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.tags import SoundTags


def tags(music: list[float], silence: list[float]) -> SoundTags:
    tree = class_tree()
    scores = np.zeros((len(music), len(tree.names)), dtype=np.float32)
    scores[:, tree.index("Music")], scores[:, tree.index("Silence")] = music, silence
    times = 0.48 * np.arange(len(music), dtype=np.float32)
    return SoundTags(8.0, times, scores, hop_seconds=0.48, patch_seconds=0.96, model="YAMNet", device="cpu", elapsed=0.0)


@pytest.mark.parametrize(
    ("music", "silence", "expected"),
    [
        ([0.2] * 4 + [0.0] * 12, [0.0] * 4 + [1.0] * 12, True),  # a few notes, then silence, which says nothing of them
        ([0.02] * 16, [0.0] * 16, False),
        ([0.0] * 16, [1.0] * 16, False),
        ([0.5] * 16, [0.0] * 16, True),
    ],
)
def test_there_are_notes_where_what_is_audible_is_music(music: list[float], silence: list[float], expected: bool) -> None:
    assert is_pitched(tags(music, silence))[0] == expected
