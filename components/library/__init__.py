"""The library of clips: one for each account, or one for all who use a server."""
