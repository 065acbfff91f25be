"""The tempo of what is being recorded: each chunk of the microphone's sound is answered with the beats so far."""

from __future__ import annotations

from uuid import uuid4

import gradio as gr

from components.clip.sound_chunks import chunk_rate, chunk_samples
from components.page.user_errors import sentence_for
from components.timeline.timeline import Value, event_field
from models.runtime import ModelRuntime
from pipelines.music.rhythm.live_beats import LiveBeats, LiveRhythm

MARKUP = '<span class="clip-tempo" hidden><i aria-hidden="true"></i><span></span></span>'


class LiveTempo:
    """The handler of the event `sounded`."""

    def __init__(self, runtime: ModelRuntime) -> None:
        self._runtime = runtime

    def accept(self, beats: LiveBeats | None, event: gr.EventData) -> tuple[Value, LiveBeats | None]:
        """Take a chunk; return the value of the clip bar, and the beats, which end with the last chunk."""
        try:
            rate = chunk_rate(event)
            if event_field(event, "last") is True:
                return _value(LiveRhythm(0.0)), None
            if beats is None or event_field(event, "first") is True:
                beats = LiveBeats(rate, self._runtime)
            return _value(beats.feed(chunk_samples(event, rate))), beats
        except Exception as error:
            return {"tempo": {"failure": sentence_for(error)}, "id": uuid4().hex}, None


def _value(rhythm: LiveRhythm) -> Value:
    """Return a value that differs from the last one: the page then sends the next chunk."""
    found = rhythm.bpm is not None and rhythm.beats
    return {"tempo": {"bpm": rhythm.bpm, "beat": rhythm.beats[-1]} if found else {}, "id": uuid4().hex}
