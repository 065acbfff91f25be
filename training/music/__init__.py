"""The two networks of the music facts: their training data, their training, and the evaluation of the facts."""
