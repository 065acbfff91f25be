"""Audio files: their containers, clock and damage, decoding, the mix to mono, and the player's file."""
