"""Does the picture fit the sound? `python -m training.evaluate_audio_to_image sheet.png` prints a table and draws a sheet.

For the sounds of tuxpaint-stamps-default longer than half a second, each encoded by an aligner that was trained without it: the
concept that the direct way names first, through the same code as in the app. `fitting_concepts.json`, written before anything was
tuned, says which concepts belong to which sound: one that names the thing (or has a word for it), the family that AudioSet puts
directly above it, and for a thing without a concept of its own its nearest relatives or the owner of its voice. A recording that
stands for several things counts once; the group 'other' is shown and does not count. The folds' aligners are trained on the way
and kept in `--folder`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from models.loading.audio_aligner import CONFIG, WEIGHTS, save_aligner
from models.model_catalog import ModelChoice
from models.specs.aligner import TINY_ALIGNER
from models.specs.image import TINY_DIFFUSION, drawing_defaults
from models.specs.model_spec import ModelSpec, RepositoryFile, RepositorySource
from models.specs.sound import YAMNET as YAMNET_SPEC
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import SilentClip
from pipelines.pictures.audio_embeds import AudioEmbeds, audio_embeds
from pipelines.pictures.concept_decomposition import decompose_concepts
from pipelines.pictures.vocabulary import concepts
from pipelines.tagging.sound_tagging import ClipTagger
from services import Services, build_services
from settings import Settings
from training.audio_aligner.__main__ import (
    SHIPPED,
    YAMNET,
    embeds_and_targets,
    fingerprint,
    text_space_of,
    yamnet_session,
)
from training.audio_aligner.dataset import FITTING, STAMPS, Example, training_set
from training.audio_aligner.fitting import FittingOptions, TextSpace, class_concepts, fit
from training.audio_aligner.objective import metrics
from training.loop.config import read_config

SHORTEST_SECONDS = 0.5
FOLDS = 12
CRITERION = ("animal", "instrument", "vehicle", "weather")
COLUMNS = 12
LABEL_HEIGHT = 40
"""Pixels."""
STEPS, GUIDANCE = 14, 4.0


@dataclass(frozen=True)
class Outcome:
    """The concepts found in a sound, and those that fit it."""

    sound: str
    group: str
    fitting: tuple[str, ...]
    found: tuple[str, ...]
    """Best first."""
    bare: str
    """The concept of YAMNet's best class that has one."""
    embeds: AudioEmbeds

    @property
    def fits(self) -> bool:
        """Whether the first concept fits."""
        return self.found[0] in self.fitting


def main() -> None:
    """Train the folds, print every sound and the shares, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument(
        "--folder", type=Path, default=Path.home() / ".cache" / "audioscope-training" / "audio_aligner" / "shipped"
    )
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    examples = training_set(yamnet_session(), chosen.folder)
    options = read_config(SHIPPED, FittingOptions)
    space = text_space_of(options.picture_model)
    aligners = aligners_without(examples, space, options, chosen.folder)
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        results = list(outcomes(services, aligners))
        print_table(results)
        contact_sheet(results, services).save(chosen.sheet)


def aligners_without(examples: list[Example], space: TextSpace, options: FittingOptions, folder: Path) -> dict[str, ModelSpec]:
    """Return for each evaluated stamp an aligner that was trained without its recording and anything made from it."""
    recordings = sorted({example.recording for example in examples if example.recording})
    specs: dict[str, ModelSpec] = {}
    for fold in range(FOLDS):
        left_out = set(recordings[fold::FOLDS])
        rest = [example for example in examples if example.recording not in left_out]
        name = f"{fingerprint(space, examples, options)}-without-{fold}"
        model = fit(rest, space, YAMNET, options, folder / "loops" / name)
        judged = [example for example in examples if example.recording in left_out]
        print(f"fold {fold}: {metrics(*embeds_and_targets(model, judged, space))}", flush=True)
        save_aligner(model, folder / name)
        spec = spec_of(folder / name)
        specs |= {example.name: spec for example in judged}
    return specs


def spec_of(folder: Path) -> ModelSpec:
    """Return a catalogue row for an aligner on disk."""
    files = tuple(RepositoryFile(name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in (CONFIG, WEIGHTS))
    return replace(TINY_ALIGNER, key=f"aligner-{folder.name}", source=RepositorySource("fold", str(folder.resolve()), files))


def outcomes(services: Services, aligners: dict[str, ModelSpec]) -> Iterator[Outcome]:
    """Yield every sound of the list that is not silent and long enough, through the app's own path."""
    for row in json.loads(FITTING.read_text(encoding="utf-8")):
        sound = row["sounds"][0]
        try:
            clip = services.clips.open(STAMPS / sound)
        except SilentClip:
            continue
        if clip.duration > SHORTEST_SECONDS:
            embeds = audio_embeds(clip, 0.0, clip.duration, aligners[sound], TINY_DIFFUSION, services.runtime)
            found = tuple(word.concept for word in decompose_concepts(embeds, TINY_DIFFUSION, services.runtime))
            yield Outcome(sound, row["group"], tuple(row["fitting"]), found, bare_concept(clip, services), embeds)


def bare_concept(clip: AudioClip, services: Services) -> str:
    """Return the concept of YAMNet alone: its best class, by the mean over the patches, among those that the vocabulary knows."""
    tagger = ClipTagger(clip, ModelChoice(YAMNET_SPEC, ""), services.runtime)
    scores = tagger.patch_scores(0, tagger.patches).mean(axis=0)
    table = class_concepts()
    best = int(np.argmax(np.where(table.any(axis=1), scores, 0)))
    return concepts()[int(np.argmax(table[best]))].name


def print_table(results: list[Outcome]) -> None:
    """Print every sound, then the rates."""
    for outcome in results:
        mark = "yes" if outcome.fits else "no "
        print(f"{mark} {Path(outcome.sound).stem:24} {', '.join(outcome.found[:3]):44} bare: {outcome.bare}")
    print(f"\n{'group':12}{'sounds':>8}{'first':>8}{'in three':>10}{'bare YAMNet':>13}")
    for title, groups in (*((group, (group,)) for group in CRITERION), ("criterion", CRITERION), ("other", ("other",))):
        of_group = [outcome for outcome in results if outcome.group in groups]
        first = np.mean([outcome.fits for outcome in of_group])
        three = np.mean([bool(set(outcome.fitting) & set(outcome.found[:3])) for outcome in of_group])
        bare = np.mean([outcome.bare in outcome.fitting for outcome in of_group])
        print(f"{title:12}{len(of_group):>8}{first:>8.0%}{three:>10.0%}{bare:>13.0%}")


def contact_sheet(results: list[Outcome], services: Services) -> Image.Image:
    """Return the picture of every sound, with the sound's name and the first concept found in it."""
    size = drawing_defaults(TINY_DIFFUSION).size
    rows = -(-len(results) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * size, rows * (size + LABEL_HEIGHT)), "white")
    pen = ImageDraw.Draw(sheet)
    with services.runtime.cache.lease(TINY_DIFFUSION) as (pipeline,):
        for index, outcome in enumerate(results):
            left, top = index % COLUMNS * size, index // COLUMNS * (size + LABEL_HEIGHT)
            sheet.paste(draw(pipeline, outcome.embeds), (left, top))
            pen.text((left + 2, top + size), Path(outcome.sound).stem[:15], fill="black")
            pen.text((left + 2, top + size + 13), outcome.found[0], fill="darkgreen" if outcome.fits else "red")
    return sheet


def draw(pipeline: Any, embeds: AudioEmbeds) -> Image.Image:
    """Return one picture, always with the same noise."""
    drawn = pipeline(
        prompt_embeds=torch.from_numpy(embeds.prompt_embeds)[None],
        negative_prompt_embeds=torch.from_numpy(embeds.negative_prompt_embeds)[None],
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        generator=torch.Generator().manual_seed(0),
    )
    image: Image.Image = drawn.images[0]
    return image


if __name__ == "__main__":
    main()
