"""Types of notes: options of the transcription and its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from models.errors import InvalidOption
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.notation import Mode
from pipelines.music.rhythm.types import Beats

LOWEST_PITCH, HIGHEST_PITCH = 21, 108
"""MIDI pitches of the keys of a piano, A0 to C8, which is the range of the network."""
MAX_VELOCITY = 127
KICK, SNARE, CLOSED_HAT = 36, 38, 42
"""General MIDI pitches of the drum hits."""
DRUM_NAMES = {KICK: "Kick", SNARE: "Snare", CLOSED_HAT: "Hat"}
MIN_SECONDS_APART = 0.02
"""Duration that a note keeps where the next one at its pitch begins with it."""
NO_PITCHED_NOTES = "No pitched notes were found in this clip."

NoteMode = Literal["polyphonic", "melody", "piano"]

Pedal = tuple[float, float]
"""Seconds at which the sustain pedal is pressed and released."""


@dataclass(frozen=True)
class NoteOptions(Result):
    """Options of `transcribe_notes`."""

    mode: NoteMode = "polyphonic"
    """'polyphonic': all notes; 'melody': one note at a time, the strongest line, with a pitch curve; 'piano': a piano
    alone, with its pedal."""
    onset_threshold: float = 0.4
    """Probability, 0 to 1, from which a note begins; higher gives fewer notes. 0.4 was best on pieces left out of the fit."""
    frame_threshold: float = 0.3
    """Note activation, 0 to 1, below which a note ends; higher gives shorter and fewer notes."""
    min_note_seconds: float = 0.06
    """Shorter notes are dropped."""
    lowest_pitch: int = LOWEST_PITCH
    """MIDI pitch below which there is no note."""
    highest_pitch: int = HIGHEST_PITCH
    """MIDI pitch above which there is no note."""
    pitch_bends: bool = False
    """Whether polyphonic notes have pitch curves; the melody always has them."""
    drums: bool = True
    """Whether hits of drums are notes of a part of their own, where drums play; in mode 'piano' there are none."""

    def check(self) -> None:
        """Raise InvalidOption for an option outside its limits."""
        if self.mode not in get_args(NoteMode):
            raise InvalidOption("mode", self.mode, " or ".join(get_args(NoteMode)))
        for name, value in (("onset threshold", self.onset_threshold), ("frame threshold", self.frame_threshold)):
            if not 0.05 <= value <= 0.95:
                raise InvalidOption(name, value, "0.05 to 0.95")
        if not 0 <= self.min_note_seconds <= 2:
            raise InvalidOption("shortest note", self.min_note_seconds, "0 to 2 seconds")
        if not LOWEST_PITCH <= self.lowest_pitch <= self.highest_pitch <= HIGHEST_PITCH:
            limits = f"{self.lowest_pitch} to {self.highest_pitch}"
            raise InvalidOption("range of pitches", limits, f"a range within {LOWEST_PITCH} to {HIGHEST_PITCH}")


@dataclass(frozen=True)
class Note(Result):
    """One note, or one hit of a drum."""

    onset: float
    """Seconds from the start of the clip."""
    offset: float
    """Seconds, later than `onset`."""
    pitch: int
    """MIDI pitch, 60 is middle C; of a drum the General MIDI key, see `DRUM_NAMES`."""
    velocity: int
    """MIDI velocity, 1 to 127."""
    part: str
    """Name of its `NotePart`."""
    bend: tuple[float, ...] = ()
    """Semitones above `pitch` at equally spaced times from onset to offset, both included; () where the pitch is steady."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.offset - self.onset


@dataclass(frozen=True)
class NotePart(Result):
    """One part of the score: what one instrument plays."""

    name: str
    """Unique in the transcription, e.g. 'Piano', 'Melody', 'Drums'."""
    program: int
    """General MIDI program, 0 to 127; without meaning for drums."""
    is_drums: bool = False


@dataclass(frozen=True)
class NoteTranscription(ModelUse):
    """The notes so far; the last one of a run is the result. `model` names the models, `elapsed` the seconds taken."""

    duration: float
    """Duration of the clip in seconds."""
    notes: tuple[Note, ...] = ()
    """By onset, then pitch."""
    parts: tuple[NotePart, ...] = ()
    """Parts that have notes, drums last."""
    tuning_cents: float = 0.0
    """Deviation of the pitches from A4 = 440 Hz in cents of a semitone."""
    beats: Beats | None = None
    """Beats and bars of the clip, from which the tempo map of exported files is made; None where they are not known."""
    key: tuple[str, Mode] | None = None
    """Tonic and mode of the clip, e.g. ('Bb', 'major'); None where they are not known."""
    no_notes_reason: str = ""
    """One sentence for people where nothing pitched was found; '' otherwise, and before it is known."""
    position: float = 0.0
    """Progress of the job, 0 to 1."""
    pedals: tuple[Pedal, ...] = ()
    """Times that the sustain pedal is down, of a piano alone. Its notes last as long as they sound, so also until the release."""
    state: Literal["loading", "analysing", "done", "stopped"] = field(default="loading", kw_only=True)

    def of_part(self, name: str) -> tuple[Note, ...]:
        """Return the notes of one part, by onset."""
        return tuple(note for note in self.notes if note.part == name)

    def with_facts(self, facts: MusicFacts) -> NoteTranscription:
        """Return the same notes with the beats and the key of `facts`."""
        return replace(self, beats=facts.beats, key=(facts.key.tonic, facts.key.mode) if facts.key else None)

    def with_notes(self, notes: tuple[Note, ...]) -> NoteTranscription:
        """Return the transcription with other notes, as after an edit; they are put in order."""
        return replace(self, notes=ordered(notes))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NoteTranscription:
        """Return the transcription of a document that `to_dict` made.

        Raises:
            KeyError, TypeError, ValueError: `values` are not such a dictionary.
        """
        beats, key = values["beats"], values["key"]
        made = {
            "notes": tuple(note_from_dict(note) for note in values["notes"]),
            "parts": tuple(NotePart(**part) for part in values["parts"]),
            "pedals": tuple((press, release) for press, release in values.get("pedals", ())),
            "beats": beats and _beats_from_dict(beats),
            "key": key and (key[0], key[1]),
        }
        return cls(**(dict(values) | made))


def ordered(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """Return the notes by onset, then pitch."""
    return tuple(sorted(notes, key=lambda note: (note.onset, note.pitch)))


def without_overlaps(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes in order; one that reaches into the next of its part and pitch ends there: one key plays one at a time."""
    following: dict[tuple[str, int], float] = {}
    found = []
    for note in reversed(ordered(tuple(notes))):
        voice = note.part, note.pitch
        end = min(note.offset, following.get(voice, note.offset))
        found.append(replace(note, offset=max(end, round(note.onset + MIN_SECONDS_APART, 4))) if end < note.offset else note)
        following[voice] = note.onset
    return tuple(reversed(found))


def note_from_dict(values: Mapping[str, Any]) -> Note:
    """Return the note of a document that `to_dict` made."""
    return Note(**(dict(values) | {"bend": tuple(values.get("bend", ()))}))


def _beats_from_dict(values: Mapping[str, Any]) -> Beats:
    from pipelines.music.rhythm.types import MetreCandidate

    made = {
        "times": tuple(values["times"]),
        "positions": tuple(values["positions"]),
        "alternatives": tuple(MetreCandidate(**other) for other in values["alternatives"]),
    }
    return Beats(**(dict(values) | made))
