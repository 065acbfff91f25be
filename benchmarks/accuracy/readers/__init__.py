"""Readers of sources: each module has `tracks(folder, source)`, which yields the source's tracks with what is known of them."""
