"""Answers to questions about a clip, from measurements or from an audio language model."""
