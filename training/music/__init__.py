"""Pieces with known truth, the two small networks that were trained on them, and how well the music facts are found."""
