"""Files for the browser's player, which must play what the timeline shows, and parts of a clip as files."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import FloatArray
from pipelines.clip.files.decoding import DecodedAudio
from pipelines.clip.files.track_reader import TrackReader
from pipelines.clip.recording import ORIGINAL_FILE, Recording

BROWSER_CODECS = {"mp3", "flac", "vorbis", "opus", "aac", "pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le"}
BROWSER_CONTAINERS = {"wav": "wav", "mp3": "mp3", "flac": "flac", "ogg": "ogg", "mov": "m4a", "webm": "webm"}
"""Kind of a container that browsers play -> ending for the player's file. They guess the length of bare AAC frames."""
MAX_FLAC_CHANNELS = 8
MAX_HEADER_ERROR_SECONDS = 0.05
MAX_PEAK = 1.5
"""Browsers clip at 1.0, full scale, which MP3 and AAC of loud music pass by a little."""
MAX_BIT_RATE_BYTES = 1
"""A frame of MP3 with a constant bit rate has one byte of padding at most."""
BLOCK_SAMPLES = 2**18


def write_player_file(recording: Recording, audio: DecodedAudio, mono_file: Path, directory: Path) -> None:
    """Put `player.<ending>` into `directory`: the file itself where browsers play it as it was read, else FLAC.

    Where the mix loses the sound, so would a loudspeaker: the channel is played that is read. Where the player's file does
    not hold all that a person may ask for (other tracks, the other side, more channels than FLAC takes), the file is kept
    beside it as `ORIGINAL_FILE`.
    """
    is_mono = audio.channels > MAX_FLAC_CHANNELS or audio.substitute is not None
    ending = _ending_to_play(audio)
    if is_mono:
        _write_mono_flac(mono_file, audio, directory / "player.flac")
    elif ending is None or audio.is_part:
        gain = 1 / max(1.0, audio.channel_peak)
        _write_part(recording, directory / "player.flac", 0.0, math.inf, gain)
    else:
        _link(recording.file, directory / f"player.{ending}")
    if audio.is_part or is_mono:
        _link(recording.file, directory / ORIGINAL_FILE)


def _ending_to_play(audio: DecodedAudio) -> str | None:
    """Return the ending of the player's file, or None where a browser would show another length, play other times or clip."""
    reader = audio.reader
    ending = BROWSER_CONTAINERS.get(reader.kind)
    if ending is None or audio.codec not in BROWSER_CODECS or not reader.is_plain or audio.channel_peak > MAX_PEAK:
        return None
    if reader.kind == "mp3" and reader.packet_bytes[1] - reader.packet_bytes[0] > MAX_BIT_RATE_BYTES:
        return None  # browsers seek by the table of the header, which has a hundred entries
    held = audio.samples / audio.sample_rate
    if reader.header_seconds is None or abs(reader.header_seconds - held) > MAX_HEADER_ERROR_SECONDS:
        return None
    return ending


def write_part(recording: Recording, target: Path, start: float, end: float) -> None:
    """Write the sound of a recording between two times in seconds at its own rate, with all of its channels.

    The ending of `target`, which `part_ending` gives, decides between FLAC and Wave64; either has 24 bits a sample.
    """
    _write_part(recording, target, start, end, 1.0)


def part_ending(channels: int) -> str:
    """Return the ending of a lossless file that holds this many channels."""
    return "flac" if channels <= MAX_FLAC_CHANNELS else "w64"


def _write_part(recording: Recording, target: Path, start: float, end: float, gain: float) -> None:
    import av

    reader = TrackReader(recording)
    layout = reader.layout if reader.channel is None else av.AudioLayout("mono")
    blocks = _between(reader.blocks(), start, end, reader.sample_rate)
    _write_lossless((block * np.float32(gain) for block in blocks), target, reader.sample_rate, layout)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _write_mono_flac(mono_file: Path, audio: DecodedAudio, target: Path) -> None:
    """Write what was read as loud as it is in the file, unless that would clip."""
    import av

    samples = np.memmap(mono_file, dtype=np.float32, mode="r")
    gain = np.float32(min(1.0, audio.peak) / max(float(samples.max()), -float(samples.min())))
    blocks = (samples[None, start : start + BLOCK_SAMPLES] * gain for start in range(0, len(samples), BLOCK_SAMPLES))
    _write_lossless(blocks, target, audio.sample_rate, av.AudioLayout("mono"))


def _write_lossless(blocks: Iterator[FloatArray], target: Path, sample_rate: int, layout: Any) -> None:
    """Write blocks [channels, samples] with 24 bits a sample."""
    import av

    codec = "flac" if target.suffix == ".flac" else "pcm_s24le"
    with av.open(str(target), "w", format=target.suffix[1:]) as out:
        encoder = out.add_stream(codec, rate=sample_rate, layout=layout)
        encoder.format = "s32"
        to_integer = av.AudioResampler(format="s32", layout=layout, rate=sample_rate)
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T).reshape(1, -1), format="flt", layout=layout.name)
            frame.sample_rate = sample_rate
            for integer in to_integer.resample(frame):
                out.mux(encoder.encode(integer))
        out.mux(encoder.encode(None))


def _between(blocks: Iterator[FloatArray], start: float, end: float, sample_rate: int) -> Iterator[FloatArray]:
    """Yield the samples of `blocks` [channels, samples] between two times in seconds."""
    first, position = round(start * sample_rate), 0
    last = round(end * sample_rate) if math.isfinite(end) else sys.maxsize
    for block in blocks:
        part = block[:, max(0, first - position) : max(0, last - position)]
        position += block.shape[1]
        if part.size:
            yield part
        if position >= last:
            return
