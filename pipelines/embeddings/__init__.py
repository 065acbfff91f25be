"""Embeddings of a clip: projections, maps, analysis, export and the library."""
