"""Training sounds made from what is known of them: pitch, glide, overtones, pulses, breath.

Wing beats lie near 500 Hz for a mosquito, 230 for a bee, 190 for a fly and 110 for a hornet; a mouse squeaks above 3 kHz,
crickets sing near 4.5, toothed whales whistle and click, great whales glide slowly below 1; horns, sirens and sonar are what
signal books say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.arrays import DoubleArray, FloatArray

SAMPLE_RATE = 16_000
TAKES = 6
"""Number of sounds of each call, with other random values."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Call:
    """How a sound is made; every range is drawn from evenly, anew for each take."""

    concepts: tuple[str, ...]
    pitch: Range
    """Hz."""
    glide: Range = (1.0, 1.0)
    """Last pitch of a call against its first."""
    overtones: int = 0
    softness: float = 1.0
    """Power of the overtone's number by which it is weaker."""
    length: Range = (2.0, 3.0)
    """Seconds of one call."""
    pause: Range = (0.0, 0.0)
    """Seconds between two calls."""
    calls: int = 1
    pulses: Range = (0.0, 0.0)
    """Range of pulses of the loudness per second; 0 for none."""
    wavering: float = 0.02
    """Share of the pitch by which it wanders."""
    breath: float = 0.0
    """Share of noise in place of the tone."""
    decay: float = 0.0
    """Seconds after which it has faded to a third; 0 for an even sound."""


CALLS = (
    Call(("mosquito",), (420, 680), overtones=6, wavering=0.06),
    Call(("bee",), (190, 270), overtones=14, softness=0.7, wavering=0.06, breath=0.1),
    Call(("bee",), (95, 150), overtones=20, softness=0.6, wavering=0.05, breath=0.1),
    Call(
        ("fly",),
        (160, 220),
        overtones=14,
        softness=0.7,
        length=(0.2, 0.9),
        pause=(0.05, 0.4),
        calls=4,
        wavering=0.08,
        breath=0.15,
    ),
    Call(("cricket",), (3800, 5200), length=(0.1, 0.4), pause=(0.1, 0.4), calls=6, pulses=(25, 50), wavering=0.0),
    Call(("cricket",), (5000, 7000), length=(0.3, 1.2), pause=(0.1, 0.4), calls=3, pulses=(12, 45), breath=0.95),
    Call(("dolphin",), (3500, 6000), (0.7, 1.5), 1, 1.5, (0.3, 0.9), (0.1, 0.5), 4, wavering=0.06),
    Call(("dolphin",), (2500, 5000), length=(0.004, 0.008), pause=(0.006, 0.06), calls=60, breath=0.9),
    Call(("whale",), (90, 500), (0.5, 1.8), 6, 1.2, (0.8, 2.5), (0.1, 0.6), 2, wavering=0.05),
    Call(("whale", "dolphin"), (500, 1500), (0.7, 1.6), 12, 0.5, (0.3, 1.0), (0.05, 0.4), 3, wavering=0.04),
    Call(("mouse",), (2800, 6500), (0.8, 1.3), 1, 1.5, (0.04, 0.16), (0.08, 0.4), 8, breath=0.1),
    Call(("bat",), (5000, 7600), (0.4, 0.7), 0, 1.0, (0.008, 0.03), (0.04, 0.12), 24, breath=0.2),
    Call(("snake",), (4000, 6500), length=(0.8, 2.5), breath=1.0),
    Call(("owl", "bird"), (300, 460), (0.9, 1.05), 2, 2.0, (0.25, 0.7), (0.15, 0.6), 3, breath=0.05),
    Call(("siren", "fire engine"), (500, 750), (1.8, 2.4), 6, 1.0, (1.2, 2.4), (0.0, 0.0), 2, wavering=0.0),
    Call(("ambulance", "fire engine"), (430, 460), (1.33, 1.34), 8, 0.8, (0.5, 0.9), (0.0, 0.1), 5, wavering=0.0),
    Call(("ship",), (90, 180), overtones=16, softness=0.8, length=(1.5, 3.5), breath=0.1, wavering=0.005),
    Call(("ship",), (800, 1600), length=(1.2, 2.0), pause=(0.2, 1.0), calls=2, wavering=0.0, decay=0.35),
    Call(("alarm clock",), (1900, 4100), overtones=2, length=(0.08, 0.2), pause=(0.08, 0.2), calls=10, wavering=0.0),
    Call(("kettle",), (1800, 3200), (1.0, 1.2), 1, 1.5, (2.0, 3.0), wavering=0.02, breath=0.35),
    Call(("electricity",), (50, 60), overtones=30, softness=0.5, length=(2.0, 3.0), wavering=0.0, breath=0.05),
)


def synthetic_sounds() -> Iterator[tuple[str, tuple[str, ...], FloatArray]]:
    """Yield (name, concepts, sound [samples at 16 kHz]); the same ones every time."""
    rng = np.random.default_rng(0)
    for number, call in enumerate(CALLS):
        for take in range(TAKES):
            yield f"call {number}, take {take}", call.concepts, sound_of(call, rng)


def sound_of(call: Call, rng: np.random.Generator) -> FloatArray:
    """Return one take [samples at 16 kHz], its loudest sample at -6 dB of full scale."""
    parts = []
    for _ in range(call.calls):
        parts += [_one_call(call, rng), np.zeros(_samples(rng.uniform(*call.pause)))]
    sound = np.concatenate(parts)
    sound += 0.003 * rng.standard_normal(len(sound)) * np.abs(sound).max()
    result: FloatArray = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return result


def _one_call(call: Call, rng: np.random.Generator) -> DoubleArray:
    count = _samples(rng.uniform(*call.length))
    progress = np.linspace(0, 1, count)
    wander = np.interp(progress, np.linspace(0, 1, 9), rng.normal(0, call.wavering, 9))
    pitch = rng.uniform(*call.pitch) * rng.uniform(*call.glide) ** progress * (1 + wander)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    tone = np.zeros(count)
    for number in range(1, 2 + call.overtones):
        tone += np.where(number * pitch < SAMPLE_RATE / 2, np.sin(number * phase), 0.0) / number**call.softness
    noise = rng.standard_normal(count) * np.cos(phase)  # moved up to the pitch
    sound = (1 - call.breath) * tone / max(np.abs(tone).max(), 1e-9) + call.breath * noise / 3
    pulses = rng.uniform(*call.pulses)
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * pulses * progress * count / SAMPLE_RATE) if pulses else np.ones(count)
    edge = min(count // 2, _samples(0.01))
    fade = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / max(1, edge))
    fading = np.exp(-progress * count / SAMPLE_RATE / call.decay) if call.decay else 1.0
    result: DoubleArray = sound * loudness * fade * fading
    return result


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
