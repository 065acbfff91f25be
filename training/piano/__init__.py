"""Training of the piano network: onsets, sustained notes, offsets, velocities and the pedal (Kong et al. 2021)."""
