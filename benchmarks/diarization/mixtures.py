"""Conversations of two to five people, put together from their recordings, with who speaks when."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.diarization.voices import SAMPLE_RATE
from models.arrays import FloatArray

HOP = SAMPLE_RATE // 100
MAX_SECONDS = 90.0
TURN_SECONDS = (1.2, 6.0)
"""Shortest and longest turn."""
MAX_TURN_FRAMES = int(TURN_SECONDS[1] * 100)
GAP_SECONDS = (0.1, 0.9)
OVERLAP_SECONDS = (0.4, 1.2)
MAX_OVERLAP_CHANCE = 0.3
"""Maximum probability that a turn begins before the one before it ends; drawn for each conversation."""
LEVEL_DBFS, LEVEL_SPREAD_DB = -26.0, 3.0
NOISE_DBFS = -62.0
SILENCE_DB = 34.0
"""Below the loud parts of a recording: softer frames are silence."""
MIN_PAUSE_FRAMES, MIN_CUT_FRAMES = 30, 20
"""0.3 s: a shorter pause belongs to the speech. 0.2 s: turns are cut in pauses of at least this length."""


@dataclass(frozen=True)
class Spoken:
    """A span of speech."""

    start: float
    """Seconds."""
    end: float
    speaker: str


@dataclass(frozen=True)
class Conversation:
    """A mixture with its truth."""

    name: str
    waveform: FloatArray
    """Float32 [samples] at 16 kHz."""
    spoken: tuple[Spoken, ...]
    speakers: int
    overlap: float
    """Fraction of the speech in which two speak at once."""


@dataclass(frozen=True)
class Turn:
    """A cut of a recording."""

    waveform: FloatArray
    spans: tuple[tuple[float, float], ...]
    """Start and end of speech without a pause, in seconds."""


def turns_of(recordings: Sequence[FloatArray]) -> list[Turn]:
    """Cut recordings in their pauses, or where they are quietest, into turns of at most 6 s."""
    turns: list[Turn] = []
    for recording in recordings:
        held: tuple[int, int] | None = None
        spans = [piece for span in _speech(recording, MIN_CUT_FRAMES) for piece in _short(recording, *span)]
        for span in [*spans, None]:
            if held and (span is None or span[1] - held[0] > MAX_TURN_FRAMES):
                if held[1] - held[0] >= TURN_SECONDS[0] * 100:
                    turns.append(_turn(recording[held[0] * HOP : held[1] * HOP]))
                held = None
            if span is not None:
                held = (held or span)[0], span[1]
    return turns


def _short(recording: FloatArray, first: int, last: int) -> list[tuple[int, int]]:
    """Cut a span of frames at its quietest moments until no piece is longer than a turn."""
    if last - first <= MAX_TURN_FRAMES:
        return [(first, last)]
    power = np.square(recording[first * HOP : last * HOP].reshape(-1, HOP), dtype=np.float64).mean(axis=1)
    third = (last - first) // 3
    cut = first + third + int(np.argmin(np.convolve(power, np.ones(8), "same")[third : 2 * third]))
    return [*_short(recording, first, cut), *_short(recording, cut, last)]


def _turn(waveform: FloatArray) -> Turn:
    level = float(np.sqrt(np.mean(np.square(waveform)))) or 1.0
    spans = tuple((first * HOP / SAMPLE_RATE, last * HOP / SAMPLE_RATE) for first, last in _speech(waveform, MIN_PAUSE_FRAMES))
    return Turn(waveform / level, spans)


def _speech(waveform: FloatArray, min_pause: int) -> list[tuple[int, int]]:
    """Return first and last frame of 10 ms of each stretch that is not `SILENCE_DB` below the loud ones."""
    frames = waveform[: len(waveform) // HOP * HOP].reshape(-1, HOP)
    power = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    loud = np.flatnonzero(power > np.percentile(power, 95) - SILENCE_DB)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > min_pause)
    firsts, lasts = [loud[0], *loud[breaks + 1]], [*loud[breaks], loud[-1]]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def conversation(name: str, speakers: int, turns: Mapping[str, Sequence[Turn]], seed: int) -> Conversation:
    """Make a conversation of at most 90 s; each turn is used once.

    Args:
        name: of the conversation.
        speakers: how many people speak.
        turns: of each person who may take part.
        seed: what is drawn.
    """
    draw = random.Random(seed)
    people = draw.sample(sorted(turns), speakers)
    decks = {person: draw.sample(list(turns[person]), len(turns[person])) for person in people}
    levels = {person: LEVEL_DBFS + draw.uniform(-LEVEL_SPREAD_DB, LEVEL_SPREAD_DB) for person in people}
    chance, at, before = draw.uniform(0.0, MAX_OVERLAP_CHANCE), 0.5, ""
    placed: list[tuple[float, str, Turn]] = []
    order = draw.sample(people, len(people))  # each of them speaks early
    while at < MAX_SECONDS:
        left = [person for person in people if decks[person] and person != before]
        if not left:
            break
        person = order.pop() if order and order[-1] != before else draw.choice(left)
        turn = decks[person].pop()
        if placed and draw.random() < chance:
            shortest = min(len(turn.waveform), len(placed[-1][2].waveform)) / SAMPLE_RATE
            at -= min(draw.uniform(*OVERLAP_SECONDS), shortest / 2)
        elif placed:
            at += draw.uniform(*GAP_SECONDS)
        placed.append((at, person, turn))
        at, before = at + len(turn.waveform) / SAMPLE_RATE, person
    return _mixed(name, placed, levels, seed, speakers)


def _mixed(
    name: str, placed: Sequence[tuple[float, str, Turn]], levels: Mapping[str, float], seed: int, speakers: int
) -> Conversation:
    seconds = max(at + len(turn.waveform) / SAMPLE_RATE for at, _, turn in placed) + 0.5
    noise = np.random.default_rng(seed).normal(0.0, 10 ** (NOISE_DBFS / 20), int(seconds * SAMPLE_RATE))
    waveform, active = noise.astype(np.float32), np.zeros(int(seconds * 100) + 1, np.int64)
    spoken = []
    for at, person, turn in placed:
        first = int(at * SAMPLE_RATE)
        waveform[first : first + len(turn.waveform)] += turn.waveform * np.float32(10 ** (levels[person] / 20))
        for start, end in turn.spans:
            spoken.append(Spoken(at + start, at + end, person))
            active[int((at + start) * 100) : int((at + end) * 100)] += 1
    overlap = float((active > 1).sum() / max(1, (active > 0).sum()))
    return Conversation(name, waveform.clip(-1.0, 1.0), tuple(spoken), speakers, overlap)
