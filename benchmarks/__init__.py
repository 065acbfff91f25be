"""Claims about speed and memory, each measured in one run against a named peer. `make bench` runs them all."""
