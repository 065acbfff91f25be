"""Long runs against a whole server: what it holds after many clips."""
