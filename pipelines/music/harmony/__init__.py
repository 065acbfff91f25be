"""Harmony: notes, tuning, chords and keys, and their names."""
