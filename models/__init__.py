"""Models: what exists, what fits, and the one cache that lends them out."""
