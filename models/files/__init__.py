"""Where weights are: in packages, in this repository, on the hub; found, locked and checked."""
