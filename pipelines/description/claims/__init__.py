"""The claims that a caption makes: found in its words, and checked against what was measured."""
