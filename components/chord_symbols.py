"""Chords as musicians write them."""

from __future__ import annotations

SUFFIXES = {"maj": "", "min": "m", "7": "7", "min7": "m7", "maj7": "maj7", "dim": "dim", "aug": "aug"}


def chord_symbol(name: str) -> str:
    """'A:min' (Harte's syntax, as mir_eval reads it) -> 'Am'; what has no suffix here stays as it is."""
    root, _, quality = name.partition(":")
    return f"{root}{SUFFIXES[quality]}" if quality in SUFFIXES else name
