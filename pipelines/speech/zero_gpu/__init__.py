"""Transcription with a GPU that is lent for one call at a time."""
