"""Measures of accuracy: those of mir_eval with its defaults, and 0 or 1 for tempo, metre and key.

A measure is taken only where the annotation has a truth for it, so that means over tracks are over those tracks.
"""

from __future__ import annotations

from dataclasses import dataclass

import mir_eval  # type: ignore[import-untyped]
import numpy as np

from benchmarks.accuracy.tracks import Annotation, Spans
from models.arrays import DoubleArray
from pipelines.music.facts import MusicFacts

TEMPO_TOLERANCE = 0.04
"""Relative deviation up to which a tempo is right."""
OCTAVES = (1 / 4, 1 / 3, 1 / 2, 1, 2, 3, 4)
"""Ratios to the truth at which a tempo is right but for octaves; thirds are those of triple metres."""
BOUNDARY_WINDOWS = {"sections 0.5 s": 0.5, "sections 3 s": 3.0}
"""Deviation in seconds up to which a boundary is right."""


@dataclass(frozen=True)
class Reading:
    """An estimate of everything that a track is scored on; '' , 0 and () where a program says nothing."""

    bpm: float = 0.0
    beats: tuple[float, ...] = ()
    downbeats: tuple[float, ...] = ()
    metre: str = ""
    key: str = ""
    chords: Spans = ()
    sections: Spans = ()
    instruments: tuple[str, ...] = ()
    has_vocals: bool | None = None


def facts_reading(facts: MusicFacts, instruments: tuple[str, ...] = ()) -> Reading:
    """Return the app's facts in the form that is scored."""
    return Reading(
        bpm=facts.tempo.bpm if facts.tempo else 0.0,
        beats=facts.beats.times if facts.beats else (),
        downbeats=facts.beats.downbeats if facts.beats else (),
        metre=facts.beats.metre if facts.beats else "",
        key=facts.key.name if facts.key else "",
        chords=tuple((chord.start, chord.end, chord.name) for chord in facts.chords),
        sections=tuple((section.start, section.end, section.label) for section in facts.sections),
        instruments=instruments,
        has_vocals=facts.vocals.present if facts.vocals else None,
    )


def scores(truth: Annotation, reading: Reading) -> dict[str, float]:
    """Return the measures, 0 to 1, for which there is a truth."""
    found: dict[str, float] = {}
    if truth.bpm is not None:
        if truth.is_octave_known:
            found["tempo"] = float(is_tempo(truth.bpm, reading.bpm))
        found["tempo but for octaves"] = float(any(is_tempo(truth.bpm * ratio, reading.bpm) for ratio in OCTAVES))
    if truth.beats:
        found["beats"] = max(beat_f_measure(grid, reading.beats) for grid in truth.beats)
    if truth.downbeats:
        found["downbeats"] = beat_f_measure(truth.downbeats, reading.downbeats)
    if truth.metre:
        found["metre"] = float(reading.metre == truth.metre)
    if truth.key:
        found["key"], found["key, weighted"] = key_scores(truth.key, reading.key)
    if truth.chords:
        found |= chord_scores(truth.chords, reading.chords)
    if len(truth.sections) > 1:
        found |= section_scores(truth.sections, reading.sections)
    return found | tag_scores(truth, reading)


def tag_scores(truth: Annotation, reading: Reading) -> dict[str, float]:
    """Return the fraction of the named instruments that play, and whether it is right that there are vocals or none."""
    found: dict[str, float] = {}
    if truth.instruments is not None and not truth.has_other_instruments and reading.instruments:
        found["instruments"] = sum(name in truth.instruments for name in reading.instruments) / len(reading.instruments)
    if truth.is_sung is not None:
        found["vocals"] = float(reading.has_vocals == truth.is_sung)
    return found


def is_tempo(truth: float, bpm: float) -> bool:
    """Return whether a tempo is the true one."""
    return abs(bpm / truth - 1) <= TEMPO_TOLERANCE


def beat_f_measure(truth: tuple[float, ...], beats: tuple[float, ...]) -> float:
    """Return the F-measure within 70 ms; beats before 5 s do not count, as in MIREX."""
    trimmed = [mir_eval.beat.trim_beats(np.array(times)) for times in (truth, beats)]
    return float(mir_eval.beat.f_measure(*trimmed))


def key_scores(truth: str, key: str) -> tuple[float, float]:
    """Return (0 or 1, mir_eval's weighted score).

    The latter is 1 for the right key, 0.5 for one a fifth above, 0.3 for the relative key and 0.2 for the parallel one.
    """
    if not key:
        return 0.0, 0.0
    weighted = float(mir_eval.key.weighted_score(truth, key))
    return float(weighted == 1.0), weighted


def chord_scores(truth: Spans, chords: Spans) -> dict[str, float]:
    """Return the fraction of the time with the right chord, by major and minor and with sevenths."""
    if not chords:
        return {"chords": 0.0, "sevenths": 0.0}
    measures = mir_eval.chord.evaluate(*_intervals(truth), *_intervals(chords))
    return {"chords": float(measures["majmin"]), "sevenths": float(measures["sevenths"])}


def section_scores(truth: Spans, sections: Spans) -> dict[str, float]:
    """Return the F-measures of the boundaries, without start and end of the clip, and of the pairs of frames of one label."""
    if not sections:
        return {**dict.fromkeys(BOUNDARY_WINDOWS, 0.0), "section labels": 0.0}
    end = truth[-1][1]
    true_spans, true_labels = mir_eval.util.adjust_intervals(*_intervals(truth), 0.0, end)
    spans, labels = mir_eval.util.adjust_intervals(*_intervals(sections), 0.0, end)
    found = {
        name: float(mir_eval.segment.detection(true_spans, spans, window=window, trim=True)[2])
        for name, window in BOUNDARY_WINDOWS.items()
    }
    found["section labels"] = float(mir_eval.segment.pairwise(true_spans, true_labels, spans, labels)[2])
    return found


def _intervals(spans: Spans) -> tuple[DoubleArray, list[str]]:
    return np.array([span[:2] for span in spans], dtype=np.float64), [span[2] for span in spans]
