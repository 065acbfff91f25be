"""Beats, bars, metre and tempo of a clip."""
