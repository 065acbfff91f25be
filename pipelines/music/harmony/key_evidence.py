"""Evidence for each of the 24 keys: how well profiles fit what sounds, which chords there are, and with which it begins and ends.

Keys are C major, C minor, C sharp major and so on, as in the output of the harmony network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.music.harmony.chord_recognition import KINDS, NO_CHORD
from pipelines.music.harmony.crema import CremaActivations
from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND, chroma_of
from pipelines.music.harmony.notation import MODES

KEY_COUNT = 24
KRUMHANSL = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Key profiles of major and minor (Krumhansl and Kessler 1982)."""
ALBRECHT = (
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""Key profiles of major and minor (Albrecht and Shanahan 2013)."""
STEPS_ABOVE_TONIC = (np.arange(12) - np.arange(12)[:, np.newaxis]) % 12
"""[tonics, pitch classes], in semitones."""
EDGE_SECONDS = 6.0
"""Duration of the beginning and of the end, whose chords and notes often are those of the tonic."""
MIN_FIRST_CHORD = 0.05
"""Added to the mean probability of a chord over the beginning, before its logarithm is taken: introductions can be on another."""
MIN_MELODY_NOTE = 0.35
"""Activation from which a note can be the highest one."""
DOMINANT, SUBDOMINANT = 7, 5
"""Semitones up from the tonic."""
FULL_LEVEL_RATIO = 0.1
"""RMS relative to the loudest frame (-20 dB) from which a frame has full weight; below, the weight is proportional to the RMS."""
LOCAL = (
    "network", "pitch (Albrecht)", "pitch (Krumhansl)", "root (Albrecht)", "bass (Albrecht)", "notes (Albrecht)",
    "melody (Albrecht)", "tonic chord", "dominant chord", "subdominant chord", "minor",
)  # fmt: skip
"""Kinds of evidence of a part of a clip."""
MINOR = np.tile([0.0, 1.0], KEY_COUNT // 2)
"""1 for each minor key."""
EDGES = ("first chord", "last notes")


@dataclass(frozen=True)
class HarmonyActivations:
    """What the networks find in each frame of a clip, 10.8 a second."""

    chords: FloatArray
    """[frames, 37], probabilities of both networks together."""
    keys: FloatArray
    """[frames, 24], logits of the harmony network."""
    chroma: FloatArray
    """[frames, 12], sum of the note activations over the octaves."""
    melody: FloatArray
    """[frames, 12], 1 for the highest note, as `melody_chroma` returns it."""
    crema: CremaActivations
    weights: FloatArray
    """[frames], 0 to 1 by level."""

    def part(self, frames: slice) -> HarmonyActivations:
        """Return the activations of some frames."""
        return HarmonyActivations(
            self.chords[frames],
            self.keys[frames],
            self.chroma[frames],
            self.melody[frames],
            self.crema.part(frames),
            self.weights[frames],
        )


def level_weights(rms: FloatArray) -> FloatArray:
    """Return the weight, 0 to 1, of frames of these RMS [frames]; all are 0 in silence."""
    loudest = float(rms.max(initial=0.0))
    weights: FloatArray = np.minimum(1.0, rms / max(FULL_LEVEL_RATIO * loudest, 1e-9)).astype(np.float32)
    return weights


def local_evidence(activations: HarmonyActivations, part: slice = slice(None)) -> DoubleArray:
    """Return the evidence [11, 24] of some frames, in the order of `LOCAL`."""
    weights = activations.weights[part].astype(np.float64) + 1e-9
    weights /= weights.sum()
    keys = weights @ activations.keys[part]
    pitch, root, bass = (weights @ output[part, :12] for output in _crema_outputs(activations.crema))
    chords = weights @ activations.chords[part]
    return np.stack(
        [
            keys - np.logaddexp.reduce(keys),
            correlations(ALBRECHT, pitch),
            correlations(KRUMHANSL, pitch),
            correlations(ALBRECHT, root),
            correlations(ALBRECHT, bass),
            correlations(ALBRECHT, weights @ activations.chroma[part]),
            correlations(ALBRECHT, weights @ activations.melody[part]),
            tonic_chords(chords),
            *_neighbour_chords(chords),
            MINOR,
        ]
    )


def edge_evidence(activations: HarmonyActivations) -> DoubleArray:
    """Return the evidence [2, 24] of the beginning and the end, in the order of `EDGES`."""
    sounding = np.flatnonzero(activations.weights > 0)
    start, end = (int(sounding[0]), int(sounding[-1]) + 1) if len(sounding) else (0, len(activations.weights))
    frames = round(EDGE_SECONDS * HARMONY_FRAMES_PER_SECOND)
    first = activations.chords[start : min(end, start + frames)].mean(axis=0)
    last = activations.chroma[max(start, end - frames) : end].sum(axis=0, dtype=np.float64)
    return np.stack([np.log(tonic_chords(first) + MIN_FIRST_CHORD), np.repeat(last / max(float(last.sum()), 1e-9), len(MODES))])


def melody_chroma(notes: FloatArray) -> FloatArray:
    """Return [frames, 12], 1 for the pitch class of the highest note, from the activations of `notes` [frames, 88]."""
    is_sounding = notes >= MIN_MELODY_NOTE
    highest = is_sounding & (is_sounding[:, ::-1].cumsum(axis=1)[:, ::-1] == 1)
    return chroma_of(highest.astype(np.float32))


def correlations(profiles: tuple[tuple[float, ...], ...], amounts: FloatArray | DoubleArray) -> DoubleArray:
    """Return the correlation [24] of the profile of each key with the amounts [12] of the pitch classes; 0 for equal amounts."""
    turned = np.asarray(profiles)[:, STEPS_ABOVE_TONIC].swapaxes(0, 1).reshape(-1, 12)
    turned = turned - turned.mean(axis=1, keepdims=True)
    centred = np.asarray(amounts, dtype=np.float64) - np.mean(amounts)
    length = np.linalg.norm(centred)
    found: DoubleArray = turned @ centred / np.maximum(np.linalg.norm(turned, axis=1) * length, 1e-12)
    return found


def tonic_chords(chords: FloatArray | DoubleArray) -> DoubleArray:
    """Return the probability [24] of the chord on each tonic, from those of all chords [37]."""
    kinds = np.asarray(chords[:NO_CHORD], dtype=np.float64).reshape(12, len(KINDS))
    return np.stack([kinds[:, KINDS.index("maj")], kinds[:, KINDS.index("min")]], axis=1).reshape(KEY_COUNT)


def _neighbour_chords(chords: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Return the probabilities [24] of the dominant, major or a seventh, and of the subdominant in the key's own mode."""
    kinds = chords[:NO_CHORD].reshape(12, len(KINDS))
    majors = kinds[:, KINDS.index("maj")] + kinds[:, KINDS.index("7")]
    plagal = np.stack([majors, kinds[:, KINDS.index("min")]], axis=1)
    return np.repeat(np.roll(majors, -DOMINANT), 2), np.roll(plagal, -SUBDOMINANT, axis=0).reshape(KEY_COUNT)


def _crema_outputs(crema: CremaActivations) -> tuple[FloatArray, FloatArray, FloatArray]:
    return crema.pitch, crema.root, crema.bass
