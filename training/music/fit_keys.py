"""Fits the weights of the evidence for keys: `python -m training.music.fit_keys --music FOLDER`.

The tracks are those of the tuning sources of `benchmarks/accuracy/sources.json` whose key is known. The weights maximise the
likelihood of the true keys under a softmax over 24 keys, with a penalty on their squares; none but that of 'minor' is negative.
For parts of a clip, every window of a track counts as in the key of the track. A clip can begin and end anywhere, and on another
chord, so each track counts in four versions: whole, without its first seconds, without its last ones, and behind an introduction
on the dominant. The accuracy that is printed is that of each source with weights fitted to the others.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from benchmarks.accuracy.excerpts import Excerpt, excerpts
from benchmarks.accuracy.sources import read_sources
from benchmarks.accuracy.stored_features import kept_features
from models.arrays import DoubleArray, FloatArray, IntArray
from pipelines.music.harmony.chord_recognition import KINDS
from pipelines.music.harmony.crema import CremaActivations
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.harmony.key_detection import (
    CLIP,
    WEIGHTS_FILE,
    WINDOW_SECONDS,
    clip_key_evidence,
    key_weights,
    window_key_log_probs,
)
from pipelines.music.harmony.key_evidence import DOMINANT, EDGE_SECONDS, LOCAL, HarmonyActivations, local_evidence
from pipelines.music.harmony.notation import MODES, pitch_class
from pipelines.music.harmony.reading import HarmonyReader, HarmonyReading
from pipelines.music.sounding_part import sounding_part
from services import Services, build_services
from settings import Settings

PENALTY = 0.01
"""Weight of the sum of the squares. The mean log-probability of true keys of sources left out is -0.49, and -0.51 with 0.03."""
CUT_SECONDS = EDGE_SECONDS + 1.0
"""Duration of the beginning or the end without which a track counts too."""
MIN_CUTS = 3
"""Tracks shorter than this many of them are not cut."""
INTRODUCTION_SECONDS = 12.0
WHOLE_WEIGHT, CUT_WEIGHT, INTRODUCTION_WEIGHT = 2.0, 1.0, 0.5
"""Weights of the versions of a track. Without introductions the key of 0.44 of the tracks behind one is right, with them that of
0.57; of the tracks as they are 0.83 with and without (of each source with weights fitted to the others)."""
DIGITS = 2


@dataclass(frozen=True)
class KnownKey:
    """A track of known key."""

    source: str
    key: int
    """0 to 23."""
    activations: HarmonyActivations


@dataclass(frozen=True)
class Cases:
    """Evidence with the true keys."""

    kinds: tuple[str, ...]
    evidence: DoubleArray
    """[cases, kinds, 24]."""
    keys: IntArray
    """[cases]."""
    weights: DoubleArray
    """[cases]; each track has the weight 1."""
    sources: tuple[str, ...]
    """Source of each case."""

    def chosen(self, is_chosen: DoubleArray) -> Cases:
        """Return some of the cases, by a mask [cases]."""
        names = tuple(name for name, chosen in zip(self.sources, is_chosen, strict=True) if chosen)
        return Cases(self.kinds, self.evidence[is_chosen], self.keys[is_chosen], self.weights[is_chosen], names)


def key_index(name: str) -> int:
    """Return the number, 0 to 23, of a key such as 'F# minor'."""
    tonic, mode = name.split()
    return len(MODES) * pitch_class(tonic) + ("major", "minor").index(mode)


def clip_cases(tracks: list[KnownKey]) -> Cases:
    """Return a case for each version of each track."""
    cases = [
        (clip_key_evidence(version, window_key_log_probs(version)), track.key, weight, track.source)
        for track in tracks
        for weight, version in versions(track.activations)
    ]
    evidence, keys, weights, sources = zip(*cases, strict=True)
    return Cases(CLIP, np.stack(evidence), np.array(keys), np.array(weights), sources)


def versions(activations: HarmonyActivations) -> Iterator[tuple[float, HarmonyActivations]]:
    """Yield weights, which add up to 1, and versions of a track: whole, without its beginning or end, behind an introduction."""
    cut = round(CUT_SECONDS * HARMONY_FRAMES_PER_SECOND)
    found = [(WHOLE_WEIGHT, activations), (INTRODUCTION_WEIGHT, behind_introduction(activations))]
    if len(activations.chords) > MIN_CUTS * cut:
        found += [(CUT_WEIGHT, activations.part(part)) for part in (slice(cut, None), slice(-cut))]
    total = sum(weight for weight, _ in found)
    yield from ((weight / total, version) for weight, version in found)


def behind_introduction(activations: HarmonyActivations) -> HarmonyActivations:
    """Return a track behind its own beginning, a fifth higher."""
    introduction = activations.part(slice(round(INTRODUCTION_SECONDS * HARMONY_FRAMES_PER_SECOND)))

    def joined(beginning: FloatArray, track: FloatArray, columns_per_semitone: int) -> FloatArray:
        turned = beginning.copy()
        used = 12 * columns_per_semitone
        turned[:, :used] = np.roll(beginning[:, :used], DOMINANT * columns_per_semitone, axis=1)
        return np.concatenate([turned, track])

    one, other = introduction.crema, activations.crema
    return HarmonyActivations(
        joined(introduction.chords, activations.chords, len(KINDS)),
        joined(introduction.keys, activations.keys, len(MODES)),
        joined(introduction.chroma, activations.chroma, 1),
        joined(introduction.melody, activations.melody, 1),
        CremaActivations(
            joined(one.chords, other.chords, len(KINDS)),
            joined(one.pitch, other.pitch, 1),
            joined(one.root, other.root, 1),
            joined(one.bass, other.bass, 1),
        ),
        np.concatenate([introduction.weights, activations.weights]),
    )


def part_cases(tracks: list[KnownKey]) -> Cases:
    """Return a case for each window of each track."""
    frames = round(WINDOW_SECONDS * HARMONY_FRAMES_PER_SECOND)
    evidence, keys, weights, sources = [], [], [], []
    for track in tracks:
        starts = range(0, max(1, len(track.activations.chords) - frames // 2), frames)
        for start in starts:
            evidence.append(local_evidence(track.activations, slice(start, start + frames)))
            keys.append(track.key)
            weights.append(1 / len(starts))
            sources.append(track.source)
    return Cases(LOCAL, np.stack(evidence), np.array(keys), np.array(weights), tuple(sources))


def fit(cases: Cases) -> DoubleArray:
    """Return the weight [kinds] of each kind of evidence."""
    scales = np.maximum(cases.evidence.std(axis=(0, 2)), 1e-3)
    shares = cases.weights / cases.weights.sum()
    true = np.take_along_axis(cases.evidence, cases.keys[:, np.newaxis, np.newaxis], axis=2)[..., 0]  # [cases, kinds]

    def loss(scaled: DoubleArray) -> tuple[float, DoubleArray]:
        log_probs = log_softmax(np.einsum("k,nkc->nc", scaled / scales, cases.evidence), axis=1)
        likelihood = float(shares @ log_probs[np.arange(len(cases.keys)), cases.keys])
        expected = np.einsum("nkc,nc->nk", cases.evidence, np.exp(log_probs))
        return float(PENALTY * scaled @ scaled) - likelihood, 2 * PENALTY * scaled - (shares @ (true - expected)) / scales

    bounds = [(None, None) if kind == "minor" else (0, None) for kind in cases.kinds]
    found: DoubleArray = minimize(loss, np.zeros(len(cases.kinds)), jac=True, bounds=bounds, method="L-BFGS-B").x / scales
    return found


def held_out_accuracy(cases: Cases) -> Iterator[tuple[str, float, float]]:
    """Yield (source, share of right keys, mean confidence) with the weights of all other sources."""
    for source in dict.fromkeys(cases.sources):
        is_own = np.array([name == source for name in cases.sources])
        own, weights = cases.chosen(is_own), fit(cases.chosen(~is_own))
        log_probs = log_softmax(np.einsum("k,nkc->nc", weights, own.evidence), axis=1)
        right = log_probs.argmax(axis=1) == own.keys
        yield source, float(right @ own.weights / own.weights.sum()), float(np.exp(log_probs.max(axis=1)).mean())


def known_keys(music: Path) -> Iterator[KnownKey]:
    """Read the tracks of the tuning sources; `music` keeps them and the outputs of the networks, as that of `make accuracy`."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))
        for source in read_sources():
            if source.split != "tuning" or "key" not in source.tasks:
                continue
            for excerpt in excerpts(source, music / "packages", music / "excerpts"):
                reading = read_harmony(excerpt, services, music / "features")
                yield KnownKey(source.name, key_index(excerpt.annotation.key), reading.activations)


def read_harmony(excerpt: Excerpt, services: Services, features: Path) -> HarmonyReading:
    """Return what the networks find in an excerpt; the folder `features` keeps their outputs."""
    clip = services.clips.open(excerpt.file)
    part = sounding_part(clip.waveform(22_050), 22_050)
    with kept_features(features, clip.content_hash, services.settings.feature_store_bytes) as store:
        reader = HarmonyReader(clip, part, replace(services.runtime, features=store)).read(float)
        while True:
            try:
                next(reader)
            except StopIteration as end:
                reading: HarmonyReading = end.value
                return reading


def main() -> None:
    """Fit, print the accuracy of each source and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="as that of `make accuracy`")
    write_weights(list(known_keys(parser.parse_args().music)))


def write_weights(tracks: list[KnownKey]) -> None:
    """Fit the weights of clips and of parts, and write them."""
    document = {**key_weights()}
    # The evidence of a clip includes the probabilities of its parts.
    for name, cases_of in (("part", part_cases), ("clip", clip_cases)):
        cases = cases_of(tracks)
        for source, accuracy, confidence in held_out_accuracy(cases):
            print(f"{name:6} {source:28} right {accuracy:.3f} confidence {confidence:.3f}")
        document[name] = dict(zip(cases.kinds, fit(cases).round(DIGITS).tolist(), strict=True))
        WEIGHTS_FILE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        key_weights.cache_clear()


if __name__ == "__main__":
    main()
