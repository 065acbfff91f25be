"""The piano transcription of a network that finds onsets, sustained notes, velocities and the pedal."""
