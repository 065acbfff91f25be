from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from pipelines.music.facts import MusicFacts
from pipelines.music.rhythm.types import Beats
from pipelines.notes.notes import NO_PITCHED_NOTES, Note, NoteOptions, NotePart, NoteTranscription
from pipelines.notes.synthesis import SYNTHESIS_RATE, note_sound
from pipelines.notes.transcription import transcribe_notes
from services import Services
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models
PIANO = NotePart("Piano", 0)


def transcribed(
    services: Services, folder: Path, sound: FloatArray, options: NoteOptions = NoteOptions(drums=False)
) -> NoteTranscription:
    path = folder / "sound.wav"
    soundfile.write(path, sound, SYNTHESIS_RATE)
    *_, last = transcribe_notes(services.clips.open(path), options, services.runtime)
    assert last.state == "done"
    return last


def repeated(pitch: int, count: int, step: float, start: float = 0.5, legato: float = 0.8) -> list[Note]:
    return [Note(start + step * number, start + step * (number + legato), pitch, 90, "Piano") for number in range(count)]


@pytest.mark.parametrize(("pitch", "step", "legato"), [(64, 0.125, 0.8), (67, 0.125, 1.0), (64, 0.1, 1.0), (48, 0.15, 1.0)])
def test_sixteen_sixteenths_stay_sixteen(services: Services, tmp_path: Path, pitch: int, step: float, legato: float) -> None:
    played = repeated(pitch, 16, step, legato=legato)
    found = transcribed(services, tmp_path, note_sound(played, [PIANO], 3.5), NoteOptions()).notes
    assert [note.pitch for note in found] == [pitch] * 16
    assert [note.onset for note in found] == pytest.approx([note.onset for note in played], abs=0.03)
    assert all(note.offset <= following.onset for note, following in pairwise(found))


def test_held_notes_are_not_repeated_and_the_silence_before_them_counts(services: Services, tmp_path: Path) -> None:
    played = [Note(2.0, 7.0, pitch, 90, "Piano") for pitch in (48, 55, 64)]
    found = transcribed(services, tmp_path, note_sound(played, [PIANO], 9.0)).notes
    assert sorted(note.pitch for note in found) == [48, 55, 64]
    assert [note.onset for note in found] == pytest.approx([2.0] * 3, abs=0.03)


def test_times_do_not_drift_over_five_minutes(services: Services, tmp_path: Path) -> None:
    # The frames of the network do not divide a second, and its windows overlap: errors of either would add up.
    played = repeated(60, 100, 3.0)
    found = transcribed(services, tmp_path, note_sound(played, [PIANO], 301.0)).notes
    assert [note.pitch for note in found] == [60] * 100
    lateness = np.array([note.onset - true.onset for note, true in zip(found, played, strict=True)])
    drift = np.polyfit([note.onset for note in played], lateness, 1)[0] * 300
    assert abs(drift) < 0.01
    assert np.abs(lateness).max() < 0.03


def test_the_melody_has_one_note_at_a_time_and_its_curve(services: Services, tmp_path: Path) -> None:
    played = [Note(0.5, 1.4, 69, 100, "Flute", (0.0, 0.0, 0.4, 0.4)), Note(1.5, 2.2, 74, 100, "Flute")]
    behind = [Note(0.6, 1.3, 57, 30, "Flute")]
    sound = note_sound([*played, *behind], [NotePart("Flute", 73)], 3.0)
    high, low = transcribed(services, tmp_path, sound, NoteOptions(mode="melody", drums=False)).notes
    assert [high.pitch, low.pitch] == [69, 74]
    assert [high.onset, low.onset] == pytest.approx([0.5, 1.5], abs=0.05)
    assert high.bend[-5] - high.bend[5] == pytest.approx(0.4, abs=0.2)


def test_the_result_has_the_beats_of_known_facts(services: Services) -> None:
    beats = Beats((0.5, 1.0), (1, 2), 2, 4, 0.9)
    clip = services.clips.open(EXAMPLES / "music.ogg")
    steps = list(transcribe_notes(clip, NoteOptions(), services.runtime, facts=MusicFacts(clip.duration, beats=beats)))
    assert {step.beats for step in steps} == {beats}
    assert steps[-1].notes
    assert steps[-1].from_dict(steps[-1].to_dict()).notes == steps[-1].notes
    assert [step.position for step in steps] == sorted(step.position for step in steps)


NOISE = np.random.default_rng(0)
UNPITCHED = {
    "white noise": NOISE.normal(0, 0.1, 5 * SYNTHESIS_RATE),
    "clicks": np.where(np.arange(5 * SYNTHESIS_RATE) % 11_025 == 0, 0.9, 0.0),
    "rumble": np.cumsum(NOISE.normal(0, 0.001, 5 * SYNTHESIS_RATE)),
}


@pytest.mark.parametrize("sound", UNPITCHED.values(), ids=UNPITCHED.keys())
def test_where_nothing_is_pitched_a_sentence_says_so(services: Services, tmp_path: Path, sound: FloatArray) -> None:
    for options in (NoteOptions(), NoteOptions(mode="melody")):
        found = transcribed(services, tmp_path, sound.astype(np.float32), options)
        assert (found.notes, found.parts, found.no_notes_reason) == ((), (), NO_PITCHED_NOTES)


def test_speech_has_no_notes(services: Services) -> None:
    *_, found = transcribe_notes(services.clips.open(EXAMPLES / "speech.flac"), NoteOptions(), services.runtime)
    assert (found.notes, found.no_notes_reason) == ((), NO_PITCHED_NOTES)


def test_a_job_that_is_stopped_ends_stopped(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    *_, last = transcribe_notes(clip, NoteOptions(), services.runtime, should_stop=lambda: True)
    assert last.state == "stopped"
