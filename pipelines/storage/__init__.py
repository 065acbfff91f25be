"""Where several servers keep files together: a folder or an object store."""
