"""Beats of a clip while it is recorded: BeatNet looks only back, so each chunk of sound is read once, when it comes in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.music import BEATNET
from pipelines.music.rhythm.beat_network import BEAT_SAMPLE_RATE, FRAMES_PER_SECOND, HOP_SAMPLES, INPUT_RMS, MIN_RMS
from pipelines.music.rhythm.beat_search import SEARCH_RATE, max_around, search_beats, sigmoid
from pipelines.music.rhythm.beatnet import STATE_SHAPE, WINDOW_SAMPLES, beat_logits, beatnet_features
from pipelines.music.rhythm.pulse import pulse_correlation, pulse_logits

WORKING_BYTES = 20 * 2**20
"""Memory for one chunk beside the weights; rounded up."""
CONTEXT_FRAMES = 3
"""Frames of sound that are kept: the window of the frame before the next one reaches back so far."""
SEARCH_SECONDS, FINAL_SECONDS = 12.0, 6.0
"""Span that is searched for beats each time, and the age from which a beat is final."""
MIN_SECONDS = 4.0
"""Duration from which there are beats."""
MIN_BEAT_PROB = 0.35
"""Mean probability of the beats below which there is no pulse."""
MIN_DEVIATION = 0.1
"""Standard deviation of the probability of a beat below which there is no pulse: at most 0.08 in silence and noise, 0.15 to 0.24
in 21 modules."""
MIN_BEATS = 5


@dataclass(frozen=True)
class LiveRhythm:
    """Beats so far."""

    duration: float
    """Seconds of sound that came in."""
    beats: tuple[float, ...] = ()
    """Seconds since the beginning, ascending; those of the last six seconds may still change."""
    bpm: float | None = None
    """Median tempo of the last twelve seconds, beats per minute; None where there is no pulse."""


class LiveBeats:
    """One recording as it comes in; not for several threads at once."""

    def __init__(self, sample_rate: int, runtime: ModelRuntime) -> None:
        """Prepare for sound of `sample_rate` Hz.

        Raises:
            ModelError: BeatNet cannot be had.
        """
        from soxr import ResampleStream

        self._spec = runtime.catalog.choose("track_beats", BEATNET.key, WORKING_BYTES).spec
        self._cache = runtime.cache
        self._sample_rate = sample_rate
        self._resampler = ResampleStream(sample_rate, BEAT_SAMPLE_RATE, 1, dtype="float32")
        self._samples, self._energy, self._read = 0, 0.0, 0
        self._sound: FloatArray = np.zeros(0, np.float32)
        self._first_frame, self._next_frame = 0, 0
        self._state: FloatArray = np.zeros(STATE_SHAPE, np.float32)
        self._probs: FloatArray = np.zeros((0, 3), np.float32)
        self._final: tuple[float, ...] = ()

    def feed(self, chunk: FloatArray) -> LiveRhythm:
        """Take the sound that follows and return the beats so far.

        Args:
            chunk: float32 [samples], mono, any number of them.

        Raises:
            ModelError: see `ModelCache.lease`.
        """
        self._samples += len(chunk)
        sound = self._resampler.resample_chunk(np.ascontiguousarray(chunk, dtype=np.float32))
        self._energy += float(np.square(sound, dtype=np.float64).sum())
        self._read += len(sound)
        self._sound = np.concatenate([self._sound, sound])
        self._run_network()
        duration = self._samples / self._sample_rate
        if self._next_frame < MIN_SECONDS * FRAMES_PER_SECOND:
            return LiveRhythm(duration)
        return self._search(duration)

    def _run_network(self) -> None:
        """Run BeatNet over the frames whose windows are complete, then drop the sound that no later frame needs."""
        end = self._first_frame + max(0, (len(self._sound) - WINDOW_SAMPLES // 2 - 1) // HOP_SAMPLES)
        if end <= self._next_frame:
            return
        gain = INPUT_RMS / max(MIN_RMS, float(np.sqrt(self._energy / self._read)))
        features = beatnet_features(self._sound, self._next_frame - self._first_frame, end - self._first_frame, gain)
        with self._cache.lease(self._spec, working_bytes=WORKING_BYTES) as (session,):
            probs, self._state = session.run(["probs", "next_state"], {"features": features, "state": self._state})
        self._probs = np.concatenate([self._probs, probs])[-round(SEARCH_SECONDS * FRAMES_PER_SECOND) :]
        self._next_frame = end
        dropped = max(0, end - CONTEXT_FRAMES - self._first_frame)
        self._sound = self._sound[dropped * HOP_SAMPLES :]
        self._first_frame += dropped

    def _search(self, duration: float) -> LiveRhythm:
        """Find the beats of the last twelve seconds; those that are old enough stay as they are."""
        logits = beat_logits(self._probs)
        probs = sigmoid(logits)
        if probs.std() < MIN_DEVIATION:
            return LiveRhythm(duration, self._final)
        frames = search_beats(logits, pulse_logits(pulse_correlation(probs)))
        if len(frames) < MIN_BEATS or float(max_around(probs, frames).mean()) < MIN_BEAT_PROB:
            return LiveRhythm(duration, self._final)
        times = (frames / SEARCH_RATE + (self._next_frame - len(self._probs)) / FRAMES_PER_SECOND).tolist()
        interval = float(np.median(np.diff(times)))
        later = tuple(round(time, 3) for time in times if not self._final or time > self._final[-1] + interval / 2)
        self._final += tuple(time for time in later if time < duration - FINAL_SECONDS)
        beats = self._final + tuple(time for time in later if time >= duration - FINAL_SECONDS)
        return LiveRhythm(duration, beats, round(60 / interval, 1))
