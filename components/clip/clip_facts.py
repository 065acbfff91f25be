"""What a person should know about the open clip: what was lost, and which other tracks and sides its file has."""

from __future__ import annotations

import html

import gradio as gr

from components.page.page_script import page_script
from pipelines.clip.clip import AudioClip
from pipelines.clip.recording import AudioTrack

SIDES = ("Left side", "Right side")
CHANNEL_COUNTS = {1: "mono", 2: "stereo"}


def build_clip_facts() -> gr.HTML:
    """Build the component below the timeline, empty."""
    return gr.HTML("", elem_id="clip-facts", js_on_load=page_script("clip/js/clip_facts"), apply_default_css=False)


def clip_facts_markup(clip: AudioClip | None) -> str:
    """Return the notes of a clip, and menus of its tracks and sides where there is a choice; '' where there is nothing to say."""
    if clip is None:
        return ""
    menus = _track_menu(clip) + _side_menu(clip)
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in clip.notes)
    chosen = f'<div class="clip-choices">{menus}</div>' if menus else ""
    return chosen + (f'<ul class="clip-notes">{notes}</ul>' if notes else "")


def _track_menu(clip: AudioClip) -> str:
    if len(clip.tracks) < 2:
        return ""
    options = [(str(number), _track_name(number, track)) for number, track in enumerate(clip.tracks)]
    return _menu("track", "Track", options, str(clip.track))


def _side_menu(clip: AudioClip) -> str:
    if not clip.has_unlike_sides and clip.channel is None:
        return ""
    options = [("", "Both sides"), *((str(number), name) for number, name in enumerate(SIDES))]
    return _menu("channel", "Channels", options, "" if clip.channel is None else str(clip.channel))


def _track_name(number: int, track: AudioTrack) -> str:
    channels = CHANNEL_COUNTS.get(track.channels, f"{track.channels} channels")
    known = [part for part in (track.title, track.language, channels, "default" if track.is_default else "") if part]
    return f"{number + 1}: {', '.join(known)}"


def _menu(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> str:
    items = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{html.escape(text)}</option>' for value, text in options
    )
    return f'<label>{label} <select name="{name}">{items}</select></label>'
