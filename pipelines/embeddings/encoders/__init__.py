"""One module per family of encoders, and the registry that lists them."""
