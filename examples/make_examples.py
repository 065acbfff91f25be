"""Makes the example clips from Debian's packages: `python examples/make_examples.py`.

Needs fluidsynth, fluid-soundfont-gm, pocketsphinx-testdata, tuxpaint-stamps-default, ffmpeg, and `mido`. The music is a piece of
our own, so its tempo (96 BPM), key (C minor), chords and notes are known exactly.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import mido

HERE = Path(__file__).parent
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
SENTENCES = ("0870", "0880", "0890")
BLACKBIRD = Path("/usr/share/tuxpaint/stamps/animals/birds/blackbird.ogg")
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")

BEATS_PER_MINUTE = 96
TICKS_PER_BEAT = 480
CHORDS = {"Cm": (60, 63, 67), "Ab": (56, 60, 63), "Eb": (58, 63, 67), "Bb": (58, 62, 65), "Fm": (56, 60, 65), "G7": (55, 59, 65)}
BASS = {"Cm": 36, "Ab": 44, "Eb": 39, "Bb": 46, "Fm": 41, "G7": 43}
BARS = ("Cm", "Ab", "Eb", "Bb", "Cm", "Fm", "G7", "Cm")
MELODY = (
    ((0, 1, 72), (1, 0.5, 75), (1.5, 1.5, 79), (3, 1, 77)),
    ((0, 1.5, 75), (1.5, 0.5, 72), (2, 2, 72)),
    ((0, 1, 70), (1, 1, 75), (2, 1, 79), (3, 1, 82)),
    ((0, 2, 77), (2, 1, 74), (3, 1, 70)),
    ((0, 1, 72), (1, 0.5, 75), (1.5, 1.5, 79), (3, 1, 84)),
    ((0, 1.5, 80), (1.5, 0.5, 77), (2, 2, 72)),
    ((0, 1, 71), (1, 1, 74), (2, 1, 77), (3, 1, 74)),
    ((0, 4, 72),),
)
PIANO, ELECTRIC_BASS, FLUTE = 0, 33, 73
KICK, SNARE, CLOSED_HI_HAT = 36, 38, 42
DRUM_CHANNEL = 9

Note = tuple[float, float, int, int, int]
"""(start in beats, length in beats, MIDI pitch, velocity, channel)."""


def piece() -> list[Note]:
    """Eight bars of four: chords, bass, melody and drums."""
    notes: list[Note] = []
    for bar, chord in enumerate(BARS):
        start = bar * 4.0
        notes += [(start + beat, 0.9, pitch, 58, 0) for beat in range(4) for pitch in CHORDS[chord]]
        notes += [(start + beat, 0.9, BASS[chord], 84, 1) for beat in (0, 2)]
        notes += [(start + beat, length * 0.95, pitch, 88, 2) for beat, length, pitch in MELODY[bar]]
        notes += [(start + beat, 0.2, KICK if beat % 2 == 0 else SNARE, 80, DRUM_CHANNEL) for beat in range(4)]
        notes += [(start + beat / 2, 0.2, CLOSED_HI_HAT, 52, DRUM_CHANNEL) for beat in range(8)]
    return notes


def write_midi(notes: list[Note], path: Path) -> None:
    """A one-track MIDI file at `BEATS_PER_MINUTE`."""
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_PER_MINUTE)))
    for channel, program in enumerate((PIANO, ELECTRIC_BASS, FLUTE)):
        track.append(mido.Message("program_change", channel=channel, program=program))
    events = [(round(s * TICKS_PER_BEAT), "note_on", p, v, c) for s, _, p, v, c in notes]
    events += [(round((s + d) * TICKS_PER_BEAT), "note_off", p, 0, c) for s, d, p, _, c in notes]
    before = 0
    for tick, kind, pitch, velocity, channel in sorted(events):
        track.append(mido.Message(kind, note=pitch, velocity=velocity, channel=channel, time=tick - before))
        before = tick
    mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT, tracks=[track]).save(path)


def run(*command: str | Path) -> None:
    """Run a program; its failure is ours."""
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


def main() -> None:
    """Write the three clips beside this script."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        sentences = [LIBRIVOX / f"sense_and_sensibility_01_austen_64kb-{number}.wav" for number in SENTENCES]
        listing = scratch / "sentences.txt"
        listing.write_text("".join(f"file '{sentence}'\n" for sentence in sentences))
        run("ffmpeg", "-y", "-f", "concat", "-safe", "0", "-i", listing, "-c:a", "flac", HERE / "speech.flac")
        write_midi(piece(), scratch / "music.mid")
        run("fluidsynth", "-ni", "-g", "0.8", "-r", "44100", "-F", scratch / "music.wav", SOUNDFONT, scratch / "music.mid")
        run("ffmpeg", "-y", "-i", scratch / "music.wav", "-t", "22", "-c:a", "libvorbis", "-q:a", "5", HERE / "music.ogg")
        run("ffmpeg", "-y", "-i", BLACKBIRD, "-c:a", "copy", HERE / "blackbird.ogg")


if __name__ == "__main__":
    main()
