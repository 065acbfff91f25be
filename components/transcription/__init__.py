"""The tab that transcribes speech."""
