"""Prompting audio language models and generating text."""
