"""Clips without speech, and the rule that keeps invented words out of them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from models.arrays import DoubleArray
from pipelines.clip.clip import AudioClip
from pipelines.speech.hallucinations import (
    MIN_VOICE_SCORE,
    needs_voice_check,
    voice_score,
)
from pipelines.speech.sentences import is_repetitive
from pipelines.speech.transcript import Segment, TranscriptionOptions, Word
from pipelines.speech.transcription import transcribe
from services import Services

RATE = 16_000
SECONDS = 10
TICKS_PER_BEAT = 480
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
ANIMALS = Path("/usr/share/tuxpaint/stamps/animals")
SOUNDS = ("amphibians/frog.ogg", "mammals/apes/chimp.ogg", "mammals/bovines/goat.ogg")
MORE_SOUNDS = (
    *("birds/owl.ogg", "birds/penguin.ogg", "mammals/aquatic/whale.ogg", "mammals/bovines/bison.ogg", "mammals/deer/caribou.ogg"),
    "mammals/hippopotamus.ogg",
)
"""Here Whisper writes 'You', 'Oh', 'La, la, la' or 'See you next time' although it hears only what passes for a voice."""
INSTRUMENTS = {"choir": 52, "saxophone": 65}
MORE_INSTRUMENTS = {"piano": 0, "church organ": 19, "violin": 40}


def text_of(services: Services, clip: AudioClip, **options: object) -> str:
    chosen = TranscriptionOptions(**{"model": "whisper-base-offline", **options})  # type: ignore[arg-type]
    *_, result = transcribe(clip, chosen, services.runtime)
    assert result.state == "done"
    return result.text


def written(services: Services, folder: Path, waveform: DoubleArray) -> AudioClip:
    soundfile.write(folder / "sound.wav", waveform.astype(np.float32), RATE)
    return services.clips.open(folder / "sound.wav")


def played(folder: Path, program: int) -> Path:
    """A tune of eight bars on one instrument."""
    song = mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
    track = mido.MidiTrack([mido.Message("program_change", program=program)])
    for pitch in (60, 64, 67, 72, 69, 65, 62, 67, 60, 64, 67, 71, 72, 67, 64, 60):
        track += [mido.Message("note_on", note=pitch), mido.Message("note_off", note=pitch, time=TICKS_PER_BEAT)]
    song.tracks.append(track)
    song.save(folder / "tune.mid")
    command = ["fluidsynth", "-qni", "-r", str(RATE), "-F", str(folder / "tune.wav"), str(SOUNDFONT), str(folder / "tune.mid")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "tune.wav"


def pink(samples: int) -> DoubleArray:
    """Noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(np.random.default_rng(1).normal(size=samples))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0)), samples)
    return np.asarray(0.2 * noise / np.abs(noise).max())


NOISES = {
    "nearly silence": 1e-4 * np.random.default_rng(2).normal(size=SECONDS * RATE),
    "white noise": 0.05 * np.random.default_rng(3).normal(size=SECONDS * RATE),
    "pink noise": pink(SECONDS * RATE),
    "a tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(SECONDS * RATE) / RATE),
}


@pytest.mark.models
@pytest.mark.parametrize("sound", [*SOUNDS, *(pytest.param(sound, marks=pytest.mark.thorough) for sound in MORE_SOUNDS)])
def test_no_words_for_animals(sound: str, services: Services) -> None:
    assert text_of(services, services.clips.open(ANIMALS / sound)) == ""


@pytest.mark.models
@pytest.mark.parametrize(
    "program",
    [*INSTRUMENTS.values(), *(pytest.param(program, marks=pytest.mark.thorough) for program in MORE_INSTRUMENTS.values())],
)
def test_no_words_for_instruments(program: int, services: Services, tmp_path: Path) -> None:
    assert text_of(services, services.clips.open(played(tmp_path, program))) == ""


@pytest.mark.models
@pytest.mark.parametrize("noise", NOISES)
def test_no_words_for_noise(noise: str, services: Services, tmp_path: Path) -> None:
    assert text_of(services, written(services, tmp_path, NOISES[noise])) == ""


@pytest.mark.models
@pytest.mark.parametrize("sound", ["birds/owl.ogg", pytest.param("mammals/aquatic/whale.ogg", marks=pytest.mark.thorough)])
def test_the_tagger_speaks_up_where_the_voice_filter_is_off(services: Services, sound: str) -> None:
    """Without the filter Whisper hears everything, and writes something for it."""
    assert text_of(services, services.clips.open(ANIMALS / sound), vad_filter=False) == ""


@pytest.mark.models
def test_a_piece_that_scores_as_a_voice_by_itself_is_scored_in_its_clip(services: Services) -> None:
    """YAMNet scores 0.6 s of this penguin as a voice if they are cut out, and not in the whole clip."""
    penguin = services.clips.open(ANIMALS / "birds/penguin.ogg").waveform(RATE)
    invented = Segment(0.7, 1.3, "No.", (), "en", -1.1, 0.4)
    piece = penguin[round(invented.start * RATE) : round(invented.end * RATE)]
    assert voice_score(piece, replace(invented, start=0.0, end=0.6), services.runtime.cache) >= MIN_VOICE_SCORE
    assert voice_score(penguin, invented, services.runtime.cache) < MIN_VOICE_SCORE / 2


SURE = Segment(0.0, 2.0, "He was not an ill-disposed young man.", (Word(0.0, 0.4, "He", 0.9),), "en", -0.3, 0.05)


@pytest.mark.parametrize(
    ("segment", "checked"),
    [
        (SURE, False),
        (Segment(0.0, 1.0, "You", (Word(0.0, 1.0, "You", 0.02),), "en", -0.3, 0.1), True),
        (Segment(0.0, 1.0, "Thank you.", (Word(0.0, 1.0, "Thank", 0.9),), "en", -0.9, 0.1), True),
        (Segment(0.0, 1.0, "Thank you.", (Word(0.0, 1.0, "Thank", 0.9),), "en", -0.3, 0.6), True),
        (Segment(0.0, 1.0, "la la la la la la la la la la la la", (Word(0.0, 1.0, "la", 0.9),), "en", -0.3, 0.1), True),
    ],
)
def test_unsure_silent_and_repetitive_lines_need_a_voice_check(segment: Segment, checked: bool) -> None:
    assert needs_voice_check(segment) == checked


def test_ordinary_sentences_do_not_repeat_themselves() -> None:
    assert not is_repetitive("And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power.")
    assert not is_repetitive("no no no")
    assert is_repetitive("Thank you. Thank you. Thank you. Thank you. Thank you.")
