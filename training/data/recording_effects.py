"""Augmentation with what a recording adds: level, equaliser, room, noise, overdrive, lossy coding, speech."""

from __future__ import annotations

import io

import av
import numpy as np

from models.arrays import FloatArray

CODECS = {"libopus": "ogg", "libmp3lame": "mp3"}
"""Encoders and their containers, which state the codec's delay, so that decoding removes it."""
BITRATES_KBPS = (32, 48, 64)
OPUS_RATE = 48_000
"""Hz; MP3 is coded at the rate of the sound."""


def augment(waveform: FloatArray, sample_rate: int, rng: np.random.Generator, talk: FloatArray | None = None) -> FloatArray:
    """Return `waveform` with a random choice of the effects of a recording, equally long and in time.

    Args:
        waveform: float32 [samples], mono.
        sample_rate: Hz.
        rng: the random generator.
        talk: speech [samples] that is mixed in softly.
    """
    sound = waveform
    if rng.random() < 0.7:
        sound = equalise(sound, sample_rate, rng)
    if rng.random() < 0.5:
        sound = add_reverb(sound, sample_rate, rng)
    if talk is not None:
        sound = sound + rng.uniform(0.1, 0.5) * np.resize(talk, len(sound)) * _rms(sound) / max(1e-6, _rms(talk))
    if rng.random() < 0.5:
        sound = sound + noise(len(sound), rng) * _rms(sound) * 10 ** (-rng.uniform(12, 40) / 20)
    if rng.random() < 0.3:
        drive = rng.uniform(1, 5) / max(1e-6, float(np.abs(sound).max()))
        sound = np.tanh(drive * sound) / drive
    sound = (0.7 * sound / max(1e-6, float(np.abs(sound).max()))).astype(np.float32)
    return code(sound, sample_rate, rng) if rng.random() < 0.25 else sound


def equalise(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Apply a smooth random curve of up to about 10 dB, sometimes with a high-pass or a low-pass."""
    spectrum = np.fft.rfft(waveform)
    hertz = np.fft.rfftfreq(len(waveform), 1 / sample_rate)
    octaves = np.log2(np.maximum(hertz, 20) / 20)
    decibels = np.interp(octaves, np.linspace(0, 9.2, 7), rng.normal(0, 4.5, 7))
    if rng.random() < 0.25:
        decibels -= 18 * np.maximum(0, np.log2(rng.uniform(60, 250) / np.maximum(hertz, 1)))
    if rng.random() < 0.25:
        decibels -= 18 * np.maximum(0, np.log2(np.maximum(hertz, 1) / rng.uniform(2500, 8000)))
    return np.fft.irfft(spectrum * 10 ** (np.maximum(decibels, -80) / 20), len(waveform)).astype(np.float32)


def add_reverb(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Convolve with exponentially decaying noise, a model of the reflections of a room."""
    seconds = rng.uniform(0.15, 1.2)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    response = rng.normal(0, 1, len(time)) * np.exp(-6.9 * time / seconds)
    response *= rng.uniform(0.1, 0.7) / np.sqrt(np.sum(response**2))
    response[0] += 1
    size = 1 << int(np.ceil(np.log2(len(waveform) + len(response))))
    wet = np.fft.irfft(np.fft.rfft(waveform, size) * np.fft.rfft(response, size), size)
    return wet[: len(waveform)].astype(np.float32)


def noise(samples: int, rng: np.random.Generator) -> FloatArray:
    """Return noise between white and brown with an RMS of 1."""
    spectrum = np.fft.rfft(rng.normal(0, 1, samples))
    spectrum *= np.maximum(np.arange(len(spectrum)), 20) ** -rng.uniform(0, 1)
    result = np.fft.irfft(spectrum, samples)
    return (result / max(1e-12, float(np.sqrt(np.mean(result**2))))).astype(np.float32)


def code(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Encode with a random lossy codec and bit rate, and decode: equally long and in time."""
    return coded(waveform, sample_rate, str(rng.choice(list(CODECS))), int(rng.choice(BITRATES_KBPS)))


def coded(waveform: FloatArray, sample_rate: int, codec: str, kbps: int) -> FloatArray:
    """Encode with one of `CODECS` at `kbps` kbit/s, and decode: equally long and in time."""
    file = io.BytesIO()
    with av.open(file, "w", format=CODECS[codec]) as container:
        rate = OPUS_RATE if codec == "libopus" else sample_rate
        stream = container.add_stream(codec, rate=rate, layout="mono", bit_rate=1000 * kbps)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform, np.float32)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = sample_rate
        to_codec = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.codec_context.frame_size)
        for part in (*to_codec.resample(frame), *to_codec.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    file.seek(0)
    from_codec = av.AudioResampler("fltp", "mono", sample_rate)
    with av.open(file) as container:
        parts = [part for frame in container.decode(audio=0) for part in from_codec.resample(frame)]
    decoded = np.concatenate([part.to_ndarray()[0] for part in (*parts, *from_codec.resample(None))])
    return np.pad(decoded, (0, max(0, len(waveform) - len(decoded))))[: len(waveform)].astype(np.float32)


def _rms(waveform: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
