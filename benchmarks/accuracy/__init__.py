"""Accuracy of the music facts on music whose truth is known, beside other programs: `make accuracy`."""
