"""The HTTP server of the page: health, compression, and an end in order."""
