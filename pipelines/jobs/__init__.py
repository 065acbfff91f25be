"""Background work, callbacks as generators, and Stop."""
