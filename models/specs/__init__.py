"""The models that exist: their sources, sizes, licences and file lists."""
