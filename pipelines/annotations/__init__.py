"""Results as annotations of time: layers, and the file formats of other programs."""
