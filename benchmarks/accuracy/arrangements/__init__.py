"""Sections of pieces whose arrangement is known exactly: modules, projects of LMMS and MIDI files."""
