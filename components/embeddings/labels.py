"""The words of the tab Embeddings, in one place for a translation."""

from __future__ import annotations

MAP = "Map of the embedding"
NO_MAP = (
    "The map of the embedding will be here: each frame is a point, and similar frames lie together. "
    "Choose a clip above, then press Show."
)
COLOURS = "Colours"
SEARCH = "Search words, chords, tags"
SEARCH_KEYS = "Enter plays what was found; Escape clears the search"
ISOLATE = "Isolate neighbours"
ABOUT_NEIGHBOURS = "Show only the {} points that lie nearest to the chosen point on the map"
SAVE_VIEW, SAVED_VIEWS, VIEW, DELETE_VIEW = "Save view", "Saved views", "View", "Delete view"
ABOUT_VIEWS = "Save rotation, zoom, colours and isolated points in this browser"
NO_SOUND = "The sound is left out: the clip is too long for a page."
PLAY_ALL = "Play all"
SELECT = "Select"
SELECT_HOW = "Draw around the points to play"
ZOOM_OUT, ZOOM_IN, FIT = "Zoom out", "Zoom in", "Fit"
