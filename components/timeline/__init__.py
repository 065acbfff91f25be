"""The shared player with its waveform, spectrogram and tracks."""
