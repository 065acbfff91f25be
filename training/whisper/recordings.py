"""A person's own recordings with texts, as Whisper takes them: half a minute at most, with words."""

from __future__ import annotations

from pathlib import Path

from training.data.errors import TrainingDataError, UnusableClip
from training.data.folder import FolderRequest, folder_triples
from training.data.triples import Triple, in_split, read_triples
from training.whisper.windows import WINDOW_SECONDS


class NoRecordings(TrainingDataError):
    """There is nothing to train with."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            f"{place} has no recordings to train with: a folder of recordings with texts, or a file of triples is needed."
        )


def read_recordings(place: Path, seed: int = 0) -> list[Triple]:
    """Return the recordings of a folder, or of a file of triples, each with its text and split.

    Args:
        place: see `training.data.folder` and `training.data.triples`.
        seed: of the division into splits, where the folder's table has none.

    Raises:
        NoRecordings: there are none in the training split.
        UnusableClip: a recording is longer than a window, or its text has no words.
        TrainingDataError: see `folder_triples` and `read_triples`.
    """
    if not place.exists():
        raise NoRecordings(place)
    found = read_triples(place) if place.is_file() else list(folder_triples(FolderRequest(place, seed=seed)))
    triples = [triple for triple in found if triple.task == "speech"]
    for triple in triples:
        if triple.duration > WINDOW_SECONDS:
            raise UnusableClip(
                triple.clip, f"it lasts {triple.duration:.0f} s; cut it into parts of at most {WINDOW_SECONDS:g} s"
            )
        if not any(letter.isalnum() for letter in triple.answer):
            raise UnusableClip(triple.clip, "its text has no words")
    if not in_split(triples, "train"):
        raise NoRecordings(place)
    return triples
