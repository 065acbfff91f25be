"""How a model is built from its files."""
