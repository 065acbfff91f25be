"""Bundles: a clip and all of its results in one ZIP file, with a page that shows them without the app."""
