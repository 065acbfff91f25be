"""The one clip that all tabs share: upload, record, examples, subtitles on the player."""
