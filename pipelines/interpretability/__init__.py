"""Hidden states of language models, the logit lens, and the tokens that both are read from."""
