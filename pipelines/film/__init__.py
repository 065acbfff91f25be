"""Storyboards and films: scenes, latent interpolation, video files."""
