"""Tags of music: musicnn, the table of what its tags and the sound classes mean, and their fusion."""
