"""Short clips of all formats, each with other samples: parts of the bundled examples and made-up sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile

from models.arrays import FloatArray
from tests.recordings import EXAMPLES

FORMATS = (
    ("wav", "pcm_s16le", 44_100),
    ("mp3", "libmp3lame", 44_100),
    ("flac", "flac", 48_000),
    ("ogg", "libopus", 48_000),
    ("m4a", "aac", 44_100),
    ("webm", "libopus", 48_000),
    ("aiff", "pcm_s16be", 22_050),
    ("au", "pcm_s16be", 16_000),
    ("mkv", "pcm_f32le", 96_000),
    ("wav", "pcm_mulaw", 8_000),
    ("w64", "pcm_s24le", 48_000),
    ("mka", "mp2", 32_000),
    ("wma", "wmav2", 44_100),
    ("caf", "alac", 44_100),
)
"""(ending, FFmpeg's codec, sample rate in Hz)."""
DURATIONS = (2.0, 3.0, 5.0, 8.0)
"""Seconds."""
SOURCES = ("speech.flac", "music.ogg", "blackbird.ogg", "tones", "noise")


def write_soak_clip(number: int, folder: Path) -> Path:
    """Write the clip of this number, always the same one, in a format that the number chooses; return its path."""
    random = np.random.default_rng(number)
    ending, codec, rate = FORMATS[number % len(FORMATS)]
    source, duration = SOURCES[number % len(SOURCES)], DURATIONS[number // 3 % len(DURATIONS)]
    made = _sound(source, duration, rate, random)
    stereo = np.stack([made, np.roll(made, int(random.integers(1, 40)))]) if number % 2 else made[None]
    file = folder / f"clip {number}.{ending}"
    _write(file, codec, rate, np.ascontiguousarray(stereo, np.float32))
    return file


def _sound(source: str, duration: float, rate: int, random: np.random.Generator) -> FloatArray:
    """Return samples at `rate`, at a gain of their own, so that no two clips have the same content."""
    times = np.arange(round(duration * rate)) / rate
    if source == "tones":
        chord = sum(np.sin(2 * np.pi * pitch * times) for pitch in random.uniform(80, 1500, 4))
        sound = np.asarray(chord / 4 * (np.sin(2 * np.pi * 2 * times) > 0))
    elif source == "noise":
        sound = random.normal(0, 0.2, len(times))
    else:
        samples, own_rate = soundfile.read(EXAMPLES / source, dtype="float32", always_2d=True)
        start = random.uniform(0, max(0.1, len(samples) / own_rate - duration))
        sound = np.interp(times + start, np.arange(len(samples)) / own_rate, samples.mean(1))
    return np.asarray(sound * random.uniform(0.3, 0.9), np.float32)


def _write(file: Path, codec: str, rate: int, samples: FloatArray) -> None:
    layout: Any = "stereo" if len(samples) == 2 else "mono"
    muxer = {"mkv": "matroska", "mka": "matroska", "m4a": "ipod", "wma": "asf"}.get(file.suffix[1:], file.suffix[1:])
    with av.open(str(file), "w", format=muxer) as out:
        encoder: Any = out.add_stream(codec, rate=rate, layout=layout)
        encoder.bit_rate = 128_000  # for codecs without a default; the lossless ones ignore it
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(encoder.format, layout, rate, frame_size=encoder.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(encoder.encode(piece))
        out.mux(encoder.encode(None))
