"""Notes as files: MIDI, MusicXML, pages of a score, a table, JSON, and their sound."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Literal, get_args

from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.waveform_file import write_waveform
from pipelines.notes.midi import midi_file
from pipelines.notes.notes import NoteTranscription
from pipelines.notes.score import music_xml, score_document, score_pages, score_pdf
from pipelines.notes.synthesis import SYNTHESIS_RATE, note_sound
from pipelines.wording.file_texts import text_cell

NoteFormat = Literal["midi", "musicxml", "svg", "pdf", "csv", "json", "wav"]
COLUMNS = ("onset", "offset", "pitch", "name", "velocity", "part")


class NoNotes(AudioscopeError):
    """There are no notes to write."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason or "There are no notes to export.")


class NoScore(AudioscopeError):
    """There are no notes that a score can have."""

    def __init__(self) -> None:
        super().__init__("A score has no drums, and there are no other notes: choose another format.")


def export_notes(transcription: NoteTranscription, note_format: str, folder: Path, stem: str) -> Path:
    """Write the notes to a file in `folder` and return its path.

    Args:
        transcription: the notes, with the beats and the key where they are known.
        note_format: 'midi', 'musicxml', 'svg' or 'pdf' for the engraved score, 'csv', 'json', or 'wav' for their sound.
        folder: where the file is written.
        stem: name of the file without its ending.

    Raises:
        InvalidOption: there is no such format.
        NoNotes: there are no notes; says why, if it is known.
        NoScore: a score is wanted, and all notes are drums.
    """
    if note_format not in get_args(NoteFormat):
        raise InvalidOption("format", note_format, ", ".join(get_args(NoteFormat)))
    if not transcription.notes:
        raise NoNotes(transcription.no_notes_reason)
    match note_format:
        case "midi":
            path = folder / f"{stem}.mid"
            midi_file(transcription).save(path)
        case "musicxml":
            path = folder / f"{stem}.musicxml"
            path.write_bytes(_score(transcription, stem))
        case "svg":
            path = folder / f"{stem}.svg"
            path.write_text(score_document(engraved(transcription, stem)), encoding="utf-8")
        case "pdf":
            path = folder / f"{stem}.pdf"
            path.write_bytes(score_pdf(engraved(transcription, stem), stem))
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
        NoScore: there are no notes but drums.
    """
    return score_pages(_score(transcription, title))


def _score(transcription: NoteTranscription, title: str) -> bytes:
    drums = {part.name for part in transcription.parts if part.is_drums}
    if all(note.part in drums for note in transcription.notes):
        raise NoScore
    return music_xml(transcription, title)


def _write_table(transcription: NoteTranscription, path: Path) -> None:
    """Write one row for each note; times are seconds of the clip."""
    from librosa import midi_to_note

    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for note in transcription.notes:
            name = str(midi_to_note(note.pitch, unicode=False))
            rows.writerow((note.onset, note.offset, note.pitch, name, note.velocity, text_cell(note.part)))
