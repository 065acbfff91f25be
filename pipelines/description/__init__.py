"""Captions, their claims, and the checks of the claims."""
