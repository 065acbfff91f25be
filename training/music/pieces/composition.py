"""Composes pieces of music whose beats, bars, key, chords and sections are known exactly.

A piece is made from a style and a seed. Its sections each have their own chords, tune and patterns; the tempo wanders a little,
notes are played early and late, there may be an upbeat, an introduction, fills and breaks.
"""

from __future__ import annotations

from training.data.triples import Split
from training.music.pieces.harmony import WANDERING_PROB
from training.music.pieces.parts import BeatSpan, ScoreNote, chord_spans, ending, section_notes
from training.music.pieces.performance import Score, perform
from training.music.pieces.piece import Piece
from training.music.pieces.plan import draw_form, draw_traits
from training.music.pieces.styles import STYLES, Style

SEED_OFFSETS: dict[Split, int] = {"train": 0, "validation": 1_000_000, "test": 2_000_000}


def styled_piece(seed: int, split: Split) -> Piece:
    """Return piece `seed` of a split: styles take turns, so that every 21 pieces hold each once.

    In the test split all chords (but those of a blues) wander, so that no progression was learned by heart.
    """
    wandering_prob = 1.0 if split == "test" else WANDERING_PROB
    return compose(STYLES[seed % len(STYLES)], SEED_OFFSETS[split] + seed, wandering_prob)


def compose(style: Style, seed: int, wandering_prob: float = WANDERING_PROB) -> Piece:
    """Return the piece with this seed; the same one every time.

    Args:
        style: metre, tempi, instruments and patterns.
        seed: of the random generator.
        wandering_prob: probability that a progression is drawn chord by chord instead of from the familiar ones.
    """
    traits = draw_traits(style, seed, wandering_prob)
    form, plans = draw_form(traits)
    notes: list[ScoreNote] = []
    chords: list[BeatSpan] = []
    sections: list[BeatSpan] = []
    beat = 0.0
    for count, label in enumerate(form):
        end = beat + plans[label].bars * style.beats_per_bar
        notes += section_notes(traits, plans[label], beat, end, is_first=count == 0)
        chords += chord_spans(plans[label], beat, end)
        sections.append((beat, end, label))
        beat = end
    final_notes, final_chords = ending(traits, beat)
    start, _, label = sections[-1]
    sections[-1] = (start, beat + 2 * style.beats_per_bar, label)
    return perform(traits, seed, Score(notes + final_notes, chords + final_chords, sections, beat + style.beats_per_bar))
