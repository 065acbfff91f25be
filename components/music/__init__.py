"""The tab that describes music and sounds, and answers questions."""
