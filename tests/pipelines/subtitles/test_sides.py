"""Cues and files of a clip whose two sides were read one by one."""

from __future__ import annotations

import json
from itertools import pairwise

from pipelines.speech.transcript import Segment
from pipelines.subtitles.cues import make_cues
from pipelines.subtitles.formats import to_json, to_lrc, to_rttm, to_srt, to_tsv, to_txt, to_vtt
from tests.pipelines.subtitles.test_formats import subtitles

LEFT = Segment(1.0, 4.0, "The doctor arrives tomorrow.", side="left")
RIGHT = Segment(1.5, 3.0, "Seven <baskets>.", side="right")
LATER = Segment(7.0, 8.0, "At nine.", side="left")
SUBTITLES = subtitles(LEFT, RIGHT, LATER)


def test_both_sides_keep_their_times_where_they_overlap() -> None:
    cues = SUBTITLES.cues
    assert [(cue.side, cue.start_ms) for cue in cues] == [("left", 1000), ("right", 1500), ("left", 7000)]
    assert cues[0].end_ms >= 4000
    assert 3000 <= cues[1].end_ms < 7000


def test_the_cues_of_a_side_are_those_that_it_has_alone() -> None:
    lines = [Segment(i * 1.3, i * 1.3 + 1.2, f"line {i} is spoken here.", side=("left", "right")[i % 2]) for i in range(40)]
    together = make_cues(lines, 60.0)
    for side in ("left", "right"):
        own = tuple(cue for cue in together if cue.side == side)
        assert own == make_cues([line for line in lines if line.side == side], 60.0)
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(own))
    assert [cue.start_ms for cue in together] == sorted(cue.start_ms for cue in together)


def test_every_format_names_the_side() -> None:
    assert to_txt(SUBTITLES) == "Left: The doctor arrives tomorrow.\nRight: Seven <baskets>.\nLeft: At nine.\n"
    assert "\nLeft: The doctor arrives tomorrow.\n\n2\n00:00:01,500 --> " in to_srt(SUBTITLES)
    assert "\n<v Left>The doctor arrives tomorrow.\n" in to_vtt(SUBTITLES)
    assert "\n<v Right>Seven &lt;baskets&gt;.\n" in to_vtt(SUBTITLES)
    assert "\tRight: Seven <baskets>.\n" in to_tsv(SUBTITLES)
    document = json.loads(to_json(SUBTITLES))
    assert [segment["side"] for segment in document["segments"]] == ["left", "right", "left"]
    assert [cue["side"] for cue in document["cues"]] == ["left", "right", "left"]


def test_every_format_names_the_speaker_and_no_cue_holds_two() -> None:
    spoken = [
        ("Ann <Ba", 0.0, 1.0, "Yes,"),
        ("Ann <Ba", 1.2, 2.0, "of course."),
        ("Ben", 2.0, 3.0, "No."),
        ("Ann <Ba", 5.0, 6.0, "Oh."),
    ]
    files = subtitles(*(Segment(start, end, text, speaker=name) for name, start, end, text in spoken))
    assert to_txt(files).startswith("Ann <Ba: Yes,\nAnn <Ba: of course.\nBen: No.\n")
    assert [(cue.speaker, cue.text) for cue in files.cues] == [("Ann <Ba", "Yes, of course."), ("Ben", "No."), ("Ann <Ba", "Oh.")]
    assert "\nBen: No.\n" in to_srt(files)
    assert "\n<v Ann &lt;Ba>Yes, of course.\n" in to_vtt(files)
    assert [cue["speaker"] for cue in json.loads(to_json(files))["cues"]] == ["Ann <Ba", "Ben", "Ann <Ba"]
    turns = [row.split()[3:5] + row.split()[7:8] for row in to_rttm(files).splitlines()]
    assert turns == [["0.000", "2.000", "Ann_<Ba"], ["2.000", "1.000", "Ben"], ["5.000", "1.000", "Ann_<Ba"]]


def test_lrc_is_cleared_when_both_sides_are_silent() -> None:
    times = [line[1:9] for line in to_lrc(SUBTITLES).splitlines() if line[1].isdigit()]
    assert times == sorted(times)
    assert len(times) == 5
    assert times[2] >= "00:04.00"


def test_a_clip_without_sides_has_no_labels() -> None:
    assert to_txt(subtitles(Segment(0.0, 1.0, "One."))) == "One.\n"
    assert "<v" not in to_vtt(subtitles(Segment(0.0, 1.0, "One.")))
