"""Subtitle cues and file formats."""
