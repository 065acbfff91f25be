"""The library of clips, which all who use a server share."""
