"""The command `notes`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.arguments import Again, AsJson, Formats, Inputs, Jobs, Output, Quiet
from commands.outputs import OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.notes.export import NoteFormat, export_notes
from pipelines.notes.in_bars import notes_in_bars
from pipelines.notes.notes import NoteMode, NoteOptions, NoteTranscription
from services import Services

DEFAULTS = NoteOptions()
ENDINGS: dict[NoteFormat, str] = {
    "midi": ".mid",
    "musicxml": ".musicxml",
    "svg": ".svg",
    "pdf": ".pdf",
    "csv": ".csv",
    "json": ".json",
    "wav": ".wav",
}


def notes(
    inputs: Inputs,
    formats: Formats = None,
    output: Output = ".",
    mode: Annotated[
        NoteMode, typer.Option(help="'melody' is the strongest line alone, 'piano' a piano alone, with its pedal.")
    ] = DEFAULTS.mode,
    onset_threshold: Annotated[float, typer.Option(help="0.05 to 0.95; higher gives fewer notes.")] = DEFAULTS.onset_threshold,
    frame_threshold: Annotated[float, typer.Option(help="0.05 to 0.95; higher gives shorter notes.")] = DEFAULTS.frame_threshold,
    min_note_seconds: Annotated[float, typer.Option(help="Shorter notes are dropped.")] = DEFAULTS.min_note_seconds,
    lowest_pitch: Annotated[int, typer.Option(help="MIDI pitch, from 21.")] = DEFAULTS.lowest_pitch,
    highest_pitch: Annotated[int, typer.Option(help="MIDI pitch, up to 108.")] = DEFAULTS.highest_pitch,
    pitch_bends: Annotated[
        bool, typer.Option(help="Pitch curves of all notes; a melody always has them.")
    ] = DEFAULTS.pitch_bends,
    drums: Annotated[bool, typer.Option(help="Hits of drums, in a part of their own.")] = DEFAULTS.drums,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Write down the notes, in the bars of the music: midi, musicxml, a score as svg or pdf, csv, json or wav."""
    options = NoteOptions(
        mode=mode,
        onset_threshold=onset_threshold,
        frame_threshold=frame_threshold,
        min_note_seconds=min_note_seconds,
        lowest_pitch=lowest_pitch,
        highest_pitch=highest_pitch,
        pitch_bends=pitch_bends,
        drums=drums,
    )
    run(notes_command(options), RunOptions(inputs, output, formats or (), as_json, jobs, again, quiet))


def notes_command(options: NoteOptions) -> FileCommand[NoteTranscription]:
    """Return what `notes` does with each input."""

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[NoteTranscription]]:
        for now in notes_in_bars(clip, options, services.runtime, should_stop):
            yield JobStep(now.position, now if now.notes or now.state == "done" else None, now.state == "done")

    def document(clip: AudioClip, found: NoteTranscription) -> dict[str, Any]:
        return found.to_dict()

    formats: dict[str, OutputFormat[NoteTranscription]] = {
        name: OutputFormat(ending, partial(_exported, name), is_text=name not in ("midi", "pdf", "wav"))
        for name, ending in ENDINGS.items()
    }
    return FileCommand(formats, steps, document)


def _exported(name: NoteFormat, clip: AudioClip, found: NoteTranscription) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export_notes(found, name, Path(folder), safe_stem(clip.name)).read_bytes()
