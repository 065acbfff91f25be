"""Renders pieces: MIDI through fluidsynth and a SoundFont."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soundfile

from models.arrays import FloatArray
from training.music.pieces.piece import DRUM_CHANNEL, Piece

TICKS_PER_SECOND = 1000
TAIL_SECONDS = 1.0
"""Duration after the end of the last note, in which it decays."""
SOUNDFONTS = Path("/usr/share/sounds/sf2")
TEST_SOUNDFONT = SOUNDFONTS / "TimGM6mb.sf2"
"""Never used for training or tuning."""


@dataclass(frozen=True)
class Synthesizer:
    """Options of fluidsynth."""

    soundfont: Path
    sample_rate: int = 22_050
    reverb: float = 0.2
    """Room size, 0 to 1; 0 for none."""


def midi_of(piece: Piece) -> mido.MidiFile:
    """Return the piece as MIDI with one tick for each millisecond."""
    midi = mido.MidiFile(ticks_per_beat=TICKS_PER_SECOND)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    for channel, program in piece.programs.items():
        track.append(mido.Message("program_change", channel=channel, program=program))
    for channel, volume in piece.volumes.items():
        track.append(mido.Message("control_change", channel=channel, control=7, value=volume))
    events = [(note.start, 1, note) for note in piece.notes] + [(note.end, 0, note) for note in piece.notes]
    now = 0
    for seconds, is_start, note in sorted(events, key=lambda event: event[:2]):
        tick = round(seconds * TICKS_PER_SECOND)
        velocity = note.velocity if is_start else 0
        track.append(mido.Message("note_on", channel=note.channel, note=note.pitch, velocity=velocity, time=tick - now))
        now = tick
    silent = mido.Message("note_on", channel=DRUM_CHANNEL, note=0, velocity=0, time=round(TAIL_SECONDS * TICKS_PER_SECOND))
    track.append(silent)
    return midi


def render(piece: Piece, synthesizer: Synthesizer) -> FloatArray:
    """Render the piece to float32 [samples], mono, with its peak at -3 dB of full scale.

    Raises:
        subprocess.CalledProcessError: fluidsynth failed; its message is in `stderr`.
    """
    with tempfile.TemporaryDirectory() as folder:
        midi_of(piece).save(Path(folder) / "piece.mid")
        reverb = synthesizer.reverb
        options = {
            "synth.gain": 0.4,
            "synth.dynamic-sample-loading": 1,
            "synth.reverb.active": int(reverb > 0),
            "synth.reverb.room-size": reverb,
            "synth.cpu-cores": 1,
        }
        command = ["fluidsynth", "-qni", "-F", f"{folder}/piece.wav", "-r", str(synthesizer.sample_rate), "-O", "float"]
        command += [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        command += [str(synthesizer.soundfont), f"{folder}/piece.mid"]
        subprocess.run(command, check=True, capture_output=True)
        stereo, _ = soundfile.read(f"{folder}/piece.wav", dtype="float32")
    mono: FloatArray = stereo.mean(axis=1)
    return mono * np.float32(0.7 / max(float(np.abs(mono).max()), 1e-6))
