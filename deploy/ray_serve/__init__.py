"""Audioscope on several machines with Ray Serve; see docs/scaling.md. Nothing outside this folder imports ray."""
