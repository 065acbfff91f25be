"""The words of the row below the clip, in one place for a translation."""

from __future__ import annotations

from pipelines.everything.types import Subject

ANALYSE = "Analyse everything"
STOP = "Stop"
LOOKING = "Finding out what fits this clip"
AT_WORK: dict[Subject, str] = {
    "speech": "Transcribing",
    "description": "Describing",
    "notes": "Finding notes",
    "embeddings": "Embedding",
    "picture": "Drawing",
}
COUNTED = "{0}, {1} of {2}"
DONE = "Everything that fits this clip is in the tabs."
STOPPED = "Stopped. What was found is in the tabs."
PROGRESS = "Progress of the whole analysis"
