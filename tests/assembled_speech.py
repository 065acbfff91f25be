"""Speech with known words at known times, put together from LibriVox recordings and from espeak-ng."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from tests.recordings import librivox_sentences

RATE = 16_000
NOISE_LEVEL = 3e-4
ESPEAK_FLOOR = 0.01
"""What is quieter at the edges of a synthesised word does not belong to it."""

VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb+m3")
SUBJECTS = (
    *("The old farmer", "My younger sister", "A tall policeman", "Our new teacher", "The captain of the ship", "The tired nurse"),
    *("Every student in the room", "An honest merchant", "Her grandfather", "A group of tourists", "Their neighbour"),
)
VERBS = ("carried", "discovered", "painted", "borrowed", "forgot", "repaired", "sold", "described", "followed", "protected")
OBJECTS = (
    *("seven wooden baskets", "the broken clock", "a letter from London", "the yellow bicycle", "an ancient stone bridge"),
    *("two sleeping dogs", "the garden gate", "a bottle of medicine", "the morning newspaper", "a very heavy suitcase"),
)
OCCASIONS = (
    *("before the market opened", "in the middle of the night", "because nobody else wanted to", "while the music was playing"),
    *("after a long winter", "without saying a word", "during the summer holidays", "when the rain finally stopped"),
    *("as quickly as possible", "near the edge of the forest", "for more than twenty years", "on a cold Sunday afternoon"),
)
WORDS = (
    *("window", "garden", "seven", "village", "morning", "yellow", "captain", "market", "summer", "bridge", "letter", "hospital"),
    *("paper", "mountain", "sister", "kitchen", "doctor", "forest", "holiday", "teacher", "river", "number", "picture", "animal"),
)


@dataclass(frozen=True)
class KnownSentences:
    """A clip at 16 kHz and what is said in it."""

    waveform: FloatArray
    text: str


@dataclass(frozen=True)
class KnownWords:
    """A clip at 16 kHz, its words, and when each of them begins, in seconds."""

    waveform: FloatArray
    words: tuple[str, ...]
    starts: tuple[float, ...]


def read_speech(source: Path | BytesIO) -> FloatArray:
    """Float32 [samples] at 16 kHz."""
    from faster_whisper.audio import decode_audio

    waveform: FloatArray = decode_audio(source if isinstance(source, BytesIO) else str(source), sampling_rate=RATE)
    return waveform


@cache
def espeak(text: str, voice: str = "en-us", words_per_minute: int = 140) -> FloatArray:
    """Synthesise `text` with espeak-ng: float32 [samples] at 16 kHz."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdout", text]
    return read_speech(BytesIO(subprocess.run(command, capture_output=True, check=True).stdout))


@cache
def synthesise(text: str, voice: str = "en-us", words_per_minute: int = 140) -> FloatArray:
    """What espeak-ng makes of `text`, without silence at its ends."""
    sound = espeak(text, voice, words_per_minute)
    loud = np.flatnonzero(np.abs(sound) > ESPEAK_FLOOR)
    return 0.7 * sound[loud[0] : loud[-1] + 1]


@cache
def sentences_with_pauses(seconds: float, seed: int = 1) -> KnownSentences:
    """Some two fifths LibriVox, the rest synthetic and never the same twice running, with pauses of 0.2 to 2.5 s."""
    draw = random.Random(seed)
    recordings = [(read_speech(sentence.path), sentence.text) for sentence in librivox_sentences()]
    parts, texts, deck = list[FloatArray](), list[str](), list[tuple[FloatArray, str]]()
    while sum(map(len, parts)) < seconds * RATE:
        deck = deck or draw.sample(recordings, len(recordings))
        if draw.random() < 0.6:
            text = " ".join(draw.choice(choices) for choices in (SUBJECTS, VERBS, OBJECTS, OCCASIONS))
            sound = synthesise(f"{text}.", draw.choice(VOICES), draw.choice((135, 150, 165)))
        else:
            sound, text = deck.pop()
        parts += [sound, np.zeros(int(draw.choice((0.2, 0.3, 0.5, 0.8, 1.2, 2.5)) * RATE), np.float32)]
        texts.append(text)
    return KnownSentences(_with_noise(np.concatenate(parts)), " ".join(texts))


def words_at_known_times(seconds: float, seed: int = 0) -> KnownWords:
    """Groups of 3 to 7 words synthesised one by one, with pauses of 0.5 to 6 s between the groups."""
    draw = random.Random(seed)
    waveform = np.zeros(int(seconds * RATE), np.float32)
    words, starts, deck, at = list[str](), list[float](), list[str](), RATE // 2
    while True:
        for _ in range(draw.randint(3, 7)):
            deck = deck or draw.sample(WORDS, len(WORDS))
            sound = synthesise(word := deck.pop())
            if at + len(sound) + RATE > len(waveform):
                return KnownWords(_with_noise(waveform), tuple(words), tuple(starts))
            waveform[at : at + len(sound)] = sound
            words.append(word)
            starts.append(at / RATE)
            at += len(sound) + int(draw.uniform(0.12, 0.3) * RATE)
        at += int(draw.choice((0.5, 1.0, 2.0, 6.0)) * RATE)


def _with_noise(waveform: FloatArray) -> FloatArray:
    noise = np.random.default_rng(0).normal(0.0, NOISE_LEVEL, len(waveform))
    return (waveform + noise).astype(np.float32)
