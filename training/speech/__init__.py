"""What makes the files of the speech models that lie in this repository."""
