"""Worker processes for native code that reads strangers' bytes: one that dies or hangs costs its own job and no other."""
