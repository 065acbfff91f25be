"""A person's edits of a result, which can be undone and are stored beside the clip."""
