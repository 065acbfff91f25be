"""Copies of training clips with other gain, noise, room, codec, pitch and time, whose truth changes with the sound.

Gain, noise, room, equaliser, overdrive and codec are `recording_effects`: they change no answer. Pitch and time do: clips with
facts of music get new facts and answers, speech only a little time, and all others neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

from models.arrays import FloatArray
from pipelines.music.harmony.notation import SHARPS, pitch_class
from pipelines.music.harmony.types import NO_CHORD_NAME
from training.data.durations import file_rate
from training.data.recording_effects import augment
from training.data.renderer.clip_facts import DECIMALS, tempo_class
from training.data.renderer.wordings import worded
from training.data.triples import Triple
from training.data.waveforms import read_waveform

MAX_SEMITONES = 3
TIME_FACTORS = (0.85, 1.18)
"""Least and greatest tempo of a copy relative to the clip's."""
SPEECH_TIME_FACTORS = (0.93, 1.07)
STRETCH_PROB = 0.6
LOWEST_PITCH, HIGHEST_PITCH = 0, 127
TIMES = ("beats", "downbeats")


def augmented_copies(triples: Sequence[Triple], folder: Path, copies: int, seed: int = 0) -> Iterator[Triple]:
    """Yield the triples of `copies` changed copies of each training clip, whose sounds are written to `folder`.

    Args:
        triples: of all splits; those of the others are not copied.
        folder: of the new clips.
        copies: of each clip.
        seed: of all draws.

    Raises:
        UnusableClip: a clip cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clips: dict[tuple[Path, float, float], list[Triple]] = defaultdict(list)
    for triple in triples:
        if triple.split == "train":
            clips[triple.clip, triple.start, triple.duration].append(triple)
    for number, group in enumerate(clips.values()):
        for copy in range(copies):
            rng = np.random.default_rng([seed, number, copy])
            yield from _copied(group, folder / f"{number:06}-{copy}.flac", rng)


def changed_facts(facts: Mapping[str, Any], semitones: int, tempo: float, duration: float) -> dict[str, Any]:
    """Return the facts of a clip of music that was moved and stretched.

    Args:
        facts: as `clip_facts` makes them; others are kept.
        semitones: up.
        tempo: new tempo relative to the old one.
        duration: seconds of the new clip; what begins after it is dropped.
    """
    changed = dict(facts)
    if "bpm" in facts:
        changed["bpm"] = round(facts["bpm"] * tempo, 2)
        changed.pop("tempo", None)
        if (speed := tempo_class(changed["bpm"])) is not None:
            changed["tempo"] = speed
    if "tonic" in facts:
        changed["tonic"] = (facts["tonic"] + semitones) % 12
    if "chords" in facts:
        spans = [(start / tempo, min(end / tempo, duration), name) for start, end, name in facts["chords"]]
        changed["chords"] = [
            [round(start, DECIMALS), round(end, DECIMALS), _moved_chord(name, semitones)]
            for start, end, name in spans
            if start < duration
        ]
    for name in TIMES:
        if name in facts:
            changed[name] = [round(time / tempo, DECIMALS) for time in facts[name] if time / tempo < duration]
    if "notes" in facts:
        notes = (_moved_note(note, semitones, tempo, duration) for note in facts["notes"])
        changed["notes"] = [note for note in notes if note[0] < duration]
    return changed


def stretched(waveform: FloatArray, sample_rate: int, tempo: float) -> FloatArray:
    """Return the sound at another tempo and the same pitch (FFmpeg's atempo, WSOLA), float32 [samples / tempo].

    Onsets are up to 20 ms from where they should be.
    """
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=sample_rate, format="fltp", layout="mono")
    filtered, sink = graph.add("atempo", str(tempo)), graph.add("abuffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform, np.float32)[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate = sample_rate
    graph.push(frame)
    graph.push(None)
    parts: list[FloatArray] = []
    with suppress(av.error.EOFError):
        while True:
            parts.append(graph.pull().to_ndarray()[0])
    return _of_length(np.concatenate(parts), round(len(waveform) / tempo))


def transposed(waveform: FloatArray, sample_rate: int, semitones: int) -> FloatArray:
    """Return the sound `semitones` higher and equally long: stretched, then played faster."""
    factor = 2 ** (semitones / 12)
    longer = stretched(waveform, sample_rate, 1 / factor)
    return _of_length(soxr.resample(longer, sample_rate * factor, sample_rate), len(waveform))


def _of_length(waveform: FloatArray, samples: int) -> FloatArray:
    return np.pad(waveform, (0, max(0, samples - len(waveform))))[:samples]


def _copied(group: Sequence[Triple], file: Path, rng: np.random.Generator) -> Iterator[Triple]:
    first = group[0]
    rate = file_rate(first.clip)
    sound = read_waveform(first.clip, rate, first.start, first.duration)
    semitones, tempo = _drawn_change(group, rng)
    if semitones:
        sound = transposed(sound, rate, semitones)
    if tempo != 1.0:
        sound = stretched(sound, rate, tempo)
    soundfile.write(file, augment(sound, rate, rng), rate)
    duration = len(sound) / rate
    copy = replace(first, clip=file, start=0.0, duration=duration)
    if not (semitones or tempo != 1.0) or first.task == "speech":
        yield from (replace(triple, clip=file, start=0.0, duration=duration) for triple in group)
        return
    known = next((triple for triple in group if "notes" in triple.facts), first)
    facts = changed_facts(known.facts, semitones, tempo, duration)
    short = {name: value for name, value in facts.items() if name not in ("notes", *TIMES)}
    for words in worded(facts, rng):
        kept = facts if words.task == "notes" else short
        about = kept | {"topic": words.topic}
        yield replace(copy, question=words.question, answer=words.answer, task=words.task, facts=about)


def _drawn_change(group: Sequence[Triple], rng: np.random.Generator) -> tuple[int, float]:
    """Return (semitones, relative tempo) by which a clip may be changed, so that its answers can change with it."""
    semitones, tempo = 0, 1.0
    has_facts_of_music = all("topic" in triple.facts and "bpm" in triple.facts for triple in group)
    if has_facts_of_music and rng.random() < STRETCH_PROB:
        tempo = float(rng.uniform(*TIME_FACTORS))
    if has_facts_of_music and "tonic" in group[0].facts and rng.random() < STRETCH_PROB:
        semitones = int(rng.integers(-MAX_SEMITONES, MAX_SEMITONES + 1))
    if all(triple.task == "speech" for triple in group) and rng.random() < STRETCH_PROB:
        tempo = float(rng.uniform(*SPEECH_TIME_FACTORS))
    return semitones, tempo


def _moved_chord(name: str, semitones: int) -> str:
    if name == NO_CHORD_NAME:
        return name
    root, _, quality = name.partition(":")
    return f"{SHARPS[(pitch_class(root) + semitones) % 12]}:{quality}"


def _moved_note(note: Sequence[Any], semitones: int, tempo: float, duration: float) -> list[Any]:
    onset, offset, pitch, velocity, program = note
    moved = pitch if program < 0 else int(np.clip(pitch + semitones, LOWEST_PITCH, HIGHEST_PITCH))
    return [round(onset / tempo, DECIMALS), round(min(offset / tempo, duration), DECIMALS), moved, velocity, program]
