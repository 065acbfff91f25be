"""Music information retrieval: beats, key, chords, structure, loudness, vocals, tags."""
