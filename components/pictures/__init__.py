"""The tab that draws pictures, storyboards and films."""
