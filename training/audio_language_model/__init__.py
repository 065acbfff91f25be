"""Audio language models: states of frozen encoders, a projector and a causal language model, trained on triples."""
