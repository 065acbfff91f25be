"""Diarization error on conversations whose truth is known."""
