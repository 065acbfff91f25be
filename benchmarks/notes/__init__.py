"""How many notes are right, on music rendered from notes, beside the decoding of the package of Basic Pitch."""
