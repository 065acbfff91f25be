"""What stays of a storyboard when a later picture cannot be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from components.pictures.storyboard_panel import _streamed
from models.zero_gpu.refusals import GpuQuotaUsedUp
from pipelines.clip.clip import AudioClip
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.pictures.options import Picture
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

SCENES = (Scene(0.0, 4.0, ""), Scene(4.0, 8.0, ""))
BEFORE = Storyboard(duration=8.0, seed=7, scenes=SCENES, state="drawing")


def refused_after(*snapshots: Storyboard) -> Iterator[Storyboard]:
    yield from snapshots
    raise GpuQuotaUsedUp(20, 3, timedelta(minutes=5))


def test_pictures_of_earlier_calls_stay_below_the_sentence(speech: AudioClip) -> None:
    picture = Picture(Image.new("RGB", (96, 96), "red"), 7, DRAWN_FROM_TEXT)
    entry = StoryboardEntry(0.0, 4.0, "", (), "dog barking", picture, 1.0)
    *_, (board, _, made) = _streamed(speech, refused_after(BEFORE, replace(BEFORE, entries=(entry,))))
    assert "try again in 5 min" in board and board.count("<img") == 1 and "1 of 2 pictures" in board
    assert made.board is not None and made.board.state == "stopped"


def test_without_a_picture_there_is_only_the_error(speech: AudioClip) -> None:
    with pytest.raises(GpuQuotaUsedUp):
        list(_streamed(speech, refused_after(BEFORE)))
