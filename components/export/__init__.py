"""Export of results for other programs."""
