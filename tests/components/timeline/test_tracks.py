import base64
import json
from typing import Any

import gradio as gr
import numpy as np
import pytest

from components.timeline.items import LabelItem, NoteItem, PictureItem, PointItem, SpanItem, WordItem
from components.timeline.timeline import (
    TimelineFeed,
    loop_of,
)
from components.timeline.tracks import (
    ColourTrack,
    HeatmapTrack,
    LabelTrack,
    NoteTrack,
    PictureTrack,
    PointTrack,
    SpanTrack,
    Track,
    WordTrack,
    start_range,
    to_text,
)

PNG = "data:image/png;base64,iVBORw0KGgo="
SCORES = np.array([[0.0, 1.0], [0.5, 0.25], [1.0, 0.0]], np.float32)
COLOURS = np.array([[255, 0, 0], [0, 128, 255]], np.uint8)


def as_json(track: Track) -> dict[str, Any]:
    """The track as the page reads it."""
    head, _, items = to_text(track).partition("\n")
    return {**json.loads(head), "items": json.loads(f"[{items.removesuffix(',')}]")}


@pytest.mark.parametrize(
    ("track", "items"),
    [
        (SpanTrack(id="s", name="S", items=(SpanItem(0, 2, "one"), SpanItem(1, 3, "two"))), [[0, 2, "one"], [1, 3, "two"]]),
        (WordTrack(id="w", name="W", items=(WordItem(0.12345, 0.5, "„hé”", 0.98765),)), [[0.1235, 0.5, "„hé”", 0.988]]),
        (LabelTrack(id="l", name="L", items=(LabelItem(0, 1, "C♯m", 0.5),)), [[0, 1, "C♯m", 0.5]]),
        (LabelTrack(id="c", name="C", items=(LabelItem(0, 1, "Am", 0.5, (9, 0, 4)),)), [[0, 1, "Am", 0.5, [9, 0, 4]]]),
        (PointTrack(id="p", name="P", items=(PointItem(1, strong=True), PointItem(2))), [[1, 1, "", 1], [2, 2, "", 0]]),
        (NoteTrack(id="n", name="N", items=(NoteItem(0, 1, 60, 0.5),)), [[0, 1, 60, 0.5]]),
        (PictureTrack(id="i", name="I", items=(PictureItem(0, 1, PNG, "dawn"),)), [[0, 1, "dawn", PNG]]),
    ],
)
def test_each_kind_has_its_data_form(track, items):
    form = as_json(track)
    assert form == {"id": track.id, "kind": track.kind, "name": track.name, "colour": track.colour, "items": items}


def test_a_heatmap_is_bytes_frame_after_frame():
    track = HeatmapTrack(id="h", name="H", hop=0.5, rows=("speech", "music"), scores=SCORES)
    form = as_json(track)
    assert (form["hop"], form["start"], form["rows"]) == (0.5, 0.0, ["speech", "music"])
    assert list(base64.b64decode(form["items"][0])) == [0, 255, 128, 64, 255, 0]


def test_a_colour_strip_is_red_green_blue_frame_after_frame():
    form = as_json(ColourTrack(id="c", name="C", hop=0.02, colours=COLOURS))
    assert list(base64.b64decode(form["items"][0])) == [255, 0, 0, 0, 128, 255]


def test_a_longer_track_starts_with_the_shorter():
    words = tuple(WordItem(i, i + 0.5, f"w{i}") for i in range(5))
    short, long = (to_text(WordTrack(id="w", name="W", items=words[:count])) for count in (2, 5))
    assert long.startswith(short)
    assert json.loads("[" + long[len(short) : -1] + "]") == [[2, 2.5, "w2", 1], [3, 3.5, "w3", 1], [4, 4.5, "w4", 1]]


def test_a_line_feed_in_a_text_does_not_end_the_head():
    text = to_text(SpanTrack(id="s", name="two\nlines", items=(SpanItem(0, 1, "a\nb"),)))
    assert text.count("\n") == 1


def test_start_range():
    assert start_range(PointTrack(id="p", name="P", items=(PointItem(1), PointItem(4)))) == (1, 4)
    assert start_range(PointTrack(id="p", name="P")) == (0, 0)
    assert start_range(ColourTrack(id="c", name="C", hop=1, start=3, colours=COLOURS)) == (3, 3)


@pytest.mark.parametrize(
    "build",
    [
        lambda: SpanItem(2, 1, "backwards"),
        lambda: SpanItem(-1, 1, "before the clip"),
        lambda: SpanItem(0, float("inf"), "for ever"),
        lambda: PointItem(float("nan")),
        lambda: WordItem(0, 1, "sure", 1.5),
        lambda: WordItem(0, 1, "unsure", float("nan")),
        lambda: NoteItem(0, 1, 128),
        lambda: PictureItem(0, 1, "javascript:alert(1)"),
        lambda: PictureItem(0, 1, "https://example.org/tracker.png"),
        lambda: PictureItem(0, 1, "data:image/svg+xml;base64,PHN2Zz4="),
        lambda: WordTrack(id="Words!", name="W"),
        lambda: WordTrack(id="w", name=" "),
        lambda: PointTrack(id="p", name="P", items=(PointItem(2), PointItem(1))),
        lambda: HeatmapTrack(id="h", name="H", hop=0.5, rows=("one",), scores=SCORES),
        lambda: HeatmapTrack(id="h", name="H", hop=0.5, rows=("a", "b"), scores=SCORES * 2),
        lambda: HeatmapTrack(id="h", name="H", hop=0.5, rows=("a", "b"), scores=SCORES * np.nan),
        lambda: HeatmapTrack(id="h", name="H", hop=0, rows=("a", "b"), scores=SCORES),
        lambda: ColourTrack(id="c", name="C", hop=1, colours=COLOURS.astype(np.float32)),
        lambda: ColourTrack(id="c", name="C", hop=1, colours=COLOURS[:, :2]),
    ],
)
def test_refuses_what_cannot_be_drawn(build):
    with pytest.raises(ValueError, match=r"."):
        build()


def words(*starts, name="Words"):
    return WordTrack(id="words", name=name, items=tuple(WordItem(start, start + 0.5, f"w{start}") for start in starts))


def test_a_feed_sends_all_it_sent_before():
    feed = TimelineFeed("token", "music")
    feed.put(words(0))
    first = feed.value()
    feed.extend(words(1, 2))
    feed.remove("beats")
    feed.seek(1.5, play=True)
    feed.select("words", 2)
    feed.loop(1, 2)
    second = feed.value()
    assert second["tracks"] == {"words": to_text(words(0, 1, 2)), "beats": None}
    assert second["tracks"]["words"].startswith(first["tracks"]["words"])
    assert (second["token"], second["feed"]) == ("token", first["feed"])
    assert [command["name"] for command in json.loads(second["commands"])] == ["seek", "select", "loop"]
    assert json.loads(first["commands"]) == []


def test_feeds_are_told_apart():
    assert TimelineFeed("token", "music").value()["feed"] != TimelineFeed("token", "music").value()["feed"]


@pytest.mark.parametrize(
    "tell",
    [
        lambda feed: feed.extend(words(1)),
        lambda feed: feed.extend(words(6, name="Other")),
        lambda feed: feed.extend(PointTrack(id="points", name="P", items=(PointItem(9),))),
        lambda feed: feed.seek(-1),
        lambda feed: feed.seek(float("nan")),
        lambda feed: feed.loop(2, 1),
        lambda feed: feed.loop(1, 1.001),
        lambda feed: feed.select("words", -1),
    ],
)
def test_a_feed_refuses_what_the_page_could_not_do(tell):
    feed = TimelineFeed("token", "music")
    feed.put(words(0, 5))
    before = feed.value()
    with pytest.raises(ValueError, match=r"."):
        tell(feed)
    assert feed.value() == before


def event(data):
    return gr.EventData(None, data)


def test_reads_what_the_person_did():
    assert loop_of(event({"start": 1, "end": 2.5})) == (1.0, 2.5)
    assert loop_of(event({"start": None, "end": None})) is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"start": 2},
        {"start": 2, "end": 1},
        {"start": "1", "end": 2},
        {"start": True, "end": 2},
        {"start": -1, "end": 2},
        {"start": 1, "end": float("inf")},
    ],
)
def test_refuses_what_no_page_of_ours_sends(data):
    with pytest.raises(ValueError, match=r"."):
        loop_of(event(data))
