"""The clip: decode, resample, hash, limits, cached features and timeline tiles."""
