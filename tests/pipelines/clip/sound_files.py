"""Sound files of every kind, written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from models.arrays import FloatArray
from pipelines.clip.clip_store import ClipStore

RATE = 44_100
FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "wav24": ("wav", "pcm_s24le"),
    "wav-float": ("wav", "pcm_f32le"),
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg-flac": ("ogg", "flac"),
    "opus": ("ogg", "libopus"),
    "m4a": ("ipod", "aac"),
    "alac": ("ipod", "alac"),
    "aac": ("adts", "aac"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "aac"),
    "aiff": ("aiff", "pcm_s16be"),
    "au": ("au", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"),
    "w64": ("w64", "pcm_s16le"),
    "wma": ("asf", "wmav2"),
    "ac3": ("ac3", "ac3"),
    "eac3": ("eac3", "eac3"),
    "flv": ("flv", "aac"),
    "ts": ("mpegts", "mp2"),
    "wv": ("wv", "wavpack"),
    "tta": ("tta", "tta"),
    "voc": ("voc", "pcm_s16le"),
}
TRUNCATABLE = {"wav", "mp3", "flac", "m4a", "webm", "mkv", "aiff", "au", "caf", "w64", "wma", "flv", "tta"}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def tone(seconds: float, rate: int = RATE, channels: int = 2) -> FloatArray:
    """A quiet chord, another one in each channel; float32 [channels, samples]."""
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.2 * np.sin(2 * np.pi * 220 * (c + 1) * time) for c in range(channels)]).astype(np.float32)


def encode(path: Path, samples: FloatArray, container: str, codec: str, rate: int = RATE, **options: str) -> Path:
    """Write `samples` [channels, samples] with FFmpeg's encoders; `options` are the encoder's."""
    layout = LAYOUTS.get(len(samples), f"{len(samples)}C")
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=48_000 if codec == "libopus" else rate, layout=layout, options=options)
        if codec == "wmav2":
            stream.bit_rate = 64_000  # it has no default
        to_codec = av.AudioResampler(format=stream.format, layout=stream.layout, rate=stream.rate)
        packed = np.ascontiguousarray(samples.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=stream.layout.name)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        size = stream.frame_size or 4096
        fifo = av.AudioFifo()
        for converted in [*to_codec.resample(frame), *to_codec.resample(None)]:
            fifo.write(converted)
        while block := fifo.read(size) or fifo.read():
            out.mux(stream.encode(block))
        out.mux(stream.encode(None))
    return path


def write_tracks(path: Path, tracks: Sequence[tuple[str, str, FloatArray]], default: int, rate: int = 16_000) -> Path:
    """Write a Matroska file of tracks (language, title, samples [samples]), of which number `default` is marked."""
    with av.open(str(path), "w", format="matroska") as out:
        streams = [out.add_stream("pcm_s16le", rate=rate, layout="mono") for _ in tracks]
        for stream, (language, title, _) in zip(streams, tracks, strict=True):
            stream.metadata.update({"language": language, "title": title})
        streams[default].disposition = av.stream.Disposition.default
        for stream, (_, _, samples) in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray((samples[None] * 32767).astype(np.int16), "s16", "mono")
            frame.sample_rate = rate
            out.mux(stream.encode(frame))
    return path


def remuxed(source: Path, target: Path, container: str, shift: Callable[[float], float]) -> Path:
    """Copy the packets with `shift(seconds)` added to their times."""
    with av.open(str(source)) as read, av.open(str(target), "w", format=container) as out:
        stream = read.streams.audio[0]
        copy = out.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is None:
                continue
            ticks = round(shift(float(packet.pts * packet.time_base)) / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts + ticks, packet.dts + ticks, copy
            out.mux(packet)
    return target


def write_wav(path: Path, claimed_bytes: int, held: bytes, rate: int = RATE) -> Path:
    """A 16-bit mono WAV whose header may lie about its length."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", (36 + claimed_bytes) & 0xFFFFFFFF, b"WAVE")
    path.write_bytes(riff + form + struct.pack("<4sI", b"data", claimed_bytes) + held)
    return path


def leftovers(store: ClipStore) -> list[Path]:
    """What a refused clip left behind."""
    return list(store.directory.glob("*"))
