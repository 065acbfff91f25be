"""The shared player and its timeline: a custom component on gr.HTML with its own script and style.

The page keeps the state (what plays, what is in view, which tracks there are) and Python sends changes:

    timeline = build_timeline(find_clip)              # once, inside gr.Blocks
    return clip_value(clip, token, name, path)        # an event shows another clip
    feed = TimelineFeed(token, "transcribe")          # a job of a tab: one feed for each run
    feed.put(WordTrack(id="words", name="Words"))     # add a track, or replace it
    feed.extend(WordTrack(id="words", name="Words", items=new_words))
    yield feed.value()                                # as often as it likes

A feed's value holds everything that the job has sent so far, so that an update that the browser skips is made up
for by the next one; Gradio sends only the difference, and the page parses only the new tail. A feed belongs
to one clip: updates about a clip that is no longer open are ignored.

The page reports what the person did: `timeline.seek(...)`, `timeline.select(...)`, `timeline.loop(...)`
register events as on any Gradio component; `loop_of` and `event_field` read the gr.EventData.
"""

import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote
from uuid import uuid4

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from components.page.page_script import page_script
from components.page.tabs import TabId
from components.timeline.tracks import Track, start_range, to_text
from pipelines.clip import timeline_tiles
from pipelines.clip.errors import ClipExpired

TEMPLATE = """
<section class="as-timeline" data-empty="true" aria-label="Player and timeline">
  <audio preload="metadata"></audio>
  <div class="as-top-room"><div class="as-top">
    <button type="button" class="as-play" aria-label="Play" disabled>
      <svg viewBox="0 0 14 14" aria-hidden="true"><path d="M2 0l12 7-12 7z"/><path d="M2 0h4v14H2zM8 0h4v14H8z"/></svg>
    </button>
    <span class="as-name"></span>
    <span class="as-meta"><span class="as-now">0:00.0</span><span class="as-facts"></span></span>
    <canvas class="as-mini" aria-hidden="true"></canvas>
    <span class="as-empty">No clip yet. Upload or record one, or take an example: it plays here.</span>
  </div></div>
  <div class="as-body">
    <div class="as-row as-ruler"><span></span><canvas aria-hidden="true"></canvas></div>
    <div class="as-slider" role="slider" tabindex="0" aria-label="Position" aria-valuemin="0" aria-valuemax="0"
      aria-valuenow="0"></div>
    <div class="as-row as-wave">
      <button type="button" class="as-fold" aria-expanded="true"><span>Waveform</span></button>
      <canvas role="img"></canvas>
      <p class="as-caption" dir="auto" hidden></p>
    </div>
    <div class="as-rows"><button type="button" class="as-others" aria-expanded="false" hidden></button></div>
    <div class="as-plane">
      <div class="as-loop" hidden><i data-edge="start"></i><i data-edge="end"></i></div>
      <div class="as-hover" hidden><span class="as-tip"></span></div>
      <div class="as-head"></div>
    </div>
  </div>
  <div class="as-foot">
    <p class="as-hint"><span class="as-mouse">space plays · ← → step · L loops · scroll zooms · ? all keys</span>
      <span class="as-touch">tap seeks · drag scrolls · pinch zooms</span></p>
    <canvas class="as-map" aria-hidden="true" hidden></canvas>
    <div class="as-tools as-listen" role="group" aria-label="Listen to the beats">
      <button type="button" class="as-beats-button" aria-pressed="false" hidden>Click on beats</button>
      <button type="button" class="as-chords-button" aria-pressed="false" hidden>Play chords</button>
    </div>
    <div class="as-tools">
      <button type="button" class="as-spectrum-button" aria-pressed="false" disabled>Spectrogram</button>
      <button type="button" class="as-loop-button" aria-pressed="false" disabled>Loop</button>
      <button type="button" class="as-out" aria-label="Zoom out">−</button>
      <button type="button" class="as-in" aria-label="Zoom in">+</button>
      <button type="button" class="as-fit">Fit</button>
    </div>
  </div>
  <div class="as-unseen as-live" role="status" aria-live="polite"></div>
</section>
"""
TILES_PER_REQUEST = 24
SMALLEST_LOOP_SECONDS = 0.02

Value = dict[str, Any]  # JSON


class ShownClip(timeline_tiles.Clip, Protocol):
    """The samples of a clip for tiles, and its number of channels for the head line."""

    @property
    def channels(self) -> int:
        """Channels of the recording; tiles are made of their mean."""


FindClip = Callable[[str], timeline_tiles.Clip | None]


def build_timeline(find_clip: FindClip, elem_id: str = "timeline") -> gr.HTML:
    """Build the component, without a clip.

    `find_clip` resolves the unguessable token that `clip_value` gave to a page; it returns None for any other
    text. Tiles are sent for no other clip.
    """

    def tiles(query: object) -> dict[str, str]:
        return answer_tiles(query, find_clip)

    return gr.HTML(
        value=None,
        elem_id=elem_id,
        html_template=TEMPLATE,
        js_on_load=page_script("timeline/js/timeline"),
        apply_default_css=False,
        server_functions=[tiles],
        tile_layout=tile_layout(),
    )


class TimelineFeed:
    """The updates that one run of a job sends to the timeline about one clip. Not shared between runs or threads.

    Args:
        token: the clip's, as in `clip_value`.
        tab: the tab of the job. While another one is open, its tracks stand after that tab's own, folded away.
    """

    def __init__(self, token: str, tab: TabId) -> None:
        self._token = token
        self._tab = tab
        self._id = uuid4().hex
        self._tracks: dict[str, str | None] = {}
        self._last_starts: dict[str, float] = {}
        self._commands: list[Value] = []

    def put(self, track: Track) -> None:
        """Add this track, or replace the one with its id."""
        self._tracks[track.id] = to_text(track)
        self._last_starts[track.id] = start_range(track)[1]

    def extend(self, track: Track) -> None:
        """Append the items of `track` to the track of the same id that this feed put before."""
        head, _, tail = to_text(track).partition("\n")
        text = self._tracks.get(track.id)
        if text is None or not text.startswith(head + "\n"):
            raise ValueError(f"track {track.id!r} was not put with this name, kind and colour")
        first, last = start_range(track)
        if tail and first < self._last_starts[track.id]:
            raise ValueError(f"track {track.id!r} already has items after {first}")
        self._tracks[track.id] = text + tail
        self._last_starts[track.id] = max(last, self._last_starts[track.id])

    def remove(self, track_id: str) -> None:
        """Take a track off the timeline, whichever job put it there."""
        self._tracks[track_id] = None

    def seek(self, time: float, play: bool = False) -> None:
        """Move the playhead to `time` seconds; `play` also starts the sound."""
        self._command("seek", time=check_time(time), play=play)

    def select(self, track_id: str, index: int) -> None:
        """Select an item, move the playhead to its start and bring it into view."""
        if index < 0:
            raise ValueError(f"items are counted from 0, not {index}")
        self._command("select", track=track_id, index=index)

    def loop(self, start: float, end: float) -> None:
        """Repeat the part from `start` to `end` seconds."""
        if check_time(end) - check_time(start) < SMALLEST_LOOP_SECONDS:
            raise ValueError(f"a loop lasts at least {SMALLEST_LOOP_SECONDS} s, not {start} to {end}")
        self._command("loop", start=start, end=end)

    def value(self) -> Value:
        """Return the value for the component. Texts, not objects: Gradio compares and copies them cheaply."""
        return {
            "token": self._token,
            "feed": self._id,
            "tab": self._tab,
            "tracks": dict(self._tracks),
            "commands": json.dumps(self._commands),
        }

    def _command(self, name: str, **arguments: object) -> None:
        self._commands.append({"name": name, **arguments})


def clip_value(clip: ShownClip, token: str, name: str, audio: Path) -> Value:
    """Return the value that shows a clip and drops the tracks of the one before; a page with this token stays as it is.

    `audio` is the file that the browser plays; Gradio must be able to serve it (its cache or
    `allowed_paths`). It should be what `clip` was decoded to: compressed files begin later in some decoders.
    """
    level, peaks = timeline_tiles.overview_peaks(clip)
    head = {
        "token": token,
        "name": name,
        "url": "gradio_api/file=" + quote(str(audio)),
        "duration": clip.duration,
        "channels": clip.channels,
        "sampleRate": clip.sample_rate,
        "overview": {"level": level, "peaks": encoded(peaks)},
    }
    return {"token": token, "clip": json.dumps(head)}


def no_clip_value() -> Value:
    """Return the value that shows no clip."""
    return {"token": "", "clip": None}


def loop_of(event: gr.EventData) -> tuple[float, float] | None:
    """Return start and end of the loop that the person set, in seconds; None when it was cleared."""
    return None if event_field(event, "start") is None else interval_of(event)


def answer_tiles(query: object, find_clip: FindClip) -> dict[str, str]:
    """Return the tiles that a page asks for, base64 by index; an empty answer for an invalid request."""
    match query:
        case {"token": str(token), "kind": "peaks" | "mel" as kind, "level": int(level), "indices": list(indices)}:
            make = timeline_tiles.peaks_tile if kind == "peaks" else timeline_tiles.mel_tile
        case _:
            return {}
    whole = [index for index in indices[:TILES_PER_REQUEST] if type(index) is int]
    try:
        clip = find_clip(token)
        return {str(index): encoded(make(clip, level, index)) for index in whole} if clip else {}
    except (timeline_tiles.NoSuchTileError, ClipExpired):
        return {}


def tile_layout() -> Value:
    """Return the constants of the tiles, so that the script repeats none of them."""
    return {
        "peakBlocks": timeline_tiles.PEAK_BLOCKS,
        "peaksPerTile": timeline_tiles.PEAKS_PER_TILE,
        "melSeconds": timeline_tiles.MEL_COLUMN_SECONDS,
        "melColumns": timeline_tiles.MEL_COLUMNS_PER_TILE,
        "melBands": timeline_tiles.MEL_BANDS,
        "tilesPerRequest": TILES_PER_REQUEST,
    }


def encoded(array: NDArray[np.generic]) -> str:
    """Return the bytes of an array, row by row, in base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def event_field(event: gr.EventData, name: str) -> object:
    """Return one field of what the page sent, which may be anything."""
    data = event._data
    if not isinstance(data, dict) or name not in data:
        raise ValueError(f"the event lacks {name!r}")
    return data[name]


def interval_of(event: gr.EventData) -> tuple[float, float]:
    """Return start and end of what the page sent, in seconds, in order."""
    start, end = check_time(event_field(event, "start")), check_time(event_field(event, "end"))
    if end < start:
        raise ValueError(f"an interval ends after it starts, not {start} to {end}")
    return start, end


def check_time(time: object) -> float:
    """Return `time` if it is a finite number of seconds that is not negative; raise ValueError otherwise."""
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time) or time < 0:
        raise ValueError(f"a time is a number of seconds, not {time!r}")
    return float(time)
