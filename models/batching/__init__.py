"""What several people compute with one model, joined into batches."""
