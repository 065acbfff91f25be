"""A clip whose two sides are read one by one, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from components.clip.player_subtitles import player_subtitles_value
from components.transcription.updates import TranscriptUpdates
from pipelines.clip.clip import AudioClip
from pipelines.speech.edits.lines import with_lines
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions, Word, shifted, with_text
from pipelines.subtitles.cues import make_cues

LEFT = Segment(0.0, 3.0, "The doctor", (Word(0.0, 1.0, "The", 1.0), Word(2.0, 3.0, "doctor", 1.0)), side="left")
LEAKED = Segment(0.1, 3.0, "doctor", (Word(0.1, 3.0, "doctor", 0.5),), side="right")
RIGHT = Segment(0.5, 2.0, "Seven baskets", (Word(0.5, 1.0, "Seven", 1.0), Word(1.0, 2.0, "baskets", 1.0)), side="right")
NOW = Transcription(duration=4.0, model="Whisper", model_reason="", licence="MIT", dtype="int8", device="cpu", state="decoding")
OPTIONS = TranscriptionOptions()


@pytest.fixture
def clip(tmp_path: Path) -> AudioClip:
    return AudioClip("0" * 32, 16_000, 4.0, 2, "wav", "pcm_s16le", tmp_path, "two.wav", has_unlike_sides=True)


def updates(clip: AudioClip, *lines: tuple[Segment, ...], options: TranscriptionOptions = OPTIONS) -> list[Any]:
    each = TranscriptUpdates(clip, options)
    return [each.of(replace(NOW, segments=segments)) for segments in lines]


def tracks_of_lines(timeline: Any) -> set[str]:
    """Return the tracks that the page adds or removes, without those of speakers."""
    return {track for track in timeline["tracks"] if not track.startswith("speaker-")}


def test_each_speaker_has_a_track_in_place_of_the_lines_of_all(clip: AudioClip) -> None:
    mono, options = replace(clip, has_unlike_sides=False), replace(OPTIONS, speakers="auto")
    lines = tuple(replace(each, side="", speaker=name) for each, name in ((LEFT, "Anna"), (shifted(RIGHT, 2.5), "Ben")))
    _, _, timeline, _ = updates(mono, lines[:1], lines, options=options)[-1]
    assert '"Anna"' in timeline["tracks"]["speaker-1"]
    assert "baskets" in timeline["tracks"]["speaker-2"]
    assert timeline["tracks"]["speaker-3"] is None
    assert timeline["tracks"]["speech"] is None
    heads = [timeline["tracks"][f"speaker-{number}"].splitlines()[0] for number in (1, 2)]
    assert ["blue" in heads[0], "orange" in heads[1]] == [True, True]


def test_each_side_has_its_own_tracks(clip: AudioClip) -> None:
    _, _, timeline, _ = updates(clip, (LEFT,), (LEFT, RIGHT))[-1]
    assert tracks_of_lines(timeline) == {"speech-left", "words-left", "speech-right", "words-right", "speech", "words"}
    assert "baskets" in timeline["tracks"]["words-right"]
    assert "baskets" not in timeline["tracks"]["words-left"]
    assert timeline["tracks"]["words"] is None
    _, _, timeline, _ = updates(clip, (replace(LEFT, side=""),), options=replace(OPTIONS, separate_sides=False))[-1]
    assert "doctor" in timeline["tracks"]["words"]
    assert timeline["tracks"]["words-left"] is None


def test_a_clip_without_sides_has_the_tracks_that_it_had(clip: AudioClip) -> None:
    _, _, timeline, _ = updates(replace(clip, has_unlike_sides=False), (replace(LEFT, side=""),))[-1]
    assert tracks_of_lines(timeline) == {"speech", "words"}


def test_a_line_that_is_taken_back_leaves_the_page(clip: AudioClip) -> None:
    (first, _, _, _), (second, _, timeline, _) = updates(clip, (LEAKED,), (LEFT,))
    assert first["feed"] != second["feed"]
    assert second["lines"].count("\n") == 1
    assert '"side": "left"' in second["lines"]
    assert "doctor" not in timeline["tracks"]["words-right"]
    (_, _, _, _), (unchanged, _, _, _) = updates(clip, (LEFT,), (LEFT,))
    assert unchanged == gr.skip()


def test_lines_stay_in_order_of_time_when_one_becomes_two() -> None:
    halves = replace(LEFT, end=1.0), replace(LEFT, start=2.0)
    assert with_lines((LEFT, RIGHT), 0, halves) == (halves[0], RIGHT, halves[1])


def test_a_corrected_line_keeps_its_side() -> None:
    assert with_text(RIGHT, "Seven wooden baskets").side == "right"


def test_the_player_shows_both_sides_at_once() -> None:
    shown = [text for start, end, text in player_subtitles_value(make_cues([LEFT, RIGHT], 4.0)) if start <= 1.0 < end]
    assert shown == ["Left: The doctor", "Right: Seven baskets"]
