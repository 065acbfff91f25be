"""Writes SoundFonts from the samples of WebAudioFont: `python -m training.data.renderer.webaudiofont --help`.

WebAudioFont (https://github.com/surikov/webaudiofontdata) has each program of several free SoundFonts as a JavaScript file, with
the samples as MP3. They have key ranges, tunings and loops, but no envelopes and no drums: what decays gets an envelope by its
program.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import av
import numpy as np
import typer

from models.arrays import IntArray
from training.data.renderer.soundfont_file import SampledZone, write_soundfont

FILE = re.compile(r"(\d{3})0_(\w+?)_sf2(_file)?\.js")
"""Program and name of the SoundFont; a fourth digit above 0 is a variation."""
ZONE = re.compile(r"\{\s*midi:.*?\}", re.DOTALL)
NUMBER = re.compile(r",(\w+):(-?\d+)")
SAMPLE = re.compile(r",(file|sample):'([^']*)'")
DECAY_SECONDS = (
    (range(8), 12.0), (range(8, 16), 6.0), (range(24, 29), 9.0), (range(32, 38), 12.0), (range(45, 46), 3.0),
    (range(46, 48), 8.0), (range(104, 109), 8.0), (range(112, 120), 4.0),
)  # fmt: skip
"""Seconds in which a held note of these programs falls by 100 dB."""
ATTACK_SECONDS = ((range(48, 55), 0.06), (range(88, 96), 0.1))


@dataclass(frozen=True)
class _Zone:
    numbers: dict[str, int]
    sound: IntArray


def main(
    source: Annotated[Path, typer.Option(help="Folder 'sound' of WebAudioFont.")],
    name: Annotated[str, typer.Option(help="SoundFont, such as Aspirin, Chaos, GeneralUserGS or JCLive.")],
    target: Annotated[Path, typer.Option(help="SoundFont (SF2) that is written.")],
) -> None:
    """Write one SoundFont with the programs that WebAudioFont has of it."""
    programs: dict[int, list[SampledZone]] = {}
    for file in sorted(source.glob(f"*_{name}_sf2*.js")):
        if match := FILE.fullmatch(file.name):
            program = int(match[1])
            zones = [_sampled(zone, program) for zone in _zones(file.read_text(encoding="utf-8"))]
            programs[program] = zones
    if not programs:
        raise typer.BadParameter(f"{source} has no files of {name}")
    write_soundfont(target, name, programs)
    typer.echo(f"{len(programs)} programs")


def _zones(script: str) -> Iterator[_Zone]:
    for zone in ZONE.findall(script):
        kind, encoded = SAMPLE.search(zone).groups()  # type: ignore[union-attr]
        data = base64.b64decode(encoded)
        numbers = {key: int(value) for key, value in NUMBER.findall(zone.replace(encoded, ""))}
        try:
            sound = np.frombuffer(data, "<i2") if kind == "sample" else _decoded(data, numbers["sampleRate"])
        except av.error.InvalidDataError:
            # One zone of JCLive's vibraphone is an MP3 file without a frame.
            continue
        yield _Zone(numbers, sound)


def _decoded(data: bytes, sample_rate: int) -> IntArray:
    """Return int16 [samples] at the rate in which the loop is counted; MP3 has only some rates."""
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler("s16", "mono", sample_rate)
        parts = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([part.to_ndarray()[0] for part in (*parts, *resampler.resample(None))])


def _sampled(zone: _Zone, program: int) -> SampledZone:
    numbers = zone.numbers
    root, cents = divmod(numbers["originalPitch"], 100)
    start, end = numbers["loopStart"], min(numbers["loopEnd"], len(zone.sound) - 1)
    return SampledZone(
        sound=zone.sound,
        sample_rate=numbers["sampleRate"],
        keys=(numbers["keyRangeLow"], numbers["keyRangeHigh"]),
        root_key=root,
        cents=100 * numbers["coarseTune"] + numbers["fineTune"] - cents,
        loop=(start, end) if 1 <= start < end - 1 else None,
        attack_seconds=_of_program(ATTACK_SECONDS, program),
        decay_seconds=_of_program(DECAY_SECONDS, program),
    )


def _of_program(table: tuple[tuple[range, float], ...], program: int) -> float | None:
    return next((seconds for programs, seconds in table if program in programs), None)


if __name__ == "__main__":
    typer.run(main)
