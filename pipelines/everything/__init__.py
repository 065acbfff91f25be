"""All analyses that fit a clip, one after the other, as one job."""
