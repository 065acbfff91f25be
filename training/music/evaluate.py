"""Evaluates the music facts: `python -m training.music.evaluate` prints a line for each piece, then the table.

The pieces are those of the test split: other seeds than those of training and tuning, chords that wander where training mostly
knew progressions, and a SoundFont (TimGM6mb) that was not used before. Beside the app's own facts stand librosa's defaults
(`beat_track`; every fourth beat a downbeat) and, for key and chords, templates on plain chroma and on Basic Pitch's notes, so
that the gain of each part can be seen. Needs fluidsynth and the Debian package timgm6mb-soundfont.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mir_eval  # type: ignore[import-untyped]
import numpy as np
import soundfile

from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.facts import FactOptions, MusicFacts
from pipelines.music.harmony.notation import tonic_name
from services import Services, build_services
from settings import Settings
from training.music.baselines import Reading, librosa_reading, note_reading
from training.music.pieces.composition import Split, styled_piece
from training.music.pieces.piece import Piece, Truth
from training.music.pieces.rendering import TEST_SOUNDFONT, Synthesizer, render

PIECES = 100
SAMPLE_RATE = 44_100
TEMPO_TOLERANCE = 0.04
"""Relative deviation up to which a tempo is right."""
REVERB = 0.3
"""Room size, 0 to 1."""
GOALS = {"tempo": 0.9, "beats": 0.9, "downbeats": 0.75, "key": 0.8, "chords": 0.75}
COLUMNS = ("tempo", "beats", "downbeats", "metre", "key", "chords", "sevenths", "boundaries", "labels")


@dataclass(frozen=True)
class Outcome:
    """One piece, and the scores of each reading of it."""

    piece: Piece
    facts: MusicFacts
    scores: dict[str, dict[str, float]]
    """By reading, then by column; 0 to 1."""


def facts_reading(facts: MusicFacts) -> Reading:
    """Return the app's facts in the form that is scored."""
    return Reading(
        bpm=facts.tempo.bpm if facts.tempo else 0.0,
        beats=facts.beats.times if facts.beats else (),
        downbeats=facts.beats.downbeats if facts.beats else (),
        metre=facts.beats.metre if facts.beats else "",
        key=facts.key.name if facts.key else "",
        chords=tuple((chord.start, chord.end, chord.name) for chord in facts.chords),
        sections=tuple((section.start, section.end, section.label) for section in facts.sections),
    )


def scores(truth: Truth, reading: Reading) -> dict[str, float]:
    """Return the measures of mir_eval with its defaults, and 0 or 1 for tempo, metre and key."""
    downbeats = [time for time, position in zip(truth.beats, truth.positions, strict=True) if position == 1]
    metre = f"{truth.beats_per_bar}/4" if truth.beat_unit == 4 else f"{3 * truth.beats_per_bar}/8"
    return {
        "tempo": float(abs(reading.bpm / truth.bpm - 1) <= TEMPO_TOLERANCE),
        "beats": _f_measure(truth.beats, reading.beats),
        "downbeats": _f_measure(tuple(downbeats), reading.downbeats),
        "metre": float(reading.metre == metre),
        "key": float(reading.key == f"{tonic_name(truth.tonic, truth.mode)} {truth.mode}"),
        **_chord_scores(truth, reading),
        **_section_scores(truth, reading),
    }


def _f_measure(truth: tuple[float, ...], found: tuple[float, ...]) -> float:
    trimmed = [mir_eval.beat.trim_beats(np.array(times)) for times in (truth, found)]
    return float(mir_eval.beat.f_measure(*trimmed))


def _chord_scores(truth: Truth, reading: Reading) -> dict[str, float]:
    if not reading.chords:
        return {"chords": 0.0, "sevenths": 0.0}
    true_spans = np.array([(span.start, span.end) for span in truth.chords])
    spans = np.array([chord[:2] for chord in reading.chords])
    measures = mir_eval.chord.evaluate(
        true_spans, [span.label for span in truth.chords], spans, [chord[2] for chord in reading.chords]
    )
    return {"chords": float(measures["majmin"]), "sevenths": float(measures["sevenths"])}


def _section_scores(truth: Truth, reading: Reading) -> dict[str, float]:
    if not reading.sections:
        return {"boundaries": 0.0, "labels": 0.0}
    end = truth.sections[-1].end
    true_spans = np.array([(span.start, span.end) for span in truth.sections])
    true_spans, true_labels = mir_eval.util.adjust_intervals(true_spans, [span.label for span in truth.sections], 0.0, end)
    spans, labels = mir_eval.util.adjust_intervals(
        np.array([section[:2] for section in reading.sections]), [section[2] for section in reading.sections], 0.0, end
    )
    _, _, hits = mir_eval.segment.detection(true_spans, spans, window=3.0, trim=True)
    _, _, pairs = mir_eval.segment.pairwise(true_spans, true_labels, spans, labels)
    return {"boundaries": float(hits), "labels": float(pairs)}


def outcomes(
    services: Services, first: int, count: int, with_baselines: bool, split: Split, soundfont: Path
) -> Iterator[Outcome]:
    """Render and analyse every piece; yield its outcome."""
    for seed in range(first, first + count):
        piece = styled_piece(seed, split)
        clip = clip_of(piece, services, soundfont)
        facts = read(clip, services)
        readings = {"audioscope": facts_reading(facts)}
        if with_baselines:
            readings["librosa"] = librosa_reading(clip)
            readings["note templates"] = note_reading(clip, services, readings["librosa"])
        yield Outcome(piece, facts, {name: scores(piece.truth, reading) for name, reading in readings.items()})


def clip_of(piece: Piece, services: Services, soundfont: Path = TEST_SOUNDFONT) -> AudioClip:
    """Render the piece and open it in the clip store."""
    sound = render(piece, Synthesizer(soundfont, SAMPLE_RATE, REVERB))
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/piece.wav", sound, SAMPLE_RATE)
        return services.clips.open(f"{folder}/piece.wav")


def read(clip: AudioClip, services: Services) -> MusicFacts:
    """Return the last snapshot of a whole run."""
    *_, facts = music_facts(clip, FactOptions(), services.runtime)
    return facts


def _line(outcome: Outcome) -> str:
    truth, facts = outcome.piece.truth, outcome.facts
    tempo = (
        f"{truth.bpm:5.1f} {facts.tempo.bpm:5.1f} ({facts.tempo.confidence:.2f})" if facts.tempo else f"{truth.bpm:5.1f}  none"
    )
    key = f"{tonic_name(truth.tonic, truth.mode)} {truth.mode}: {facts.key.name if facts.key else 'none'}"
    marks = " ".join(f"{name} {outcome.scores['audioscope'][name]:.2f}" for name in COLUMNS)
    return f"{outcome.piece.seed:8} {outcome.piece.style:15} {tempo:22} {key:22} {marks}"


def _table(results: list[Outcome]) -> str:
    lines = [f"{'':18}" + "".join(f"{name:>12}" for name in COLUMNS)]
    for reading in results[0].scores:
        means = [np.mean([outcome.scores[reading][name] for outcome in results]) for name in COLUMNS]
        lines.append(f"{reading:18}" + "".join(f"{mean:>12.3f}" for mean in means))
    lines.append(f"{'goal':18}" + "".join(f"{GOALS[name]:>12.2f}" if name in GOALS else f"{'':>12}" for name in COLUMNS))
    return "\n".join(lines)


def _by_style(results: list[Outcome]) -> str:
    lines = []
    for style in dict.fromkeys(outcome.piece.style for outcome in results):
        own = [outcome.scores["audioscope"] for outcome in results if outcome.piece.style == style]
        lines.append(f"{style:18}" + "".join(f"{np.mean([score[name] for score in own]):>12.2f}" for name in COLUMNS))
    return "\n".join(lines)


def main() -> None:
    """Print every piece, the styles and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--pieces", type=int, default=PIECES)
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--soundfont", type=Path, default=TEST_SOUNDFONT)
    parser.add_argument("--baselines", action="store_true", help="librosa and templates too")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="mir_eval")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        began, seconds = time.perf_counter(), 0.0
        for outcome in outcomes(
            services, arguments.first, arguments.pieces, arguments.baselines, arguments.split, arguments.soundfont
        ):
            results.append(outcome)
            seconds += outcome.facts.duration
            print(_line(outcome), flush=True)
    print(f"\n{_by_style(results)}\n\n{_table(results)}\n")
    own = sum(outcome.facts.elapsed for outcome in results)
    print(f"{seconds:.0f} s of music; the facts took {own / seconds:.1%} of it, everything {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
