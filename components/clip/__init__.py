"""The one clip that all tabs share: upload, record, examples, captions."""
