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

import numpy as np
import soundfile

from benchmarks.accuracy.scores import BOUNDARY_WINDOWS, facts_reading, scores
from benchmarks.accuracy.tracks import Annotation
from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.facts import FactOptions, MusicFacts
from pipelines.music.harmony.notation import tonic_name
from pipelines.music.rhythm.types import time_signature
from services import Services, build_services
from settings import Settings
from training.music.baselines import librosa_reading, note_reading
from training.music.pieces.composition import Split, styled_piece
from training.music.pieces.piece import Piece, Truth
from training.music.pieces.rendering import TEST_SOUNDFONT, Synthesizer, render

PIECES = 100
SAMPLE_RATE = 44_100
REVERB = 0.3
"""Room size, 0 to 1."""
GOALS = {"tempo": 0.9, "beats": 0.9, "downbeats": 0.75, "key": 0.8, "chords": 0.75}
COLUMNS = ("tempo", "beats", "downbeats", "metre", "key", "chords", "sevenths", *BOUNDARY_WINDOWS, "section labels")


@dataclass(frozen=True)
class Outcome:
    """One piece, and the scores of each reading of it."""

    piece: Piece
    facts: MusicFacts
    scores: dict[str, dict[str, float]]
    """By reading, then by column; 0 to 1."""


def annotation_of(truth: Truth) -> Annotation:
    """Return the annotations of a piece in the form that is scored."""
    downbeats = tuple(time for time, position in zip(truth.beats, truth.positions, strict=True) if position == 1)
    chords, sections = (tuple((span.start, span.end, span.label) for span in spans) for spans in (truth.chords, truth.sections))
    return Annotation(
        bpm=truth.bpm,
        beats=(truth.beats,),
        downbeats=downbeats,
        metre=time_signature(truth.beats_per_bar, truth.beat_unit),
        key=f"{tonic_name(truth.tonic, truth.mode)} {truth.mode}",
        chords=chords,
        sections=sections,
    )


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
        yield Outcome(piece, facts, {name: scores(annotation_of(piece.truth), reading) for name, reading in readings.items()})


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
    lines = [f"{'':18}" + "".join(f"{name:>15}" for name in COLUMNS)]
    for reading in results[0].scores:
        means = [np.mean([outcome.scores[reading].get(name, 0.0) for outcome in results]) for name in COLUMNS]
        lines.append(f"{reading:18}" + "".join(f"{mean:>15.3f}" for mean in means))
    lines.append(f"{'goal':18}" + "".join(f"{GOALS[name]:>15.2f}" if name in GOALS else f"{'':>15}" for name in COLUMNS))
    return "\n".join(lines)


def _by_style(results: list[Outcome]) -> str:
    lines = []
    for style in dict.fromkeys(outcome.piece.style for outcome in results):
        own = [outcome.scores["audioscope"] for outcome in results if outcome.piece.style == style]
        lines.append(f"{style:18}" + "".join(f"{np.mean([score[name] for score in own]):>15.2f}" for name in COLUMNS))
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
