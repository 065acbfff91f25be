"""Who speaks: windows of voice, their embeddings, clusters of them, and a speaker for every word."""
