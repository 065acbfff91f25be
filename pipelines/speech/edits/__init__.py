"""A person's edits of a transcript."""
