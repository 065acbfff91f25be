"""Clips of composed music, rendered through SoundFonts: tempo, metre, key, chords, instruments and notes are known exactly."""
