"""Rules about single clips, and about equal ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from pipelines.clip.clip_folders import SILENCE_PEAK
from training.data.check.findings import Finding, finding
from training.data.check.scanning import ScannedClip

MISSING_SECONDS = 0.1
"""A clip may end so much before its duration: the last block of a codec."""
MIN_SECONDS = 0.1
MAX_CLIPPED = 0.01
"""Part of the samples at full scale above which a recording is called overdriven."""
FULL_BAND_RATE = 32_000
NARROW_BAND_HZ = 5500.0
"""A file of 32 kHz and more with nothing above was made from 8 or 11 kHz."""
MAX_SPEECH_SECONDS = 30.0
"""Window of Whisper."""
MAX_CHARACTERS_PER_SECOND = 30.0
"""Fast speech has 20."""


def clip_findings(clips: Sequence[ScannedClip], min_rate: int) -> Iterator[Finding]:
    """Yield what is wrong with clips one by one.

    Args:
        clips: all of a data set.
        min_rate: Hz that the encoder needs.
    """
    sound = [clip for clip in clips if not clip.problem]
    yield from finding(
        "broken clip",
        "error",
        "It cannot be decoded: replace it or leave it out.",
        (clip.problem for clip in clips if clip.problem),
    )
    silent = [clip.name for clip in sound if clip.peak < SILENCE_PEAK]
    yield from finding("silent clip", "error", "There is nothing to learn from it: leave it out.", silent)
    missing = [
        f"{clip.name} has {clip.seconds:.2f} of {clip.triple.duration:.2f} s"
        for clip in sound
        if clip.triple.duration - clip.seconds > MISSING_SECONDS
    ]
    yield from finding("clip that ends early", "error", "The file was cut off, or start and duration are wrong.", missing)
    short = [clip.name for clip in sound if clip.seconds < MIN_SECONDS]
    yield from finding("very short clip", "warning", f"It is shorter than {MIN_SECONDS:g} s.", short)
    clipped = [f"{clip.name} ({clip.clipped:.0%})" for clip in sound if clip.clipped > MAX_CLIPPED]
    yield from finding("overdriven clip", "warning", "Many samples are at full scale: record it softer.", clipped)
    yield from _rate_findings(sound, min_rate)
    yield from _speech_findings(sound)


def _rate_findings(clips: Sequence[ScannedClip], min_rate: int) -> Iterator[Finding]:
    low = [f"{clip.name} ({clip.rate} Hz)" for clip in clips if 0 < clip.rate < min_rate]
    yield from finding("wrong rate", "error", f"The encoder takes {min_rate} Hz, and what is above cannot be added later.", low)
    narrow = [
        f"{clip.name} ({clip.rate} Hz, sound up to {clip.bandwidth:.0f} Hz)"
        for clip in clips
        if clip.rate >= FULL_BAND_RATE and clip.peak >= SILENCE_PEAK and 0 < clip.bandwidth < NARROW_BAND_HZ
    ]
    yield from finding("narrow band", "warning", "It seems to come from a lower rate, such as a telephone's.", narrow)
    by_split: dict[str, Counter[int]] = defaultdict(Counter)
    for clip in clips:
        if clip.rate:
            by_split[clip.triple.split][clip.rate] += 1
    usual = {split: rates.most_common(1)[0][0] for split, rates in by_split.items()}
    if len(set(usual.values())) > 1:
        places = [f"{split} has {rate} Hz" for split, rate in usual.items()]
        yield from finding("splits of different rates", "warning", "A network can tell the splits apart by their band.", places)


def _speech_findings(clips: Sequence[ScannedClip]) -> Iterator[Finding]:
    speech = [clip for clip in clips if clip.triple.task == "speech"]
    long = [f"{clip.name} ({clip.seconds:.0f} s)" for clip in speech if clip.seconds > MAX_SPEECH_SECONDS]
    yield from finding("long speech", "warning", "Whisper reads 30 s at once: cut it, with the text of each part.", long)
    fast = [
        f"{clip.name} ({len(clip.triple.answer)} characters in {clip.seconds:.1f} s)"
        for clip in speech
        if len(clip.triple.answer) > MAX_CHARACTERS_PER_SECOND * clip.seconds
    ]
    yield from finding("text too long for its clip", "error", "The rate is wrong, or the text belongs to another clip.", fast)


def duplicate_findings(clips: Sequence[ScannedClip]) -> Iterator[Finding]:
    """Yield clips with equal samples: within a split, and in two splits."""
    equal: dict[str, list[ScannedClip]] = defaultdict(list)
    for clip in clips:
        if not clip.problem and clip.peak >= SILENCE_PEAK:
            equal[clip.content].append(clip)
    groups = [group for group in equal.values() if len(group) > 1]
    inside = [" = ".join(clip.name for clip in group) for group in groups if len({clip.triple.split for clip in group}) == 1]
    yield from finding("duplicate clip", "warning", "It counts twice: leave one out.", inside)
    across = [
        " = ".join(f"{clip.name} ({clip.triple.split})" for clip in group)
        for group in groups
        if len({clip.triple.split for clip in group}) > 1
    ]
    yield from finding(
        "same content in two splits", "error", "The test measures what was learned by heart: move or remove it.", across
    )
