"""The words of the tab Sound to image, in one place for a translation."""

from __future__ import annotations

CONCEPTS = "Concepts"
UNCLEAR_CONCEPT = "It is not clear what this sounds like. A click on another concept draws that one."
ONLY_CONCEPT = "It is not clear what this sounds like."
DRAW_INSTEAD = "Draw “{concept}” instead"
EARLIER = "Earlier pictures"
OPEN = "Open in full size"
SEED = "Seed"
REUSE_SEED = "Reuse this seed"
VARIATIONS = "Variations"
VARIATIONS_HINT = "Draw four more with the next seeds"
EXPORT_HINT = "Export the picture with its settings"
FILM_HINT = "The film follows the timeline; a click plays or pauses both"
RESET = "Reset to defaults"
