"""crema's own decoding of its network: one state a chord, and a Viterbi search with a fixed probability to stay."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.accuracy.excerpts import Excerpt
from benchmarks.accuracy.scores import Reading
from models.specs.music import CREMA
from pipelines.music.harmony.chord_recognition import chord_name
from pipelines.music.harmony.crema import (
    CREMA_HOP_SAMPLES,
    CREMA_SAMPLE_RATE,
    crema_block,
    crema_block_count,
    joined_crema,
)
from services import Services

STAY_PROB = 0.957
"""Probability that a frame has the chord of the one before, crema's own."""


def reading(excerpt: Excerpt, services: Services) -> Reading:
    """Return the chords, reduced to the kinds that Audioscope names; crema names no key."""
    from librosa.sequence import transition_loop, viterbi_discriminative

    waveform = services.clips.open(excerpt.file).waveform(CREMA_SAMPLE_RATE)
    with services.runtime.cache.lease(CREMA) as (session,):
        blocks = [crema_block(session, waveform, 0.0, block) for block in range(crema_block_count(len(waveform)))]
    probs = joined_crema(blocks).chords.T
    path = viterbi_discriminative(probs / probs.sum(axis=0), transition_loop(len(probs), STAY_PROB))
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    seconds = CREMA_HOP_SAMPLES / CREMA_SAMPLE_RATE
    return Reading(chords=tuple((start * seconds, end * seconds, chord_name(int(path[start]))) for start, end in pairwise(edges)))
