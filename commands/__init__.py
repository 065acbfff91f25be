"""The command line: what a person types becomes work of the pipelines, and their results become files or lines."""
