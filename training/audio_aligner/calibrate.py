"""How sure the aligner's first concept is, measured: `python -m training.audio_aligner.calibrate --folder work`.

    apt-get install timgm6mb-soundfont csound-soundfont fluidsynth
    python -m training.audio_aligner.calibrate

Sounds that the aligner was not trained on: recordings of `kept_apart.json`, and the instruments of the training set played softly
and loudly with two other SoundFonts. Those of one SoundFont and of every other package give the two numbers of the calibration
(Platt 1999), the others the table of reliability that is printed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from models.specs.aligner import TINY_ALIGNER, ConceptCalibration, log_odds
from models.specs.image import TINY_DIFFUSION
from pipelines.clip.errors import ClipError, SilentPart
from pipelines.pictures.audio_embeds import SAMPLE_RATE, audio_embeds
from pipelines.pictures.concept_decomposition import decompose_concepts
from pipelines.wording.certainty import MIN_PROBABLE
from services import Services, build_services
from settings import Settings
from training.audio_aligner.packages import labelled_files, rows
from training.audio_aligner.rendered import played_sounds
from training.music.pieces.rendering import SOUNDFONTS, TEST_SOUNDFONT, Synthesizer

KEPT_APART = Path(__file__).with_name("kept_apart.json")
FITTING_SOUNDFONT = SOUNDFONTS / "sf_GMbank.sf2"
VELOCITIES = (36, 108)
MAX_SECONDS = 5.0
SEED = 1
EDGES = (0.0, 0.25, 0.5, 0.65, 0.8, 1.0)
"""Edges of the bins of the table."""


@dataclass(frozen=True)
class KeptApart:
    """A sound that the aligner does not know, and what it makes of it."""

    name: str
    fitting: tuple[str, ...]
    found: tuple[str, ...]
    weights: tuple[float, ...]
    is_tuning: bool
    """Whether the calibration is fitted to it; else it is measured on it."""

    @property
    def fits(self) -> bool:
        """Whether the first concept fits."""
        return self.found[:1] != () and self.found[0] in self.fitting

    @property
    def first_weight(self) -> float:
        """Weight of the first concept; 0 if there is none."""
        return self.weights[0] if self.weights else 0.0


def kept_apart_sounds(folder: Path) -> Iterator[tuple[str, tuple[str, ...], Path | FloatArray, bool]]:
    """Yield (name, fitting concepts, file or samples at 16 kHz, whether it is for tuning)."""
    packages = sorted({row.package for row in rows(KEPT_APART)})
    for path, row in labelled_files(folder / "packages", rows(KEPT_APART)):
        yield path.relative_to(folder).as_posix(), row.concepts, path, packages.index(row.package) % 2 == 0
    for soundfont in (FITTING_SOUNDFONT, TEST_SOUNDFONT):
        for name, concept, samples in played_sounds(Synthesizer(soundfont), SEED, VELOCITIES, takes=1):
            yield f"{soundfont.stem} {name}", (concept,), samples, soundfont == FITTING_SOUNDFONT


def judged(folder: Path) -> list[KeptApart]:
    """Return what the aligner finds in each sound through the app's own path; kept in `folder` once it is known."""
    file = folder / "kept_apart_found.json"
    if not file.exists():
        with tempfile.TemporaryDirectory() as scratch:
            services = build_services(Settings(data_dir=Path(scratch), clip_dir=Path(scratch) / "clips"))
            found = [judge(services, *sound) for sound in kept_apart_sounds(folder)]
        file.write_text(json.dumps([asdict(each) for each in found if each], indent=1), encoding="utf-8")
    return [
        KeptApart(row["name"], tuple(row["fitting"]), tuple(row["found"]), tuple(row["weights"]), row["is_tuning"])
        for row in json.loads(file.read_text(encoding="utf-8"))
    ]


def judge(services: Services, name: str, fitting: tuple[str, ...], sound: Path | FloatArray, is_tuning: bool) -> KeptApart | None:
    """Return what the aligner finds in a sound; None for one that is silent or broken."""
    try:
        clip = services.clips.open(sound) if isinstance(sound, Path) else services.clips.open_waveform(sound, SAMPLE_RATE)
        embeds = audio_embeds(clip, 0.0, min(clip.duration, MAX_SECONDS), TINY_ALIGNER, TINY_DIFFUSION, services.runtime)
    except (ClipError, SilentPart):
        return None
    concepts = decompose_concepts(embeds, TINY_DIFFUSION, services.runtime)
    return KeptApart(name, fitting, tuple(c.concept for c in concepts), tuple(c.weight for c in concepts), is_tuning)


def fit_calibration(sounds: list[KeptApart]) -> ConceptCalibration:
    """Return the logistic regression of being right on the weight of the first concept (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    weights = np.array([[log_odds(sound.first_weight)] for sound in sounds])
    fitted = LogisticRegression(C=10.0).fit(weights, [sound.fits for sound in sounds])
    return ConceptCalibration(round(float(fitted.intercept_[0]), 2), round(float(fitted.coef_[0, 0]), 2))


def print_reliability(sounds: list[KeptApart], calibration: ConceptCalibration) -> None:
    """Print how often the first concept was right, by how sure the calibration is."""
    certainty = np.array([calibration.prob(sound.first_weight) if sound.found else 0.0 for sound in sounds])
    right = np.array([sound.fits for sound in sounds])
    print(f"{'certainty':12}{'sounds':>8}{'mean':>8}{'right':>8}")
    for low, high in pairwise(EDGES):
        inside = (certainty >= low) & (certainty < high)
        if inside.any():
            print(f"{low:.1f} to {high:.1f}  {inside.sum():>8}{certainty[inside].mean():>8.2f}{right[inside].mean():>8.2f}")
    print(f"Brier score {np.square(certainty - right).mean():.3f}; of {len(sounds)} first concepts {right.mean():.0%} are right")
    kept = certainty >= MIN_PROBABLE
    print(f"{kept.sum()} are drawn from sound, of which {right[kept].mean():.0%} are right")


def main() -> None:
    """Fit on the tuning half, print the reliability on the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "audioscope-training" / "audio_aligner")
    sounds = judged(parser.parse_args().folder)
    calibration = fit_calibration([sound for sound in sounds if sound.is_tuning])
    print(calibration)
    print_reliability([sound for sound in sounds if not sound.is_tuning], calibration)


if __name__ == "__main__":
    main()
