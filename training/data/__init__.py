"""Training data of every network: clips with questions and answers, where they come from, and what is checked before training."""
