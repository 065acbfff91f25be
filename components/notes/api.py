"""The endpoint `transcribe_notes`, for scripts and as an MCP tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from pipelines.notes.in_bars import notes_in_bars
from pipelines.notes.notes import NoteMode, NoteOptions, NoteTranscription
from services import Services


@dataclass(frozen=True)
class NoteArguments:
    """The arguments of `/transcribe_notes` beside the recording."""

    mode: Annotated[
        str, "'polyphonic' for all notes, 'melody' for the strongest line alone, 'piano' for a piano alone, with its pedal."
    ] = NoteOptions.mode
    onset_threshold: Annotated[float, "from 0.05 to 0.95; higher gives fewer notes."] = NoteOptions.onset_threshold
    frame_threshold: Annotated[float, "from 0.05 to 0.95; higher gives shorter notes."] = NoteOptions.frame_threshold
    min_note_seconds: Annotated[float, "duration below which a note is dropped, up to 2."] = NoteOptions.min_note_seconds
    lowest_pitch: Annotated[int, "MIDI pitch, from 21."] = NoteOptions.lowest_pitch
    highest_pitch: Annotated[int, "MIDI pitch, up to 108."] = NoteOptions.highest_pitch
    pitch_bends: Annotated[bool, "whether all notes have pitch curves; those of a melody always have."] = NoteOptions.pitch_bends
    drums: Annotated[bool, "whether drums are a part of their own: kick, snare, hat; no toms or cymbals."] = NoteOptions.drums
    details: Annotated[bool, "whether the answer has all notes, beats and pitch curves beside the summary."] = False

    def options(self) -> NoteOptions:
        """Return the options of the pipeline."""
        return NoteOptions(
            mode=cast(NoteMode, self.mode),
            onset_threshold=self.onset_threshold,
            frame_threshold=self.frame_threshold,
            min_note_seconds=self.min_note_seconds,
            lowest_pitch=self.lowest_pitch,
            highest_pitch=self.highest_pitch,
            pitch_bends=self.pitch_bends,
            drums=self.drums,
        )


def add_notes_endpoint(services: Services) -> None:
    """Add `/transcribe_notes` to the page's API."""

    @with_option_arguments(NoteArguments)
    def transcribe_notes(
        audio: gr.FileData, arguments: NoteArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Transcribe the notes of a recording: when each begins and ends, its pitch and its velocity, in bars.

        Args:
            audio: the recording, in any format that carries sound.

        Returns:
            A growing result: count, the number of notes; parts [{name, program, is_drums, count}]; key [tonic, mode] and bars,
            the number of bars, or null; no_notes_reason, a sentence where nothing pitched was found; position 0 to 1; state;
            model, licence; duration and elapsed in seconds; clip_notes; with `details` also details {notes [{onset, offset,
            pitch, velocity, part, bend}], pedals [[press, release]], beats}, with times in seconds.
        """
        clip, state = open_for_api(services, audio, should_stop), None
        for now in watched(notes_in_bars(clip, arguments.options(), services.runtime, should_stop)):
            if now.state == state and now.state == "analysing":
                continue
            state = now.state
            is_over = state in ("done", "stopped")
            yield {**notes_document(now, arguments.details and is_over), "clip_notes": clip.notes}

    add_endpoint(transcribe_notes, services.stop_flags, services.lines.calls.models)


def notes_document(now: NoteTranscription, details: bool) -> dict[str, Any]:
    """Return the summary of a transcription, with its notes and beats where wanted."""
    counts = Counter(note.part for note in now.notes)
    whole = now.to_dict()
    summary = {
        "count": len(now.notes),
        "parts": [{**part, "count": counts[part["name"]]} for part in whole["parts"]],
        "key": whole["key"],
        "bars": len(now.beats.downbeats) if now.beats else None,
        **{name: whole[name] for name in ("no_notes_reason", "position", "state", "model", "licence", "duration", "elapsed")},
    }
    return {**summary, "details": {name: whole[name] for name in ("notes", "pedals", "beats")}} if details else summary
