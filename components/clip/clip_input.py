"""The one shared clip above all tabs: uploaded, dropped, recorded, or taken from the examples."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import gradio as gr
from gradio.utils import get_upload_folder

from components.clip.clip_facts import build_clip_facts, clip_facts_markup
from components.clip.export_menu import EXPORTS, ExportChoice
from components.clip.fetching import MARKUP as FETCH_MARKUP
from components.clip.fetching import fetched_value, opened_link
from components.clip.live_tempo import MARKUP as LIVE_TEMPO_MARKUP
from components.clip.live_tempo import LiveTempo
from components.clip.open_panel import EXAMPLES, EXAMPLES_DIRECTORY, Example, open_panel_markup
from components.clip.player_subtitles import build_player_subtitles
from components.page.calls.callers import admit_opening
from components.page.events import QUIET_EACH, borrowing
from components.page.jobs.bundled_tabs import BundledTabs
from components.page.jobs.kept_panes import KeptPanes
from components.page.page_script import page_script
from components.page.tabs import TITLES, TabId
from components.page.user_errors import sentence_for
from components.timeline.timeline import (
    Value,
    build_timeline,
    clip_value,
    interval_of,
    no_clip_value,
)
from models.errors import InvalidOption, JobStopped
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import ClipExpired, ClipPathRefused, NoClip
from pipelines.clip.links.downloads import Fetched
from pipelines.jobs.stop_flags import SessionJob
from pipelines.telemetry.requests import counted_request, note_audio
from services import Services

Shown = tuple[
    AudioClip | dict[str, Any], Value | dict[str, Any], Value, TabId | Literal[""] | dict[str, Any], str | dict[str, Any], str
]
"""(state, timeline, bar, wanted, facts, person)."""
OpenClip = Callable[[gr.EventData, AudioClip | None, Callable[[], bool]], AudioClip]
PARALLEL_OPENINGS = 4
"""Clips that pages open at once, for all people together."""
OPENING: dict[str, Any] = {"concurrency_id": "openings", "concurrency_limit": PARALLEL_OPENINGS, **QUIET_EACH}
"""Queue of the events that open a clip."""


@dataclass(frozen=True)
class ClipInput:
    """The components and events of the shared clip."""

    state: gr.State
    """The person's `AudioClip`, or None."""
    bar: gr.HTML
    """Buttons and menus; its value is that of `bar_value`, its event `exported` {format} asks for a file."""
    timeline: gr.HTML
    subtitles: gr.HTML
    description: gr.State
    """The `ClipDescription` that the page shows, or None; set by its tab."""
    transcription: gr.State
    """The `Transcription` that the page shows, with corrections, or None; set by its tab."""
    wanted: gr.State
    """Tab whose job is wanted on the clip without another press; '' for none."""
    person: gr.State
    """Text that stands for the browser, under which its owner's clips and results are kept; '' before the page sent it."""
    panes: KeptPanes
    """What the tabs show of the clip."""
    bundled: BundledTabs
    """How the results of the tabs go into a bundle and come back."""
    showing: Callable[[OpenClip], Callable[..., Shown]]
    """Returns the handler of an event that opens a clip, with `state` as its input."""
    shown: tuple[gr.components.Component, ...]
    """Outputs of such a handler."""


def build_clip_input(services: Services) -> ClipInput:
    """Build the clip bar and the timeline, in one card."""
    state, wanted = gr.State(None), gr.State("")
    description, transcription, person = gr.State(None), gr.State(None), gr.State("")
    with gr.Column(elem_id="clip", elem_classes="clip"):
        bar = gr.HTML(
            value=bar_value(""),
            html_template=_bar_markup() + open_panel_markup(services.links.is_enabled),
            js_on_load=page_script("clip/js/clip_input"),
            apply_default_css=False,
            max_bytes=services.settings.max_clip_bytes,
        )
        timeline = build_timeline(services.clips.find)
        facts = build_clip_facts()
        subtitles = build_player_subtitles()
    arrived = bar.arrived(_arrived, outputs=person, queue=False, **QUIET_EACH)
    panes = KeptPanes(services.kept, state, timeline, person, wanted, arrived)
    bundled = BundledTabs(panes)
    handlers = _ClipHandlers(services)
    shown = (state, timeline, bar, wanted, facts, person)
    for event, open_clip in (
        (bar.uploaded, handlers.uploaded),
        (bar.reopened, handlers.reopened),
        (bar.cut, handlers.cut),
        (bar.selected, handlers.selected),
        (bar.example, handlers.example),
    ):
        event(handlers.showing(open_clip), inputs=state, outputs=shown, **OPENING)
    bar.linked(handlers.linked, outputs=shown, **OPENING)
    bar.halted(handlers.halted, outputs=bar, queue=False, **QUIET_EACH)
    bar.closed(handlers.closed, outputs=[state, timeline, bar, facts], **QUIET_EACH)
    bar.added(handlers.added, outputs=bar, **OPENING)
    bar.forgotten(handlers.forgotten, inputs=state, outputs=[state, timeline, facts], **QUIET_EACH)
    beats = gr.State(None)
    each_chunk: dict[str, Any] = {**borrowing(services.settings), **QUIET_EACH}
    bar.sounded(LiveTempo(services.runtime).accept, inputs=beats, outputs=[bar, beats], **each_chunk)
    return ClipInput(
        state, bar, timeline, subtitles, description, transcription, wanted, person, panes, bundled, handlers.showing, shown
    )


class _ClipHandlers:
    """The handlers of the clip bar's events. The methods named after an event return the clip that it opens."""

    def __init__(self, services: Services) -> None:
        self._clips = services.clips
        self._services = services
        self._links = services.links
        self._stop_flags = services.stop_flags

    def showing(self, open_clip: OpenClip) -> Callable[..., Shown]:
        """Return a handler that opens a clip and shows it, unless the person has asked for another one meanwhile."""

        def handler(now: AudioClip | None, event: gr.EventData, request: gr.Request) -> Shown:
            wish = self._wish(event, request)
            tab = _example(event).tab if open_clip == self.example else _tab(event)

            def opened() -> AudioClip:
                admit_opening(self._stop_flags.admission, self._clips.holdings, str(_data(event).get("hash", "")))
                return open_clip(event, now, wish)

            return self._answer(wish, event, opened, tab)

        return handler

    def linked(self, event: gr.EventData, request: gr.Request) -> Iterator[Shown]:
        """Show how much of the file behind a link is here, and at the end its clip, as `showing` does."""
        wish = self._wish(event, request)
        clip: AudioClip | None = None
        failure: Exception = JobStopped()
        try:
            admit_opening(self._stop_flags.admission, self._clips.holdings)
            for step in opened_link(_text(event, "link"), self._clips, self._links, wish):
                if isinstance(step, Fetched):
                    yield gr.skip(), gr.skip(), fetched_value(step, wish.order), gr.skip(), gr.skip(), gr.skip()
                clip = step if isinstance(step, AudioClip) else clip
        except Exception as error:
            failure = error

        def opened() -> AudioClip:
            if clip is None:
                raise failure
            return clip

        yield self._answer(wish, event, opened, _tab(event))

    def halted(self, event: gr.EventData, request: gr.Request) -> Value | dict[str, Any]:
        """Stop what is being opened: a wish for nothing, which is later than the one before."""
        return gr.skip() if self._wish(event, request).left else bar_value("Stopped.", "stopped")

    def uploaded(self, event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        return self._clips.open(_text(event, "path"), (Path(get_upload_folder()),), _text(event, "name"), should_stop=should_stop)

    def added(self, event: gr.EventData) -> Value:
        """Open one of several files for the history alone."""
        try:
            admit_opening(self._stop_flags.admission, self._clips.holdings)
            clip = self.uploaded(event, None, never_stop)
            self._clips.keep(clip, _text(event, "person"))
            return bar_value("") | {"added": _entry_of(clip)}
        except Exception as error:
            return bar_value(sentence_for(error), "error") | {"added": None}

    def example(self, event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        chosen = _example(event)
        return self._clips.open(EXAMPLES_DIRECTORY / chosen.file, (EXAMPLES_DIRECTORY,), chosen.name)

    def reopened(self, event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        content_hash = _text(event, "hash")
        clip = self._clips.find_kept(content_hash, _text(event, "person"))
        if clip is None and content_hash in {shared.content_hash for shared in self._services.library.clips()}:
            clip = self._clips.find(content_hash)
        if clip is None:
            raise ClipExpired
        return clip.named(_text(event, "name"))

    def cut(self, event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        if now is None:
            raise NoClip
        start, end = interval_of(event)
        return self._clips.cut(now, start, end).named(f"{now.name} {start:.1f}–{end:.1f} s")

    def selected(self, event: gr.EventData, now: AudioClip | None, should_stop: Callable[[], bool]) -> AudioClip:
        """Return another track of the open clip's file, or one side of it."""
        if now is None:
            raise NoClip
        track, channel = _number(event, "track"), _data(event).get("channel")
        if channel is not None and type(channel) is not int:
            raise InvalidOption("channel", channel, "a number")
        return self._clips.select(now, now.track if track < 0 else track, channel)

    def closed(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Return the page without a clip, unless the person has asked for another one meanwhile."""
        return (gr.skip(),) * 4 if self._wish(event, request).left else (None, no_clip_value(), bar_value(""), "")

    def forgotten(self, now: AudioClip | None, event: gr.EventData) -> tuple[Any, ...]:
        """Delete a clip from this person's history; the page is emptied if it shows that clip."""
        content_hash = _text(event, "hash")
        self._clips.release(content_hash, _text(event, "person"))
        is_shown = now is not None and now.content_hash == content_hash
        return (None, no_clip_value(), "") if is_shown else (gr.skip(), gr.skip(), gr.skip())

    def _wish(self, event: gr.EventData, request: gr.Request) -> SessionJob:
        return self._stop_flags.begin(f"{request.session_hash}/clip", order=_number(event, "wish"))

    def _answer(self, wish: SessionJob, event: gr.EventData, opened: Callable[[], AudioClip], tab: TabId | Literal[""]) -> Shown:
        """Return what shows the clip that `opened` returns, or nothing if the person has asked for another one meanwhile."""
        clip, timeline, bar, wanted, facts, person = self._shown(event, opened, tab)
        if wish.left:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.skip(), gr.skip()
        # An earlier answer can still overtake this one on its way: by the number the page notices.
        return clip, timeline, bar | {"wish": wish.order, "tab": tab}, wanted, facts, person

    def _shown(self, event: gr.EventData, opened: Callable[[], AudioClip], tab: TabId | Literal[""]) -> Shown:
        """Return the new clip on the page; or, beside the clip that was there, why there is no new one."""
        with counted_request("open", "page", never_stop):
            try:
                clip = opened()
                note_audio(clip.duration)
                person = _text(event, "person")
                self._clips.keep(clip, person)
                value = clip_value(clip, clip.content_hash, clip.name, clip.player_file)
                return clip, value, bar_value("", clip=clip), tab, clip_facts_markup(clip), person
            except ClipExpired as error:
                return _refusal(error, gone=_text(event, "hash"))
            except Exception as error:
                return _refusal(error)


def _arrived(event: gr.EventData) -> str:
    """Return the text that stands for the browser."""
    return _text(event, "person")


def _refusal(error: Exception, **more: str) -> Shown:
    """Return updates that leave the clip that was there, and say in the bar why there is no new one."""
    return gr.skip(), gr.skip(), bar_value(sentence_for(error), "error") | more, gr.skip(), gr.skip(), gr.skip()


def open_for_api(services: Services, file: object, should_stop: Callable[[], bool]) -> AudioClip:
    """Open the file that an API caller uploaded: a FileData as a dict, or anything else, which is refused."""
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str):
        raise ClipPathRefused
    clip = services.clips.open(path, (Path(get_upload_folder()), EXAMPLES_DIRECTORY), should_stop=should_stop)
    note_audio(clip.duration)
    return clip


def bar_value(
    text: str, kind: Literal["plain", "stopped", "error"] = "plain", clip: AudioClip | None = None, file: Value | None = None
) -> Value:
    """Return the note, a new value even for the same text to replace the page's own ('Loading').

    `clip` enters the history; `file` {url, name} is downloaded.
    """
    return {"note": text, "kind": kind, "clip": _entry_of(clip) if clip else None, "file": file, "id": uuid4().hex}


def _entry_of(clip: AudioClip) -> Value:
    """Return what the history of the page keeps of a clip."""
    return {"hash": clip.content_hash, "name": clip.name, "duration": clip.duration}


def _bar_markup() -> str:
    exports = "".join(_export_entry(choice) for choice in EXPORTS)
    return f"""
<div class="clip-bar" role="group" aria-label="Clip">
  <span class="clip-note" role="status"></span>
  {FETCH_MARKUP}
  {LIVE_TEMPO_MARKUP}
  <button type="button" class="clip-open-button" aria-expanded="false" aria-haspopup="true">Open</button>
  <div class="clip-menu">
    <button type="button" class="clip-history-button" aria-expanded="false" aria-haspopup="true" hidden>History</button>
    <ul class="clip-history" hidden></ul>
  </div>
  <div class="clip-menu">
    <button type="button" class="clip-export-button" aria-expanded="false" aria-haspopup="true" hidden>Export</button>
    <ul class="clip-export" hidden>{exports}</ul>
  </div>
  <button type="button" class="clip-cut" title="Crop the clip to the looped part" hidden>Crop to loop</button>
  <button type="button" class="clip-record" aria-pressed="false">Record</button>
  <button type="button" class="clip-upload">Upload</button>
</div>"""


def _export_entry(choice: ExportChoice) -> str:
    name, about = html.escape(choice.name), html.escape(choice.about)
    return f'<li><button type="button" data-format="{choice.key}"><b>{name}</b><span>{about}</span></button></li>'


def _data(event: gr.EventData) -> dict[str, Any]:
    """Return what the page sent with an event; the page may send anything."""
    return event._data if isinstance(event._data, dict) else {}


def _text(event: gr.EventData, name: str) -> str:
    value = _data(event).get(name)
    if not isinstance(value, str):
        raise ClipPathRefused
    return value


def _number(event: gr.EventData, name: str) -> int:
    value = _data(event).get(name)
    if type(value) is not int:
        raise ClipPathRefused
    return value


def _tab(event: gr.EventData) -> TabId | Literal[""]:
    """Return the tab whose job the page wants; it may name any."""
    named = _data(event).get("tab")
    return next((tab for tab in TITLES if tab == named), "")


def _example(event: gr.EventData) -> Example:
    index = _data(event).get("index")
    if type(index) is not int or not 0 <= index < len(EXAMPLES):
        raise InvalidOption("example", index, f"0 to {len(EXAMPLES) - 1}")
    return EXAMPLES[index]
