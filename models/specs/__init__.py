"""What models exist: their sources, sizes, licences and file lists."""
