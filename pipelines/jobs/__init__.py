"""Work in the background, Stop, and the fields of every result of a model."""
