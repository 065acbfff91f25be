"""Writes SoundFont 2 files (E-mu and Creative, "SoundFont Technical Specification" 2.04): one instrument for each program."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.arrays import IntArray

GUARD_SAMPLES = 46
"""Zeros behind each sample, which the specification demands."""
RELEASE_SECONDS = 0.25
KEY_RANGE, SAMPLE_ID, SAMPLE_MODES, ROOT_KEY, COARSE_TUNE, FINE_TUNE = 43, 53, 54, 58, 51, 52
ATTACK, DECAY, SUSTAIN, RELEASE, INSTRUMENT = 34, 36, 37, 38, 41
"""Numbers of generators."""
SILENT_CENTIBELS = 1000
LOOPED = 1
MONO = 1

Generator = tuple[int, int]
"""Number and amount."""


@dataclass(frozen=True)
class SampledZone:
    """A sample, and how its keys play it."""

    sound: IntArray
    """int16 [samples], mono."""
    sample_rate: int
    """Hz."""
    keys: tuple[int, int]
    """Lowest and highest key."""
    root_key: int
    cents: int
    """Tuning above what the root key gives."""
    loop: tuple[int, int] | None
    """First sample, and the one behind the last; None plays the sample once."""
    attack_seconds: float | None
    decay_seconds: float | None
    """Seconds to fall by 100 dB; None holds the note."""


def write_soundfont(path: Path, name: str, programs: Mapping[int, Sequence[SampledZone]]) -> None:
    """Write a SoundFont with these General MIDI programs in bank 0."""
    zones = [zone for _, own in sorted(programs.items()) for zone in own]
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1)) + _chunk(b"isng", b"EMU8000\0") + _chunk(b"INAM", _padded(name))
    guard = np.zeros(GUARD_SAMPLES, "<i2")
    smpl = np.concatenate([part for zone in zones for part in (zone.sound.astype("<i2"), guard)]).tobytes()
    body = _list(b"INFO", info) + _list(b"sdta", _chunk(b"smpl", smpl)) + _list(b"pdta", _presets(programs, zones))
    path.write_bytes(_chunk(b"RIFF", b"sfbk" + body))


def _presets(programs: Mapping[int, Sequence[SampledZone]], zones: Sequence[SampledZone]) -> bytes:
    presets, instruments = b"", b""
    preset_generators = [[(INSTRUMENT, number)] for number in range(len(programs))]
    first = 0
    for number, program in enumerate(sorted(programs)):
        presets += struct.pack("<20sHHHIII", f"program {program}".encode(), program, 0, number, 0, 0, 0)
        instruments += struct.pack("<20sH", f"program {program}".encode(), first)
        first += len(programs[program])
    presets += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(programs), 0, 0, 0)
    instruments += struct.pack("<20sH", b"EOI", first)
    zone_generators = [_generators(zone, number) for number, zone in enumerate(zones)]
    modulator = _chunk(b"pmod", bytes(10)), _chunk(b"imod", bytes(10))
    return (
        _chunk(b"phdr", presets) + _chunk(b"pbag", _bags(preset_generators)) + modulator[0]
        + _chunk(b"pgen", _packed(preset_generators)) + _chunk(b"inst", instruments) + _chunk(b"ibag", _bags(zone_generators))
        + modulator[1] + _chunk(b"igen", _packed(zone_generators)) + _chunk(b"shdr", _sample_headers(zones))
    )  # fmt: skip


def _generators(zone: SampledZone, number: int) -> list[Generator]:
    """Return a zone's generators; the range of keys must be the first, the sample the last."""
    coarse, fine = divmod(zone.cents, 100)
    found = [(KEY_RANGE, zone.keys[0] | zone.keys[1] << 8), (RELEASE, _timecents(RELEASE_SECONDS))]
    if zone.attack_seconds is not None:
        found.append((ATTACK, _timecents(zone.attack_seconds)))
    if zone.decay_seconds is not None:
        found += [(DECAY, _timecents(zone.decay_seconds)), (SUSTAIN, SILENT_CENTIBELS)]
    found += [(COARSE_TUNE, coarse & 0xFFFF), (FINE_TUNE, fine), (ROOT_KEY, zone.root_key)]
    return [*found, (SAMPLE_MODES, LOOPED if zone.loop else 0), (SAMPLE_ID, number)]


def _sample_headers(zones: Sequence[SampledZone]) -> bytes:
    headers, first = b"", 0
    for number, zone in enumerate(zones):
        end = first + len(zone.sound)
        loop = (first + zone.loop[0], first + zone.loop[1]) if zone.loop else (first, end)
        name = f"sample {number}".encode()
        headers += struct.pack("<20sIIIIIBbHH", name, first, end, *loop, zone.sample_rate, zone.root_key, 0, 0, MONO)
        first = end + GUARD_SAMPLES
    return headers + struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)


def _timecents(seconds: float) -> int:
    return round(1200 * math.log2(seconds)) & 0xFFFF


def _bags(zones: Iterable[Sequence[Generator]]) -> bytes:
    starts = np.cumsum([0, *map(len, zones)])
    return b"".join(struct.pack("<HH", start, 0) for start in starts)


def _packed(zones: Iterable[Sequence[Generator]]) -> bytes:
    return b"".join(struct.pack("<HH", *generator) for zone in zones for generator in zone) + bytes(4)


def _padded(text: str) -> bytes:
    data = text.encode() + b"\0"
    return data + bytes(len(data) % 2)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)
