"""The prompt of J2A-1.0: what is known of a clip as text, then the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.music.harmony.notation import tonic_name

MAX_DOWNBEATS, MAX_CHORDS = 8, 16


def prompt_with_facts(request: str, facts: Mapping[str, Any]) -> str:
    """Return tempo, key, downbeats, chords and genre, as far as they are known, and the request behind them.

    Args:
        request: such as 'Describe the music.'.
        facts: 'bpm', 'tonic' and 'mode', 'downbeats' (seconds), 'chords' ([start, end, name]), 'genre'.
    """
    lines = []
    if "bpm" in facts:
        lines.append(f"Tempo: {facts['bpm']:.0f} BPM.")
    if "mode" in facts and "tonic" in facts:
        lines.append(f"Key: {tonic_name(facts['tonic'], facts['mode'])} {facts['mode']}.")
    if downbeats := facts.get("downbeats"):
        lines.append(f"Downbeats: {_listed(f'{time:.1f}' for time in downbeats[:MAX_DOWNBEATS])}.")
    if chords := facts.get("chords"):
        lines.append(f"Chords: {_listed(_chord_names(chords))}.")
    if genre := facts.get("genre", facts.get("style")):
        lines.append(f"Genre: {genre}.")
    return " ".join([*lines, request])


def _chord_names(chords: Sequence[Sequence[Any]]) -> list[str]:
    return [str(name) for _, _, name in chords[:MAX_CHORDS]]


def _listed(items: Any) -> str:
    return ", ".join(items)
