"""Other programs on the same excerpts, each with its own defaults."""
