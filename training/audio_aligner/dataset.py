"""The training set of our own aligner: what YAMNet makes of each sound, and the concepts that belong to it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import FloatArray
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.errors import ClipError
from pipelines.pictures.vocabulary import concepts
from pipelines.tagging.augmented_embeds import embed_augmented
from training.audio_aligner.packages import labelled_files, rows
from training.audio_aligner.rendered import SAMPLE_RATE, rendered_sounds
from training.audio_aligner.synthetic import synthetic_sounds

STAMPS = Path("/usr/share/tuxpaint/stamps")
FITTING = Path(__file__).parent.parent / "fitting_concepts.json"
MIN_SECONDS = 0.1
MAX_SECONDS = 5.0
"""Minimum and maximum duration of a training sound; of longer ones the middle is used."""
MIXTURES = 150
NOISE_LEVELS = (0.003, 0.03)
"""RMS of the white noise in a mixture, from and to."""

Embeddings = NDArray[np.float16]


@dataclass(frozen=True)
class Sound:
    """A training sound before anything is computed."""

    name: str
    kinds: tuple[int, ...]
    """Numbers of the concepts that belong to it."""
    waveform: FloatArray
    """[samples at 16 kHz]."""


@dataclass(frozen=True)
class Example:
    """A training sound as the network sees it."""

    name: str
    kinds: tuple[int, ...]
    embeddings: Embeddings
    """[views, patches, 1024]."""
    recording: str = ""
    """Id of the recording of an evaluated sound: equal for stamps that play the same recording; empty for all others."""


def training_set(session: Any, folder: Path) -> list[Example]:
    """Return all examples; what was computed lies in `folder` and is found there the next time.

    `session`: YAMNet's onnxruntime session.
    """
    number = {concept.name: index for index, concept in enumerate(concepts())}
    sounds = list(_package_sounds(folder, number))
    sounds += [Sound(name, (number[concept],), waveform) for name, concept, waveform in rendered_sounds()]
    sounds += [Sound(name, tuple(number[each] for each in kinds), waveform) for name, kinds, waveform in synthetic_sounds()]
    sounds += list(_mixtures(sounds))
    examples = [Example(sound.name, sound.kinds, _embedded(session, sound.waveform, folder)) for sound in sounds]
    return examples + [
        Example(sound.name, sound.kinds, _embedded(session, sound.waveform, folder), recording)
        for sound, recording in stamps(folder, number)
    ]


def stamps(folder: Path, number: dict[str, int]) -> Iterator[tuple[Sound, str]]:
    """Yield (sound, its recording) of every stamp of the list that is not silent.

    Stamps that share a concept and a folder may be takes of one recording, as the goat and the ram are: they are left out
    together, whether they are or not.
    """
    for row in json.loads(FITTING.read_text(encoding="utf-8")):
        waveform = _waveform(STAMPS / row["sounds"][0], folder)
        if waveform is not None:
            kinds = tuple(number[concept] for concept in row["fitting"])
            recording = "goat and ram" if "goat" in row["fitting"][:1] else row["sounds"][0]
            yield Sound(row["sounds"][0], kinds, waveform), recording


def _package_sounds(folder: Path, number: dict[str, int]) -> Iterator[Sound]:
    for path, row in labelled_files(folder / "packages", rows()):
        waveform = _waveform(path, folder)
        if waveform is not None:
            yield Sound(path.relative_to(folder).as_posix(), tuple(number[concept] for concept in row.concepts), waveform)


def _mixtures(sounds: list[Sound]) -> Iterator[Sound]:
    """Yield two sounds at once, with some noise."""
    rng = np.random.default_rng(0)
    for index in range(MIXTURES):
        one, other = (sounds[i] for i in rng.choice(len(sounds), 2, replace=False))
        mixed = np.zeros(max(len(one.waveform), len(other.waveform)), dtype=np.float32)
        for sound in (one, other):
            mixed[: len(sound.waveform)] += sound.waveform / max(float(np.abs(sound.waveform).max()), 1e-4)
        noise = rng.uniform(*NOISE_LEVELS) * rng.standard_normal(len(mixed))
        yield Sound(f"mixture {index}", (*one.kinds, *other.kinds), (0.4 * mixed + noise).astype(np.float32))


def _waveform(path: Path, folder: Path) -> FloatArray | None:
    """Return the middle of the file at 16 kHz; None if it is silent, too short or broken."""
    kept = folder / "waveforms" / f"{hashlib.blake2b(path.as_posix().encode(), digest_size=16).hexdigest()}.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            try:
                clip = ClipStore(Path(scratch)).open(path)
                decoded = np.array(clip.waveform(SAMPLE_RATE))
            except ClipError:
                decoded = np.zeros(0, dtype=np.float32)
        np.save(kept, decoded)
    waveform: FloatArray = np.load(kept)
    extra = max(0, len(waveform) - round(MAX_SECONDS * SAMPLE_RATE)) // 2
    return waveform[extra : len(waveform) - extra] if len(waveform) >= MIN_SECONDS * SAMPLE_RATE else None


def _embedded(session: Any, waveform: FloatArray, folder: Path) -> Embeddings:
    digest = hashlib.blake2b(np.ascontiguousarray(waveform).tobytes(), digest_size=16).hexdigest()
    kept = folder / "embeddings" / f"{digest}.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, embed_augmented(session, waveform).astype(np.float16))
    embeddings: Embeddings = np.load(kept)
    return embeddings
