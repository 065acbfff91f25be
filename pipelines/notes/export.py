"""Notes as files: MIDI, MusicXML, pages of a score, a table, JSON, and their sound."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Literal, get_args

from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.waveform_file import write_waveform
from pipelines.notes.midi import midi_file
from pipelines.notes.notes import NoteTranscription
from pipelines.notes.score import music_xml, score_pages
from pipelines.notes.synthesis import SYNTHESIS_RATE, note_sound

NoteFormat = Literal["midi", "musicxml", "svg", "csv", "json", "wav"]
COLUMNS = ("onset", "offset", "pitch", "name", "velocity", "part")


class NoNotes(AudioscopeError):
    """There are no notes to write."""

    def __init__(self) -> None:
        super().__init__("There are no notes to export: transcribe the notes of a clip first.")


def export_notes(transcription: NoteTranscription, note_format: str, folder: Path, stem: str) -> Path:
    """Write the notes to a file in `folder` and return its path.

    Args:
        transcription: the notes, with the beats and the key where they are known.
        note_format: 'midi', 'musicxml', 'svg' (a ZIP where the score has several pages), 'csv', 'json', or 'wav'
            for their sound.
        folder: where the file is written.
        stem: name of the file without its ending.

    Raises:
        InvalidOption: there is no such format.
        NoNotes: there are no notes, or a score is wanted and all are drums.
    """
    if note_format not in get_args(NoteFormat):
        raise InvalidOption("format", note_format, ", ".join(get_args(NoteFormat)))
    if not transcription.notes:
        raise NoNotes
    match note_format:
        case "midi":
            path = folder / f"{stem}.mid"
            midi_file(transcription).save(path)
        case "musicxml":
            path = folder / f"{stem}.musicxml"
            path.write_bytes(_score(transcription, stem))
        case "svg":
            path = _write_pages(engraved(transcription, stem), folder, stem)
        case "csv":
            path = folder / f"{stem}.csv"
            _write_table(transcription, path)
        case "wav":
            path = folder / f"{stem}-notes.wav"
            sound = note_sound(transcription.notes, transcription.parts, transcription.duration, transcription.tuning_cents)
            write_waveform(path, sound, SYNTHESIS_RATE)
        case _:
            path = folder / f"{stem}.json"
            path.write_text(json.dumps(transcription.to_dict(), ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return path


def engraved(transcription: NoteTranscription, title: str) -> tuple[str, ...]:
    """Return the pages of the score, each an SVG document.

    Raises:
        NoNotes: there are no notes, or all are drums.
    """
    return score_pages(_score(transcription, title))


def _score(transcription: NoteTranscription, title: str) -> bytes:
    drums = {part.name for part in transcription.parts if part.is_drums}
    if all(note.part in drums for note in transcription.notes):
        raise NoNotes
    return music_xml(transcription, title)


def _write_pages(pages: tuple[str, ...], folder: Path, stem: str) -> Path:
    """Write one SVG, or a ZIP of several."""
    if len(pages) == 1:
        path = folder / f"{stem}.svg"
        path.write_text(pages[0], encoding="utf-8")
        return path
    path = folder / f"{stem}-score.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, page in enumerate(pages, start=1):
            archive.writestr(f"{stem}-{number:02}.svg", page)
    return path


def _write_table(transcription: NoteTranscription, path: Path) -> None:
    """Write one row for each note; times are seconds of the clip."""
    from librosa import midi_to_note

    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for note in transcription.notes:
            name = str(midi_to_note(note.pitch, unicode=False))
            rows.writerow((note.onset, note.offset, note.pitch, name, note.velocity, note.part))
