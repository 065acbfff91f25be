"""Sentences about a clip: what could not be read, what was left out, and which channel was taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.clip.files.downmix import LevelChange, MixFacts
from pipelines.clip.files.file_clock import Gap
from pipelines.wording.grammar import listed
from pipelines.wording.times import measured_time

MAX_LISTED_GAPS = 3
MIN_DAMAGE_SECONDS = 0.02
"""Shortest damage that is worth a sentence: a frame of AAC."""
MIN_LATE_SECONDS = 0.25
"""Shortest late start that is worth a sentence; decoders need up to 0.13 s (Windows Media) before they give the first sample."""
SILENT_CHANNEL_RATIO = 1e-6
"""Energy of a channel relative to the loudest, -60 dB, below which it is called silent."""
CHANNEL_NAMES = {
    "FL": "left",
    "FR": "right",
    "FC": "centre",
    "LFE": "low-frequency",
    "BL": "back left",
    "BR": "back right",
    "BC": "back centre",
    "FLC": "front left of centre",
    "FRC": "front right of centre",
    "LFE2": "second low-frequency",
    "SL": "side left",
    "SR": "side right",
}


def gap_notes(gaps: Sequence[Gap]) -> tuple[str, ...]:
    """Return one sentence about what could not be read, and one about what the file does not have."""
    damage = [gap for gap in gaps if gap.is_damage and gap.duration >= MIN_DAMAGE_SECONDS]
    absent = [gap for gap in gaps if not gap.is_damage]
    notes = []
    if damage:
        notes.append(f"{_stretches(damage)} could not be read: silence stands there.")
    if absent and absent[0].start == 0.0:
        if absent[0].duration >= MIN_LATE_SECONDS:
            notes.append(f"The sound of this file begins at {measured_time(absent[0].duration)}.")
        absent = absent[1:]
    if absent:
        notes.append(f"The recording pauses for {_stretches(absent)}: silence stands there.")
    return tuple(notes)


def _stretches(gaps: Sequence[Gap]) -> str:
    if len(gaps) <= MAX_LISTED_GAPS:
        return listed([f"{measured_time(gap.duration)} from {measured_time(gap.start)}" for gap in gaps])
    total = sum(gap.duration for gap in gaps)
    end = gaps[-1].start + gaps[-1].duration
    return f"{measured_time(total)} in {len(gaps)} places from {measured_time(gaps[0].start)} to {measured_time(end)}"


def cut_off_note(missing: float, held: float) -> tuple[str, ...]:
    """Return a sentence for a file that ends before its time; `missing` and `held` in seconds."""
    if not missing:
        return ()
    return (f"This file was cut off: it promises {measured_time(held + missing)} but holds {measured_time(held)}.",)


def channel_note(facts: MixFacts, layout: Any) -> tuple[str, ...]:
    """Return a sentence about a channel that was taken in place of the mix."""
    taken = facts.cancelled_by
    if taken is None:
        return ()
    name = channel_name(layout, taken)
    others = np.delete(facts.energies, taken)
    if len(facts.energies) == 2 and others[0] <= SILENT_CHANNEL_RATIO * facts.energies[taken]:
        return (f"The {channel_name(layout, 1 - taken)} side is silent: the {name} side was used.",)
    if facts.is_inverted:
        return (f"The two sides cancel each other when they are mixed: the {name} side was used.",)
    if len(facts.energies) == 2:
        return (f"The {channel_name(layout, 1 - taken)} side is very soft: the {name} side was used.",)
    return (f"The mix of all channels is much softer than {name}: that one was used.",)


def centre_note(centre: int | None) -> tuple[str, ...]:
    """Return a sentence about the channel in which speech is read."""
    return () if centre is None else ("Speech is read from the centre channel, everything else from the mix.",)


def channel_name(layout: Any, channel: int) -> str:
    """Return what people call a channel: 'left' of two, 'the centre channel' of more, or 'channel 12' where it has no place."""
    if layout.nb_channels == 2:
        return ("left", "right")[channel]
    place = CHANNEL_NAMES.get(layout.channels[channel].name)
    return f"the {place} channel" if place else f"channel {channel + 1}"


def side_note(facts: MixFacts, channel: int | None) -> tuple[str, ...]:
    """Return a sentence about two sides that are two recordings, or about the side that was chosen."""
    if channel is not None:
        return (f"This is {('the left side', 'the right side')[channel] if channel < 2 else f'channel {channel + 1}'} alone.",)
    if not facts.has_unlike_sides:
        return ()
    return ("The left and the right side are different recordings: each is transcribed by itself, and can be opened alone.",)


def level_notes(level: LevelChange, channel_peak: float, replaced_samples: int) -> tuple[str, ...]:
    """Return sentences about what was done to the samples that models get; a mix of many channels may be loud where none is."""
    notes = []
    if replaced_samples:
        notes.append(f"{replaced_samples} samples are not numbers: silence stands there.")
    if level.offset:
        notes.append(f"A constant offset of {level.offset:.2f} was removed.")
    if level.gain > 1.0 or (level.gain < 1.0 and channel_peak > 1.0):
        decibels = round(20 * np.log10(level.gain))
        loudness, change = ("quiet", "raised") if decibels > 0 else ("loud", "lowered")
        notes.append(f"This recording is very {loudness}: its level was {change} by {abs(decibels)} dB for the analysis.")
    return tuple(notes)
