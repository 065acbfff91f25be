"""Renders pieces that `training.music.pieces` composes: everything about them is known, and no network learned from them.

Kept apart are the pieces of the test split, with a SoundFont that nothing was trained or tuned on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Spans, Track
from pipelines.music.harmony.notation import tonic_name
from pipelines.music.rhythm.types import time_signature
from training.music.pieces.analysis import REVERB, SAMPLE_RATE
from training.music.pieces.composition import styled_piece
from training.music.pieces.piece import TrueSpan, Truth
from training.music.pieces.rendering import SOUNDFONTS, TEST_SOUNDFONT, Synthesizer, render
from training.music.pieces.styles import STYLES

TUNING_SOUNDFONT = SOUNDFONTS / "FluidR3_GM.sf2"


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield a piece of every style; `folder` is not used."""
    is_tuning = source.split == "tuning"
    synthesizer = Synthesizer(TUNING_SOUNDFONT if is_tuning else TEST_SOUNDFONT, SAMPLE_RATE, REVERB)
    for seed in range(len(STYLES)):
        piece = styled_piece(seed, "validation" if is_tuning else "test")
        sound = render(piece, synthesizer)[:, None]
        yield Track(f"{piece.style} {piece.seed}", sound, SAMPLE_RATE, annotation(piece.truth, len(sound) / SAMPLE_RATE))


def annotation(truth: Truth, duration: float) -> Annotation:
    """Return the annotation of a piece of `duration` seconds; the first and the last section include the silence."""
    sections = [(span.start, span.end, span.label) for span in truth.sections]
    sections[0] = (0.0, *sections[0][1:])
    sections[-1] = (sections[-1][0], duration, sections[-1][2])
    return Annotation(
        bpm=truth.bpm,
        beats=(truth.beats,),
        downbeats=tuple(time for time, position in zip(truth.beats, truth.positions, strict=True) if position == 1),
        metre=time_signature(truth.beats_per_bar, truth.beat_unit),
        key=f"{tonic_name(truth.tonic, truth.mode)} {truth.mode}",
        chords=_spans(truth.chords),
        sections=tuple(sections),
    )


def _spans(spans: tuple[TrueSpan, ...]) -> Spans:
    return tuple((span.start, span.end, span.label) for span in spans)
