"""The tab that maps embeddings and looks into decoders."""
