"""The words of the tab Music & sound, in one place for a translation."""

from __future__ import annotations

from typing import Literal

from pipelines.wording.certainty import MIN_CERTAIN, sure

AUTOMATIC = "Automatic"
SOUND_TAGGER = "Sound tagger"
CAPTION_MODEL = "Caption model"
TEMPLATES = "Templates"
FROM_FACTS = "{model}, from the facts"
MEASUREMENTS = "Measurements"
MODEL = "Model"
STOP = "Stop"

OWN_WORDS = "Own words"
WORDS = "Words, separated by commas"
WORDS_EXAMPLE = "a bird, someone laughing, rain"
FIND = "Find"
BY_MEANING = "Known labels of like meaning"
ABOUT_MEANING = "Your words were compared with the 521 labels of the sound tagger, not with the sound itself."
NO_LABEL = "No known label means about the same."
NOT_FOUND = "Not found"
SOUGHT = "looked for {labels}"
AS_LABEL = "as {labels}"
GUESS = "a guess"

ClaimMark = Literal["confirmed", "uncertain", "contradicted", "not measured"]

CLAIM_MARKS: dict[ClaimMark, str] = {"confirmed": "✓", "uncertain": "○", "contradicted": "✗", "not measured": "?"}
CLAIM_MEANINGS: dict[ClaimMark, str] = {
    "confirmed": f"A second measurement agrees, or the measurement is at least {sure(MIN_CERTAIN)}.",
    "uncertain": "One measurement says so, and it is not sure.",
    "contradicted": "The measurement says something else.",
    "not measured": "This was not measured.",
}
