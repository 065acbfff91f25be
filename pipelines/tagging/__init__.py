"""Sound taggers and zero-shot labels."""
