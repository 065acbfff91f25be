"""Facts of a clip in the terms of librosa: its names, its frames and its arrays, in an NPZ file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from models.arrays import AnyArray, FloatArray
from pipelines import APP_NAME
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import ClipTooLong
from pipelines.music.facts import MusicFacts

SAMPLE_RATE = 22_050
HOP_LENGTH = 512
"""Defaults of librosa, in Hz and in samples."""
CHROMA_BINS_PER_OCTAVE = 36
"""Default of `librosa.feature.chroma_cqt`."""
MAX_SECONDS = 900.0
"""Duration up to which there are arrays of frames: librosa's features of half an hour take a minute and 1.8 GB."""


def librosa_features(
    clip: AudioClip, facts: MusicFacts, sr: int = SAMPLE_RATE, hop_length: int = HOP_LENGTH
) -> dict[str, AnyArray]:
    """Return the facts and librosa's features of a clip as arrays; frame `i` is centred on sample `i * hop_length`.

    - `sr`, `hop_length`, `duration`: Hz, samples, seconds.
    - `tempo`, `tempo_confidence`: beats per minute and 0 to 1; NaN where there is no tempo.
    - `beat_times`, `beat_frames`, `beat_positions` [beats]: seconds, frames, and the place in the bar, from 1.
    - `downbeat_times`, `downbeat_frames` [bars].
    - `chord_intervals` [chords, 2] in seconds, `chord_labels` [chords] in Harte's syntax, 'N' for none.
    - `section_intervals` [sections, 2], `section_labels` [sections].
    - `key`: as 'A:minor', '' where there is none; `key_confidence`; `key_intervals` [keys, 2] and `key_labels` [keys] where it
      changes; `tuning` in fractions of a semitone.
    - `onset_strength` [frames], `tempogram` [384, frames], `chroma` [12, frames] from C up: float32, by
      `librosa.onset.onset_strength`, `librosa.feature.tempogram` and `librosa.feature.chroma_cqt` at the clip's tuning.
    - `metadata`: JSON with the clip and the models that made the facts.

    Args:
        clip: the audio.
        facts: those of `music_facts`.
        sr: sample rate of the frames in Hz.
        hop_length: samples from a frame to the next.

    Raises:
        ClipTooLong: the clip lasts longer than `MAX_SECONDS`.
    """
    if clip.duration > MAX_SECONDS:
        raise ClipTooLong(MAX_SECONDS)
    return {
        "sr": np.array(sr),
        "hop_length": np.array(hop_length),
        "duration": np.array(clip.duration),
        **_rhythm(facts, sr, hop_length),
        **_harmony(facts),
        **_frames(np.asarray(clip.waveform(sr)), sr, hop_length, facts.tuning_cents or 0.0),
        "metadata": np.array(json.dumps(_metadata(clip, facts), ensure_ascii=False)),
    }


def save_npz(path: Path, features: dict[str, AnyArray]) -> None:
    """Write `features` for `numpy.load`; nothing in the file is pickled."""
    with open(path, "wb") as file:  # numpy would append .npz to another name
        np.savez_compressed(file, **features)  # type: ignore[arg-type]  # numpy's stub gives **kwds the type of allow_pickle


def _rhythm(facts: MusicFacts, sr: int, hop_length: int) -> dict[str, AnyArray]:
    import librosa

    beats = facts.beats
    times = np.array(beats.times if beats else (), dtype=np.float64)
    downbeats = np.array(beats.downbeats if beats else (), dtype=np.float64)
    return {
        "tempo": np.array(facts.tempo.bpm if facts.tempo else np.nan),
        "tempo_confidence": np.array(facts.tempo.confidence if facts.tempo else np.nan),
        "beat_times": times,
        "beat_frames": librosa.time_to_frames(times, sr=sr, hop_length=hop_length),
        "beat_positions": np.array(beats.positions if beats else (), dtype=np.int64),
        "downbeat_times": downbeats,
        "downbeat_frames": librosa.time_to_frames(downbeats, sr=sr, hop_length=hop_length),
    }


def _harmony(facts: MusicFacts) -> dict[str, AnyArray]:
    return {
        "chord_intervals": _intervals([(chord.start, chord.end) for chord in facts.chords]),
        "chord_labels": np.array([chord.name for chord in facts.chords], dtype=np.str_),
        "section_intervals": _intervals([(section.start, section.end) for section in facts.sections]),
        "section_labels": np.array([section.label for section in facts.sections], dtype=np.str_),
        "key": np.array(f"{facts.key.tonic}:{facts.key.mode}" if facts.key else ""),
        "key_intervals": _intervals([(span.start, span.end) for span in facts.key_spans]),
        "key_labels": np.array([f"{span.key.tonic}:{span.key.mode}" for span in facts.key_spans], dtype=np.str_),
        "key_confidence": np.array(facts.key.confidence if facts.key else np.nan),
        "tuning": np.array((facts.tuning_cents or 0.0) / 100),
    }


def _intervals(pairs: list[tuple[float, float]]) -> AnyArray:
    return np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)


def _frames(y: FloatArray, sr: int, hop_length: int, tuning_cents: float) -> dict[str, AnyArray]:
    import librosa
    from librosa.onset import onset_strength

    tuning_bins = tuning_cents / 100 * CHROMA_BINS_PER_OCTAVE / 12
    envelope = onset_strength(y=y, sr=sr, hop_length=hop_length)
    tempogram = librosa.feature.tempogram(onset_envelope=envelope, sr=sr, hop_length=hop_length)
    chroma = librosa.feature.chroma_cqt(
        y=y, sr=sr, hop_length=hop_length, tuning=tuning_bins, bins_per_octave=CHROMA_BINS_PER_OCTAVE
    )
    features = {"onset_strength": envelope, "tempogram": tempogram, "chroma": chroma}
    return {name: feature.astype(np.float32) for name, feature in features.items()}


def _metadata(clip: AudioClip, facts: MusicFacts) -> dict[str, str]:
    return {
        "app": APP_NAME,
        "clip": clip.name,
        "content_hash": clip.content_hash,
        "model": facts.model,
        "licence": facts.licence,
    }
