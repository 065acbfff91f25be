"""Building models from their files."""
