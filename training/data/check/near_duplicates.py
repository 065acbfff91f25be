"""Recordings that are in two splits in another form: coded again, softer, noisier, shifted or cut.

Neighbours by YAMNet's embedding are candidates; the spectrograms confirm them. Of 30 rendered clips, coded as Opus at 32 kbit/s,
with noise at -20 dB, in a room, equalised, shifted or halved, the least correlation was 0.83; of 1,500 pairs of different clips,
many of them with the same instruments, the greatest was 0.65.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models.arrays import DoubleArray, FloatArray
from pipelines.clip.log_mel import MelBank, MelFrames, mel_spectrogram
from training.data.check.findings import Finding, finding
from training.data.check.scanning import SCAN_RATE, ScannedClip
from training.data.features import FeatureFiles
from training.data.waveforms import read_waveform

NEIGHBOURS = 10
"""Candidates of each clip of the validation and the test."""
MIN_EMBEDDING_COSINE = 0.5
MIN_CORRELATION = 0.8
MIN_OVERLAP_SECONDS = 3.2
MIN_OVERLAP_SHARE = 0.8
"""Share of the shorter clip, where it is shorter than `MIN_OVERLAP_SECONDS`."""
FRAMES = MelFrames(MelBank(SCAN_RATE, 1024, 32, fmin=100.0, fmax=6000.0, norm="slaney"), win_length=1024, hop_length=256, power=2)
RANGE_DB = 60.0
"""What is so much below the loudest is not compared."""


def near_duplicate_findings(clips: Sequence[ScannedClip], features: FeatureFiles) -> Iterator[Finding]:
    """Yield pairs of clips in different splits that are one recording.

    Args:
        clips: scanned; those with problems are left out.
        features: encoder states of the clips, computed where they are missing.
    """
    sound = [clip for clip in clips if not clip.problem]
    if len({clip.triple.split for clip in sound}) < 2:
        return
    embeddings = np.stack([np.asarray(features.of_triple(clip.triple), np.float32).mean(axis=0) for clip in sound])
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    places = [
        f"{sound[i].name} ({sound[i].triple.split}) ~ {sound[j].name} ({sound[j].triple.split})"
        for i, j in _candidates(sound, embeddings)
        if sound[i].content != sound[j].content and _correlation(sound[i], sound[j]) >= MIN_CORRELATION
    ]
    advice = "One recording in two forms: the test measures what was learned by heart."
    yield from finding("near duplicate in two splits", "error", advice, places)


def _candidates(clips: Sequence[ScannedClip], embeddings: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield index pairs: the neighbours in another split of each clip that is not in train; no pair twice."""
    splits = np.array([clip.triple.split for clip in clips])
    found = set()
    for i in np.flatnonzero(splits != "train").tolist():
        cosines = np.where(splits == splits[i], -1.0, embeddings @ embeddings[i])
        for j in np.argsort(-cosines)[:NEIGHBOURS].tolist():
            pair = (min(i, j), max(i, j))
            if cosines[j] >= MIN_EMBEDDING_COSINE and pair not in found:
                found.add(pair)
                yield i, j


def _correlation(one: ScannedClip, other: ScannedClip) -> float:
    return spectrogram_correlation(_waveform(one), _waveform(other))


def _waveform(clip: ScannedClip) -> FloatArray:
    return read_waveform(clip.triple.clip, SCAN_RATE, clip.triple.start, clip.triple.duration)


def spectrogram_correlation(one: FloatArray, other: FloatArray) -> float:
    """Return the greatest correlation of two log-mel spectrograms over all shifts, -1 to 1; of steady sounds 0.

    Args:
        one: float32 [samples] at 16 kHz.
        other: the same.
    """
    first, second = _changes(one), _changes(other)
    frames = first.shape[1] + second.shape[1]
    size = 1 << (frames - 1).bit_length()

    def correlate(left: DoubleArray, right: DoubleArray) -> DoubleArray:
        spectra = np.fft.rfft(left, size, axis=1) * np.conj(np.fft.rfft(right, size, axis=1))
        shifts: DoubleArray = np.fft.irfft(spectra.sum(axis=0), size)
        return shifts

    ones, other_ones = np.ones((1, first.shape[1])), np.ones((1, second.shape[1]))
    energy = correlate((first**2).sum(axis=0, keepdims=True), other_ones) * correlate(
        ones, (second**2).sum(axis=0, keepdims=True)
    )
    shorter = min(first.shape[1], second.shape[1])
    least = min(MIN_OVERLAP_SECONDS * SCAN_RATE / FRAMES.hop_length, MIN_OVERLAP_SHARE * shorter)
    allowed = (correlate(ones, other_ones) >= least - 0.5) & (energy > 1.0)
    if not allowed.any():
        return 0.0
    return float((correlate(first, second)[allowed] / np.sqrt(energy[allowed])).max())


def _changes(waveform: FloatArray) -> DoubleArray:
    """Return the log-mel spectrogram in dB [bands, frames] without the mean of each band."""
    padded = np.pad(waveform, (0, max(0, FRAMES.win_length - len(waveform))))
    power = mel_spectrogram(padded, FRAMES).T.astype(np.float64)
    levels = 10 * np.log10(np.maximum(power, 10 ** (-RANGE_DB / 10) * max(float(power.max()), 1e-12)))
    changes: DoubleArray = levels - levels.mean(axis=1, keepdims=True)
    return changes
