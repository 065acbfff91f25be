"""The styles in which pieces are composed: metre, tempi, instruments, and patterns for every part.

A pattern is one bar. Simple metres have four steps a beat, compound metres three. A sign other than '.' (rest) and '-' (the last
one goes on) starts a note:
    drums   'x' a hit, 'X' an accent
    bass    'r' root, 'f' fifth, 'o' octave, 't' third, 'w' any note of the chord or a step beside it
    chords  'x' short, 'X' long; '1' to '4' one note of the broken chord, from below
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Harmonies = Literal["pop", "folk", "blues", "jazz", "classical"]
DrumPattern = dict[int, str]
"""Bars by General MIDI percussion key."""

KICK, SIDE_STICK, SNARE, CLAP, CLOSED_HAT, PEDAL_HAT, LOW_TOM, OPEN_HAT, MID_TOM, CRASH, HIGH_TOM, RIDE = (
    36, 37, 38, 39, 42, 44, 45, 46, 47, 49, 50, 51,
)  # fmt: skip
TAMBOURINE, COWBELL, HIGH_BONGO, LOW_BONGO, CONGA, MARACAS, CLAVES, TRIANGLE = 54, 56, 60, 61, 63, 70, 75, 81

PIANOS = (0, 1, 2, 3)
ELECTRIC_PIANOS = (4, 5)
ORGANS = (16, 17, 18, 19)
NYLON_GUITARS, STEEL_GUITARS, ELECTRIC_GUITARS, DRIVEN_GUITARS = (24,), (25,), (26, 27, 28), (29, 30)
BASSES, ACOUSTIC_BASS, SYNTH_BASSES = (33, 34, 35), (32,), (38, 39)
STRINGS, PADS = (48, 49, 50, 51), (88, 89, 90, 91, 92, 95)
VOICES = (52, 53, 54)
BRASS, SAXES, WOODWINDS = (56, 57, 60, 61), (64, 65, 66, 67), (68, 69, 70, 71, 73, 74)
LEADS = (80, 81, 82, 87)
MALLETS = (11, 12, 13)


@dataclass(frozen=True)
class Style:
    """Metre, tempi, instruments and patterns of the pieces of one style."""

    name: str
    beats_per_bar: int
    beat_unit: int
    """4, or 8 for compound metres; see `pipelines.music.rhythm.beat_tracking.Beats`."""
    slowest_bpm: float
    fastest_bpm: float
    harmonies: Harmonies
    bass: tuple[str, ...]
    chords: tuple[str, ...]
    bass_programs: tuple[int, ...]
    """General MIDI, from 0."""
    chord_programs: tuple[int, ...]
    lead_programs: tuple[int, ...]
    drums: tuple[DrumPattern, ...] = ()
    swing: tuple[float, float] = (0.5, 0.5)
    """Minimum and maximum beats from a beat to its second eighth."""
    bars_per_chord: tuple[float, ...] = (1.0,)
    pad_prob: float = 0.2
    """Probability that a piece has long chords behind the others."""
    looseness_ms: float = 8.0
    """Standard deviation of the time of a note, in milliseconds."""
    drift: float = 0.01
    """Maximum relative deviation of the tempo from its mean."""
    lead_steps: int = 2
    """Steps per beat of the tune."""

    @property
    def steps_per_beat(self) -> int:
        """Steps of a pattern for each beat."""
        return 4 if self.beat_unit == 4 else 3


POP_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X.......X.......", SNARE: "....X.......X...", CLOSED_HAT: "x.x.x.x.x.x.x.x."},
    {KICK: "X.....x.X.......", SNARE: "....X.......X...", CLOSED_HAT: "X.x.X.x.X.x.X.x."},
    {KICK: "X..x....x.x.....", SNARE: "....X.......X..x", CLOSED_HAT: "x.x.x.x.x.x.x.x.", TAMBOURINE: "....x.......x..."},
    {KICK: "X.......X.x.....", SIDE_STICK: "....X.......X...", CLOSED_HAT: "xxxxxxxxxxxxxxxx"},
    {KICK: "X.x.....X.x.....", SNARE: "....X.......X...", RIDE: "X.x.X.x.X.x.X.x."},
    {KICK: "X.....X.........", SNARE: "....X.......X...", OPEN_HAT: "..............x.", CLOSED_HAT: "x.x.x.x.x.x.x..."},
)
ROCK_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X.......X.X.....", SNARE: "....X.......X...", CLOSED_HAT: "X.X.X.X.X.X.X.X."},
    {KICK: "X.X.....X.X.....", SNARE: "....X.......X...", OPEN_HAT: "X...X...X...X..."},
    {KICK: "X.....X.X.....X.", SNARE: "....X.......X...", RIDE: "X.x.X.x.X.x.X.x."},
    {KICK: "X...x...X...x...", SNARE: "....X.......X.x.", CRASH: "X...X...X...X..."},
)
DANCE_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X...X...X...X...", CLAP: "....X.......X...", OPEN_HAT: "..x...x...x...x."},
    {KICK: "X...X...X...X...", SNARE: "....X.......X...", CLOSED_HAT: "x.xxx.xxx.xxx.xx"},
    {KICK: "X...X...X...X..x", CLAP: "....X.......X...", CLOSED_HAT: "..X...X...X...X.", MARACAS: "xxxxxxxxxxxxxxxx"},
)
FUNK_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X..x..x...x..x..", SNARE: "....X..x.x..X..x", CLOSED_HAT: "xxxxxxxxxxxxxxxx"},
    {KICK: "X.x...x...x.....", SNARE: "....X..x....X...", CLOSED_HAT: "X.x.X.x.X.xxX.x."},
)
BOSSA_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X..xX..xX..xX..x", SIDE_STICK: "X..x..X...X..X..", CLOSED_HAT: "x.x.x.x.x.x.x.x."},
    {KICK: "X..xX..xX..xX..x", CLAVES: "..X.X...X..X..X.", MARACAS: "x.x.x.x.x.x.x.x."},
)
SWING_DRUMS: tuple[DrumPattern, ...] = (
    {RIDE: "X...X.x.X...X.x.", PEDAL_HAT: "....X.......X...", KICK: "x...x...x...x..."},
    {RIDE: "X...X.x.X...X.x.", PEDAL_HAT: "....X.......X...", SNARE: "......x.......x."},
)
SHUFFLE_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X.......X.......", SNARE: "....X.......X...", CLOSED_HAT: "X.x.X.x.X.x.X.x."},
    {KICK: "X.....x.X.....x.", SNARE: "....X.......X...", RIDE: "X.x.X.x.X.x.X.x."},
)
MARCH_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X...x...", SNARE: "..X.x.X.", CRASH: "X......."},
    {KICK: "X.......", SNARE: "x.xxX.x.", PEDAL_HAT: "....X..."},
    {KICK: "X...X...", SNARE: "..X...X.", TAMBOURINE: "....x..."},
)
WALTZ_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X...........", SNARE: "....x...x...", CLOSED_HAT: "x...x...x..."},
    {KICK: "X...........", PEDAL_HAT: "....X...X...", RIDE: "X...x.x.x..."},
    {KICK: "X.......x...", SIDE_STICK: "....X.......", CLOSED_HAT: "x.x.x.x.x.x."},
    {TRIANGLE: "X...........", TAMBOURINE: "....x...x..."},
)
JIG_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X..x..", CLOSED_HAT: "x.xx.x", SNARE: "...X.."},
    {HIGH_BONGO: "X.xx.x", LOW_BONGO: "X..x.."},
    {KICK: "X.....", TAMBOURINE: "x.xX.x"},
)
SLOW_COMPOUND_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X.....", SNARE: "...X..", CLOSED_HAT: "xxxxxx"},
    {KICK: "X.x...", SIDE_STICK: "...X..", RIDE: "xxxxxx"},
)
FIVE_DRUMS: tuple[DrumPattern, ...] = (
    {KICK: "X...........X.......", PEDAL_HAT: "....X...X.......X...", RIDE: "X...x.x.x...X...x.x."},
    {KICK: "X.....x.....X.......", SNARE: "....X...X.......X...", CLOSED_HAT: "x.x.x.x.x.x.x.x.x.x."},
)

STYLES: tuple[Style, ...] = (
    Style(
        "pop", 4, 4, 80, 134, "pop", drums=POP_DRUMS, pad_prob=0.5,
        bass=("r-------r-------", "r.....r.r-......", "r.r.r.r.r.r.r.r.", "r--r--r-r--r--r-", "r-------f-----r-"),
        chords=("X---X---X---X---", "x.x.x.x.x.x.x.x.", "1.2.3.2.1.2.3.2.", "X--X--X---X--X--", "X---..x.X-..x.x.",
            "X-------X-------"),
        bass_programs=BASSES + SYNTH_BASSES, chord_programs=PIANOS + ELECTRIC_PIANOS + ELECTRIC_GUITARS + STEEL_GUITARS,
        lead_programs=VOICES + LEADS + SAXES + ELECTRIC_GUITARS,
    ),
    Style(
        "rock", 4, 4, 96, 184, "pop", drums=ROCK_DRUMS,
        bass=("r.r.r.r.r.r.r.r.", "r---r---r---r---", "r.r.r.r.f.f.r.r.", "r-----r-r-----r-"),
        chords=("X-------X-------", "x.x.x.x.x.x.x.x.", "X---x.x.X---x.x.", "X-----X---X-X---"),
        bass_programs=BASSES, chord_programs=DRIVEN_GUITARS + ELECTRIC_GUITARS + ORGANS,
        lead_programs=DRIVEN_GUITARS + VOICES + LEADS,
    ),
    Style(
        "electronic", 4, 4, 112, 142, "pop", drums=DANCE_DRUMS, pad_prob=0.7, looseness_ms=0.0, drift=0.0,
        bass=("..r...r...r...r.", "r.o.r.o.r.o.r.o.", "rrrrrrrrrrrrrrrr", "r--r--r-r--r--r-", "r---r---r---r---"),
        chords=("..x...x...x...x.", "1234321212343212", "x--x--x---x--x--", "X---------------", "1234123412341234"),
        bass_programs=SYNTH_BASSES, chord_programs=PADS + LEADS + ELECTRIC_PIANOS + PIANOS, lead_programs=LEADS + VOICES,
    ),
    Style(
        "funk", 4, 4, 84, 118, "pop", drums=FUNK_DRUMS,
        bass=("r..r..o...r.f.o.", "r.r...f.r..r..o.", "r-....r.r-.r..f."),
        chords=("..x..x....x..x..", "x..x..x....x..x.", "....x..x....x..."),
        bass_programs=BASSES, chord_programs=ELECTRIC_GUITARS + ELECTRIC_PIANOS + (7,), lead_programs=BRASS + SAXES + ORGANS,
    ),
    Style(
        "ballad", 4, 4, 52, 84, "pop", looseness_ms=12.0, drift=0.02, pad_prob=0.4, bars_per_chord=(1.0, 0.5, 1.0),
        bass=("r---------------", "r-------f-------", "r-------r-------"),
        chords=("1.2.3.4.3.2.3.2.", "X---X---X---X---", "1.2.3.2.4.2.3.2.", "1.3.2.3.1.3.2.3."),
        bass_programs=BASSES + ACOUSTIC_BASS + PIANOS, chord_programs=PIANOS + ELECTRIC_PIANOS + STRINGS,
        lead_programs=VOICES + WOODWINDS + PIANOS,
    ),
    Style(
        "slow pop", 4, 4, 58, 84, "pop", drums=(POP_DRUMS[3], POP_DRUMS[0], POP_DRUMS[2]), pad_prob=0.6,
        bars_per_chord=(1.0, 0.5),
        bass=("r-------r-------", "r-----r-r-------", "r-------f-------"),
        chords=("1.2.3.2.1.2.3.2.", "X---X---X---X---", "1234321212343212", "X-------X-------"),
        bass_programs=BASSES, chord_programs=PIANOS + ELECTRIC_PIANOS + STEEL_GUITARS, lead_programs=VOICES + LEADS + SAXES,
    ),
    Style(
        "bossa nova", 4, 4, 108, 160, "jazz", drums=BOSSA_DRUMS, bars_per_chord=(1.0, 2.0),
        bass=("r-----r-f-----f-", "r-----f-f-----r-"),
        chords=("x--x--x---x--x--", "X--x..x-..X--x..", "x---..x-..x---x.", "x-x-x--x--x-x-x-"),
        bass_programs=ACOUSTIC_BASS, chord_programs=NYLON_GUITARS + ELECTRIC_PIANOS + PIANOS, lead_programs=(73, 66, 65, 26, 52),
    ),
    Style(
        "swing", 4, 4, 116, 200, "jazz", drums=SWING_DRUMS, swing=(0.58, 0.68), bars_per_chord=(1.0, 2.0),
        bass=("r---w---w---w---", "r---w---f---w---"),
        chords=("X--...X-........", "..x-....x-......", "x.....x.....x...", "X-----......X-.."),
        bass_programs=ACOUSTIC_BASS, chord_programs=(*PIANOS, 26, *ORGANS), lead_programs=SAXES + BRASS + MALLETS,
    ),
    Style(
        "blues", 4, 4, 66, 134, "blues", drums=SHUFFLE_DRUMS, swing=(0.6, 0.68),
        bass=("r---t---f---w---", "r.r.f.f.r.r.f.f.", "r---r---f---f---", "r-----r-f-------"),
        chords=("X---X---X---X---", "x.x.x.x.x.x.x.x.", "..x...x...x...x.", "X-----x.X-----x."),
        bass_programs=BASSES + ACOUSTIC_BASS, chord_programs=PIANOS + ELECTRIC_GUITARS + ORGANS,
        lead_programs=(22, 26, 27, 29, 65, 66),
    ),
    Style(
        "folk guitar", 4, 4, 76, 126, "folk", looseness_ms=10.0, drift=0.02,
        bass=("r-------f-------", "r---f---r---f---", "r-------r-------"),
        chords=("1.3.2.4.1.3.2.4.", "X-..X-x.X-..X-x.", "1.2.3.4.2.3.4.3.", "X---X-X-..X-X-X-", "1-32-4-31-32-4-3"),
        bass_programs=STEEL_GUITARS + NYLON_GUITARS, chord_programs=STEEL_GUITARS + NYLON_GUITARS,
        lead_programs=(22, 40, 73, 74, 52, 75),
    ),
    Style(
        "hymn", 4, 4, 60, 104, "classical", looseness_ms=10.0, drift=0.02, lead_steps=1, bars_per_chord=(0.5, 1.0),
        bass=("r---w---f---w---", "r-------f-------", "r---r---f---w---"), chords=("X---X---X---X---", "X-------X---X---"),
        bass_programs=(42, 58, 19, 70), chord_programs=(*STRINGS, 19, 20, 48, 52), lead_programs=(40, 56, 68, 52, 19),
    ),
    Style(
        "sonatina", 4, 4, 96, 160, "classical", looseness_ms=8.0, drift=0.02, bars_per_chord=(1.0, 0.5),
        bass=("r---------------", "r-------r-------"), chords=("1.3.2.3.1.3.2.3.", "1.2.3.2.1.2.3.2.", "X---X---X---X---"),
        bass_programs=PIANOS, chord_programs=PIANOS, lead_programs=PIANOS,
    ),
    Style(
        "string quartet", 4, 4, 72, 144, "classical", looseness_ms=12.0, drift=0.02,
        bass=("r---r---r---r---", "r-------f-------", "r.r.r.r.r.r.r.r."),
        chords=("x.x.x.x.x.x.x.x.", "X---X---X---X---", "..x...x...x...x.", "1.2.3.2.1.2.3.2."),
        bass_programs=(42, 43), chord_programs=(41, 48, 45), lead_programs=(40, 40, 71),
    ),
    Style(
        "march", 2, 4, 96, 132, "folk", drums=MARCH_DRUMS, bars_per_chord=(1.0, 2.0, 2.0),
        bass=("r---f---", "r-..f-..", "r---r---"), chords=("..x...x.", "x...x.x.", "..x...xx"),
        bass_programs=(58, 57, 43), chord_programs=(60, 61, 57, 71), lead_programs=(56, 72, 71, 61, 73),
    ),
    Style(
        "polka", 2, 4, 100, 136, "folk", drums=MARCH_DRUMS[2:], bars_per_chord=(1.0, 2.0, 2.0), looseness_ms=10.0,
        bass=("r---f---", "r-..f-.."), chords=("..x...x.", "..x...x."),
        bass_programs=(32, 58, 33), chord_programs=(21, 23, 0, 25), lead_programs=(21, 71, 40, 22),
    ),
    Style(
        "waltz", 3, 4, 84, 186, "classical", drums=WALTZ_DRUMS, bars_per_chord=(1.0, 2.0), drift=0.02,
        bass=("r-----------", "r---........", "r-------f---"), chords=("....x...x...", "....X---X---", "1.2.3.4.3.2."),
        bass_programs=(*ACOUSTIC_BASS, 43, 58), chord_programs=PIANOS + STRINGS + (21, 24), lead_programs=(40, 71, 73, 21, 68, 0),
    ),
    Style(
        "minuet", 3, 4, 92, 144, "classical", drift=0.02, looseness_ms=10.0,
        bass=("r---w---f---", "r-----------", "r-------f---"),
        chords=("1.2.3.2.3.2.", "....x...x...", "X---X---X---", "1.3.2.3.2.3."),
        bass_programs=(*PIANOS, 42, 6, 24), chord_programs=(*PIANOS, 6, 48, 24), lead_programs=(0, 40, 73, 6, 68, 24),
    ),
    Style(
        "slow three", 3, 4, 66, 100, "pop", drums=(WALTZ_DRUMS[2], WALTZ_DRUMS[1]), pad_prob=0.5,
        bass=("r-----------", "r-------r---"), chords=("1.2.3.4.3.2.", "X---X---X---", "1.2.3.2.3.2."),
        bass_programs=BASSES + ACOUSTIC_BASS, chord_programs=PIANOS + STEEL_GUITARS + ELECTRIC_PIANOS,
        lead_programs=VOICES + WOODWINDS + (40, 22),
    ),
    Style(
        "jig", 2, 8, 92, 132, "folk", drums=JIG_DRUMS, lead_steps=3, bars_per_chord=(1.0, 1.0, 2.0),
        bass=("r--f--", "r--r--", "r-----"), chords=("x.xx.x", "X-xX-x", ".xx.xx", "123423", "X--X--"),
        bass_programs=ACOUSTIC_BASS + STEEL_GUITARS, chord_programs=(*STEEL_GUITARS, 21, 15, 46, 0),
        lead_programs=(40, 73, 72, 75, 109, 21),
    ),
    Style(
        "slow six", 2, 8, 50, 76, "pop", drums=SLOW_COMPOUND_DRUMS, lead_steps=3, pad_prob=0.5, bars_per_chord=(1.0, 1.0, 2.0),
        bass=("r-----", "r--r--", "r-rf-r"), chords=("123432", "123234", "xxxxxx", "X--X--"),
        bass_programs=BASSES, chord_programs=PIANOS + ELECTRIC_PIANOS + ELECTRIC_GUITARS + ORGANS,
        lead_programs=VOICES + SAXES + LEADS,
    ),
    Style(
        "five", 5, 4, 120, 180, "jazz", drums=FIVE_DRUMS, swing=(0.5, 0.66),
        bass=("r-----r-----f---f---", "r-----------f-------", "r-----t-----f---r---"),
        chords=("X-----X-----X---X---", "x.....x.....x...x...", "1.2.3.4.3.2.1.2.3.2."),
        bass_programs=ACOUSTIC_BASS + BASSES, chord_programs=PIANOS + ELECTRIC_PIANOS, lead_programs=(*SAXES, 73, 11),
    ),
)  # fmt: skip
