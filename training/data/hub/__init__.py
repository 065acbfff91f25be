"""Published data sets of the Hugging Face Hub as triples."""
