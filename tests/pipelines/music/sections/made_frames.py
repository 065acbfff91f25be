"""Made-up outputs of the networks: each letter of a form has eight bars with chords, a spectrum and a timbre of its own."""

from __future__ import annotations

import numpy as np

from pipelines.music.harmony.harmony_network import HARMONY_FRAMES_PER_SECOND
from pipelines.music.rhythm.beat_network import FRAMES_PER_SECOND
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.beat_features import SoundFrames
from pipelines.tagging.yamnet import PATCH_HOP_SECONDS

BAR_SECONDS = 2.0
BARS = 8
CHORDS = {"A": (0, 7, 9, 5), "B": (2, 7, 4, 9), "C": (10, 3, 8, 5)}


def made_frames(form: str, seed: int = 0) -> tuple[SoundFrames, Beats, float]:
    """(frames, beats, duration)."""
    rng = np.random.default_rng(seed)
    seconds = BARS * BAR_SECONDS
    duration = len(form) * seconds
    notes = rng.uniform(0, 0.1, (round(duration * HARMONY_FRAMES_PER_SECOND), 2, 88)).astype(np.float32)
    bands = rng.normal(1, 0.1, (round(duration * FRAMES_PER_SECOND), 20)).astype(np.float32)
    timbre = rng.uniform(0, 0.05, (round(duration / PATCH_HOP_SECONDS), 521)).astype(np.float32)
    for count, letter in enumerate(form):
        kind = ord(letter) - ord("A")
        for bar in range(BARS):
            start = count * seconds + bar * BAR_SECONDS
            root = CHORDS[letter][bar % 4]
            first, last = (round(time * HARMONY_FRAMES_PER_SECOND) for time in (start, start + BAR_SECONDS))
            notes[first:last, 0, [27 + root, 31 + root, 34 + root]] += 0.8
        first, last = (round((count + i) * seconds * FRAMES_PER_SECOND) for i in (0, 1))
        bands[first:last, : 5 + 5 * kind] += 0.6
        first, last = (round((count + i) * seconds / PATCH_HOP_SECONDS) for i in (0, 1))
        timbre[first:last, 100 * kind : 100 * kind + 20] += 0.5
    times = tuple(np.arange(0, duration, BAR_SECONDS / 4).tolist())
    beats = Beats(times, tuple(i % 4 + 1 for i in range(len(times))), 4, 4, 1.0)
    return SoundFrames(notes, bands, timbre, 0.0), beats, duration
