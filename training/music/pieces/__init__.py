"""Composed and rendered pieces of music whose beats, bars, key, chords and sections are known exactly."""
