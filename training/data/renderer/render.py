"""Renders clips of unseen pieces, balanced over families, tempo classes and modes, and makes triples of them.

A clip is a FLAC file and its facts as JSON beside it. What is there is not rendered again, so a run can be stopped, and several
processes can share it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from models.arrays import FloatArray
from pipelines.music.harmony.notation import MODES, Mode
from training.data.recording_effects import augment
from training.data.renderer.arrangement import Arrangement, arrange, drums_alone
from training.data.renderer.clip_facts import TempoClass, clip_bpm, clip_facts, tempo_class
from training.data.renderer.clip_sound import clip_sound
from training.data.renderer.instruments import FAMILIES, Family
from training.data.renderer.wordings import worded
from training.data.triples import SPLITS, Split, Triple
from training.music.pieces.composition import SEED_OFFSETS, styled_piece
from training.music.pieces.piece import DRUM_CHANNEL, Piece
from training.music.pieces.plan import INTRODUCTION, draw_traits
from training.music.pieces.rendering import Synthesizer
from training.music.pieces.styles import STYLES

FIRST_SEED = 500_000
"""Seeds below it are those of the pieces that the networks for beats and chords were trained and measured on."""
SEEDS_PER_CLIP = 100
"""Seeds among which the piece of one clip is sought."""
TEMPO_CLASSES: tuple[TempoClass, ...] = ("slow", "medium", "fast")
SECTION_START_PROB = 0.5
"""Probability that a clip begins with a section instead of with any bar."""
MIN_MAIN_SHARE = 0.5
"""Part of a clip's duration in which notes of the main instrument must sound."""
PLACES_TRIED = 12
DRY_PROB = 0.4
"""Probability of no reverberation."""


@dataclass(frozen=True)
class RendererOptions:
    """What is rendered."""

    soundfonts: Mapping[Split, tuple[str, ...]]
    """Names of files; none may be in two splits."""
    clips: Mapping[Split, int]
    """Number of clips with pitched instruments in each split."""
    drum_clips: Mapping[Split, int] = field(default_factory=dict)
    """Number of clips of drums alone, after the others."""
    duration: float = 10.0
    """Seconds."""
    sample_rate: int = 22_050
    """Hz."""
    augmented_fraction: float = 1 / 3
    """Part of the training clips to which what a recording adds is applied; the other splits stay as they are."""
    main_soundfonts: Mapping[Split, tuple[str, ...]] = field(default_factory=dict)
    """Further files that play the main instrument only, such as those without drums; a split with some draws the SoundFont of
    the accompaniment on its own."""

    def __post_init__(self) -> None:
        """Refuse SoundFonts in two splits."""
        splits = self.soundfonts.keys() | self.main_soundfonts.keys()
        names = [
            name for split in splits for name in set(self.soundfonts.get(split, ())) | set(self.main_soundfonts.get(split, ()))
        ]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{twice[0]} is in two splits: a SoundFont of the test must be unseen")


@dataclass(frozen=True)
class ClipPlan:
    """What one clip shall be."""

    split: Split
    number: int
    family: Family | None
    """None for drums alone."""
    tempo: TempoClass
    mode: Mode

    @property
    def name(self) -> str:
        """Name of its files, without the ending."""
        return f"{self.split}-{self.number:05}"


def plans(options: RendererOptions) -> Iterator[ClipPlan]:
    """Yield the plan of every clip: the test first, and families, modes and tempo classes in turn."""
    for split in reversed(SPLITS):
        pitched = options.clips.get(split, 0)
        for number in range(pitched + options.drum_clips.get(split, 0)):
            family = FAMILIES[number % len(FAMILIES)] if number < pitched else None
            turn = number // len(FAMILIES) if family else number
            yield ClipPlan(split, number, family, TEMPO_CLASSES[turn % 3], MODES[turn // 3 % 2])


def render_clips(options: RendererOptions, soundfonts: Path, folder: Path, part: int = 0, parts: int = 1) -> Iterator[str]:
    """Render what is missing in `folder`; yield the name of each clip that was made.

    Args:
        options: what is rendered.
        soundfonts: folder of the SoundFonts.
        folder: of the clips.
        part: number of the first clip, where several processes share the work.
        parts: number of these processes; each makes every `parts`-th clip.

    Raises:
        subprocess.CalledProcessError: fluidsynth failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index, plan in enumerate(plans(options)):
        facts_file = folder / f"{plan.name}.json"
        if index % parts != part or facts_file.exists():
            continue
        sound, facts = _clip(plan, options, soundfonts)
        soundfile.write(folder / f"{plan.name}.flac", sound, options.sample_rate)
        incoming = facts_file.with_suffix(".incoming")
        incoming.write_text(json.dumps(facts, allow_nan=False), encoding="utf-8")
        incoming.replace(facts_file)
        yield plan.name


def rendered_triples(folder: Path, seed: int = 0) -> Iterator[Triple]:
    """Yield the triples of all rendered clips of a folder, with wordings drawn by `seed`; only notes carry the list of notes."""
    for facts_file in sorted(folder.glob("*.json")):
        facts = json.loads(facts_file.read_text(encoding="utf-8"))
        split = next(split for split in SPLITS if facts_file.name.startswith(f"{split}-"))
        without_notes = {name: value for name, value in facts.items() if name not in ("notes", "beats", "downbeats")}
        rng = np.random.default_rng([seed, facts["seed"]])
        place = (facts_file.with_suffix(".flac"), 0.0, float(facts["duration"]))
        for words in worded(facts, rng):
            known = facts if words.task == "notes" else without_notes
            source = f"piece {facts['seed']}"
            yield Triple(*place, words.question, words.answer, words.task, source, split, known | {"topic": words.topic})


def _clip(plan: ClipPlan, options: RendererOptions, soundfonts: Path) -> tuple[FloatArray, dict[str, Any]]:
    rng = np.random.default_rng([SPLITS.index(plan.split), plan.number])
    fonts = options.soundfonts[plan.split]
    main_font = font = fonts[rng.integers(len(fonts))]
    reverb = 0.0 if rng.random() < DRY_PROB else float(rng.uniform(0.1, 0.7))
    if plan.family is not None and (further := options.main_soundfonts.get(plan.split)):
        main_font = (*fonts, *further)[rng.integers(len(fonts) + len(further))]
    of_main, of_others = (Synthesizer(soundfonts / name, options.sample_rate, reverb) for name in (main_font, font))
    for seed in _seeds(plan):
        piece = styled_piece(seed, plan.split)
        arrangement = drums_alone(piece) if plan.family is None else arrange(piece, plan.family, rng)
        start = _start(arrangement, plan, options.duration, rng)
        sound = clip_sound(arrangement, of_main, of_others, start, options.duration) if start is not None else None
        if start is None or sound is None:
            continue
        is_augmented = plan.split == "train" and rng.random() < options.augmented_fraction
        facts = clip_facts(arrangement, start, options.duration)
        facts |= {"seed": piece.seed, "soundfont": main_font, "duration": options.duration, "augmented": is_augmented}
        facts |= {"accompaniment_soundfont": font, "arrangement": arrangement.kind, "main_gain_db": round(arrangement.gain_db, 2)}
        return augment(sound, options.sample_rate, rng) if is_augmented else sound, facts
    raise RuntimeError(f"no piece of {SEEDS_PER_CLIP} fits {plan}")


def _seeds(plan: ClipPlan) -> Iterator[int]:
    """Yield the seeds of a clip whose pieces have its mode, and nearly its tempo class; styles differ from clip to clip."""
    first = FIRST_SEED + plan.number * SEEDS_PER_CLIP
    for seed in range(first, first + SEEDS_PER_CLIP):
        style = STYLES[seed % len(STYLES)]
        traits = draw_traits(style, SEED_OFFSETS[plan.split] + seed, 1.0)
        has_part = traits.has_drums if plan.family is None else True
        if traits.mode == plan.mode and tempo_class(traits.bpm) == plan.tempo and has_part:
            yield seed


def _start(arrangement: Arrangement, plan: ClipPlan, duration: float, rng: np.random.Generator) -> float | None:
    """Draw where a clip begins; None where the piece has no place at which the main part sounds at the planned tempo."""
    truth = arrangement.piece.truth
    first = next(span.start for span in truth.sections if span.label != INTRODUCTION)
    sections = [span.start for span in truth.sections if span.label != INTRODUCTION]
    bars = [beat for beat, position in zip(truth.beats, truth.positions, strict=True) if position == 1 and beat >= first - 1e-6]
    for _ in range(PLACES_TRIED):
        places = sections if rng.random() < SECTION_START_PROB else bars
        start = max(0.0, float(rng.choice(places)) - float(rng.uniform(0, 0.05)))
        is_inside = start + duration <= arrangement.piece.duration
        in_tempo = tempo_class(clip_bpm(truth, start, start + duration)) == plan.tempo
        if is_inside and in_tempo and _main_share(arrangement.part(is_main=True), start, duration) >= MIN_MAIN_SHARE:
            return start
    return None


def _main_share(main: Piece, start: float, duration: float) -> float:
    """Return the part of the clip in which a note sounds, 0 to 1; a drum counts for a quarter of a second."""
    sounding = np.zeros(round(100 * duration), bool)
    for note in main.notes:
        end = max(note.end, note.start + 0.25) if note.channel == DRUM_CHANNEL else note.end
        sounding[max(0, round(100 * (note.start - start))) : max(0, round(100 * (end - start)))] = True
    return float(sounding.mean())
