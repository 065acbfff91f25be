"""The plan of a piece: what holds for all of it, its form, and the material of every section."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.music.harmony.notation import Mode
from training.music.pieces import styles
from training.music.pieces.harmony import Harmony, progression
from training.music.pieces.styles import DrumPattern, Style

FORMS = ("AABA", "ABAB", "ABA", "ABAC", "AABB", "ABCA", "AAB", "ABACA", "AB")
INTRODUCTION = "I"
"""Label of the section before the form."""
MIN_PIECE_SECONDS, MAX_PIECE_SECONDS = 38.0, 75.0
MIN_SECTION_SECONDS, MAX_SECTION_SECONDS = 8.0, 30.0
MINOR_PROB = 0.42
MIDDLE_CHORDS_PITCH, MIDDLE_LEAD_PITCH = 58, 72
"""MIDI pitches around which chords and tune lie, before the piece's own shift."""


@dataclass(frozen=True)
class PieceTraits:
    """What holds for a whole piece, and its random generator, from which all that follows is drawn."""

    style: Style
    wandering_prob: float
    """Probability that a progression is drawn chord by chord instead of from the familiar ones."""
    rng: np.random.Generator
    tonic: int
    """Pitch class, 0 is C."""
    mode: Mode
    bpm: float
    swing: float
    """Beats from a beat to its second eighth; 0.5 is straight."""
    has_upbeat: bool
    has_lead: bool
    has_drums: bool
    has_pad: bool
    has_second_chords: bool
    chord_pitch: int
    """MIDI pitch around which the chords lie."""
    lead_pitch: int
    """MIDI pitch around which the tune lies."""
    gate: float
    """Fraction of its written length for which a note sounds."""


@dataclass(frozen=True)
class SectionPlan:
    """The material of all sections with one label."""

    harmonies: tuple[Harmony, ...]
    """One for each chord; they repeat until the section is full."""
    beats_per_chord: float
    bars: int
    drums: DrumPattern
    bass: str
    chords: str
    tune: tuple[tuple[float, float], ...]
    """(onset, length) in beats of the notes of a motif of two bars."""
    contour: tuple[int, ...]
    """Steps on the scale from each note of the motif to the next."""
    has_lead: bool
    has_drums: bool
    has_bass: bool
    has_pad: bool


def draw_traits(style: Style, seed: int, wandering_prob: float) -> PieceTraits:
    """Draw what holds for the piece with this seed."""
    rng = np.random.default_rng(seed)
    # The arguments are evaluated in the order in which they are written: another order is another piece.
    return PieceTraits(
        style=style,
        wandering_prob=wandering_prob,
        rng=rng,
        tonic=int(rng.integers(12)),
        mode="minor" if rng.random() < MINOR_PROB else "major",
        bpm=float(np.exp(rng.uniform(np.log(style.slowest_bpm), np.log(style.fastest_bpm)))),
        swing=float(rng.uniform(*style.swing)),
        has_upbeat=bool(rng.random() < 0.3),
        has_lead=bool(rng.random() < 0.85),
        has_drums=bool(style.drums) and bool(rng.random() < 0.85),
        has_pad=bool(rng.random() < style.pad_prob),
        has_second_chords=bool(rng.random() < 0.25),
        chord_pitch=MIDDLE_CHORDS_PITCH + int(rng.integers(-4, 6)),
        lead_pitch=MIDDLE_LEAD_PITCH + int(rng.integers(-5, 8)),
        gate=float(rng.uniform(0.7, 1.0)),
    )


def draw_form(traits: PieceTraits) -> tuple[str, dict[str, SectionPlan]]:
    """Draw the form: (the labels in order, as many as fit; the plan of each label)."""
    style, rng = traits.style, traits.rng
    seconds_per_bar = style.beats_per_bar * 60 / traits.bpm
    choices = (12, 24) if style.harmonies == "blues" else (4, 8, 8, 16, 16)
    wanted = rng.uniform(MIN_PIECE_SECONDS, MAX_PIECE_SECONDS)
    fitting = [bars for bars in choices if MIN_SECTION_SECONDS <= bars * seconds_per_bar <= MAX_SECTION_SECONDS] or [choices[0]]
    bars = int(rng.choice(fitting))
    form = str(rng.choice(FORMS))
    while len(form) > 2 and len(form) * bars * seconds_per_bar > wanted + 8:
        form = form[:-1]
    while len(form) * bars * seconds_per_bar < MIN_PIECE_SECONDS:
        form += form
    has_introduction = rng.random() < 0.35
    plans = {label: draw_section(traits, bars) for label in dict.fromkeys(form)}
    if has_introduction:
        plans[INTRODUCTION] = _introduction(traits, plans[form[0]])
        form = INTRODUCTION + form
    return form, plans


def draw_section(traits: PieceTraits, bars: int) -> SectionPlan:
    """Draw the material of a section of `bars` bars."""
    style, rng = traits.style, traits.rng
    tune, contour = _motif(traits)
    bars_per_chord = 1.0 if style.harmonies == "blues" else float(rng.choice(style.bars_per_chord))
    has_lead = traits.has_lead and bool(rng.random() < 0.85)
    has_drums = traits.has_drums and bool(rng.random() < 0.9)
    bass, chords = str(rng.choice(style.bass)), str(rng.choice(style.chords))
    while not (has_lead or has_drums or marks_every_beat(style, bass, chords)):
        bass, chords = str(rng.choice(style.bass)), str(rng.choice(style.chords))
    can_divide_bar = bars_per_chord >= 1 or style.beats_per_bar % 2 == 0
    return SectionPlan(
        harmonies=tuple(progression(style.harmonies, traits.tonic, traits.mode, rng, traits.wandering_prob)),
        beats_per_chord=bars_per_chord * style.beats_per_bar if can_divide_bar else style.beats_per_bar,
        bars=bars,
        drums=_varied(style.drums[rng.integers(len(style.drums))], rng) if style.drums else {},
        bass=bass,
        chords=chords,
        tune=tune,
        contour=contour,
        has_lead=has_lead,
        has_drums=has_drums,
        has_bass=not has_lead or traits.has_drums or bool(rng.random() < 0.9),
        has_pad=traits.has_pad and bool(rng.random() < 0.7),
    )


def marks_every_beat(style: Style, bass: str, chords: str) -> bool:
    """Return whether a note of the patterns starts on each beat; otherwise the beat would be ambiguous without drums and tune."""
    on_beat = zip(bass[:: style.steps_per_beat], chords[:: style.steps_per_beat], strict=False)
    return all(set(signs) - set(".-") for signs in on_beat)


def _introduction(traits: PieceTraits, first: SectionPlan) -> SectionPlan:
    """Return four bars of the first section without the tune, sometimes two bars of drums alone."""
    rng = traits.rng
    drums_alone = traits.has_drums and bool(rng.random() < 0.3)
    return SectionPlan(
        harmonies=() if drums_alone else first.harmonies,
        beats_per_chord=first.beats_per_chord,
        bars=2 if drums_alone else 4,
        drums=first.drums,
        bass=first.bass,
        chords=first.chords,
        tune=first.tune,
        contour=first.contour,
        has_lead=False,
        has_drums=drums_alone or (traits.has_drums and bool(rng.random() < 0.5)),
        has_bass=bool(rng.random() < 0.6),
        has_pad=first.has_pad,
    )


def _varied(pattern: DrumPattern, rng: np.random.Generator) -> DrumPattern:
    """Return the pattern with a few hits left out or added, so that no two pieces share one."""
    varied = {}
    for key, bar in pattern.items():
        steps = list(bar)
        for step in range(1, len(steps)):
            if steps[step] == "x" and rng.random() < 0.08:
                steps[step] = "."
            elif steps[step] == "." and rng.random() < (0.03 if key in (styles.KICK, styles.SNARE) else 0.01):
                steps[step] = "x"
        varied[key] = "".join(steps)
    return varied


def _motif(traits: PieceTraits) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
    """Return ((onset, length) in beats of each note, steps between the notes) of two bars."""
    style, rng = traits.style, traits.rng
    steps = style.lead_steps if traits.bpm < 150 else max(1, style.lead_steps - 1)
    if steps == 2 and traits.bpm < 80 and rng.random() < 0.4:
        steps = 4
    density = rng.uniform(0.35, 0.75)
    length = 2 * style.beats_per_bar
    onsets = [
        step / steps
        for step in range(length * steps)
        if rng.random() < (min(0.95, density + 0.3) if step % steps == 0 else density * 0.7)
    ]
    onsets = onsets or [0.0]
    gaps = np.diff([*onsets, float(length)])
    lengths = [max(0.2, min(float(gap), 3.0) * float(rng.uniform(0.6, 1.0))) for gap in gaps]
    contour = rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3], size=len(onsets))
    return tuple(zip(onsets, lengths, strict=True)), tuple(int(step) for step in contour)
