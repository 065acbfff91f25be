"""Larger pictures: with crisp edges, without a model, and by a model that draws the missing details."""
