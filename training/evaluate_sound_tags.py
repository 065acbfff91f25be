"""How well sounds are named: `python -m training.evaluate_sound_tags` prints the table for the sounds of tuxpaint-stamps-default.

`fitting_labels.json` was written before the ranking was tuned: a label fits if it names the animal, its voice or the family that
AudioSet puts directly above it, the instrument or its family, the vehicle or its sound; 'Animal' and 'Wild animals' fit only
animals without a class of their own. A recording that stands for several animals counts once; a silent one does not count.
The group 'other' was not tuned on, but it was looked at. Needs the Debian package tuxpaint-stamps-default.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.clip.errors import SilentClip
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import TagOptions
from services import Services, build_services
from settings import Settings

STAMPS = Path("/usr/share/tuxpaint/stamps")
LABELS = Path(__file__).with_name("fitting_labels.json")
SHORTEST_SECONDS = 0.5
NAMES = 3
CRITERION = ("animal", "instrument", "vehicle")
VAGUE_CLASSES = {"Animal", "Wild animals"}


@dataclass(frozen=True)
class Outcome:
    """One sound, what was said of it and what would have been right."""

    sound: str
    group: str
    fitting: frozenset[str]
    ours: tuple[str, ...]
    bare: tuple[str, ...]
    """Classes by their mean score over the patches, all 521."""

    def hit(self, names: int = NAMES) -> bool:
        """Return whether a fitting label is among the first `names` of ours."""
        return bool(self.fitting.intersection(self.ours[:names]))

    def bare_hit(self, names: int) -> bool:
        """Return whether bare YAMNet has a fitting label among its first `names`."""
        return bool(self.fitting.intersection(self.bare[:names]))

    def strict_hit(self) -> bool:
        """Return `hit`, with 'Animal' and 'Wild animals' never fitting."""
        return bool((self.fitting - VAGUE_CLASSES).intersection(self.ours))


def outcomes(services: Services) -> Iterator[Outcome]:
    """Yield every sound of the list that is not silent and long enough."""
    for row in json.loads(LABELS.read_text(encoding="utf-8")):
        try:
            clip = services.clips.open(STAMPS / row["sounds"][0])
        except SilentClip:
            continue
        if clip.duration > SHORTEST_SECONDS:
            *_, tags = tag_sounds(clip, TagOptions(names=NAMES), services.runtime)
            bare = tuple(class_tree().names[i] for i in np.argsort(-tags.scores.mean(axis=0)))
            ours = tuple(tag.name for tag in tags.top)
            yield Outcome(row["sounds"][0], row["group"], frozenset(row["fitting"]), ours, bare)


def main() -> None:
    """Print every sound, then the rates."""
    with tempfile.TemporaryDirectory() as folder:
        results = list(outcomes(build_services(Settings(data_dir=Path(folder), clip_dir=Path(folder) / "clips"))))
    for outcome in results:
        mark = "yes" if outcome.hit() else "no "
        print(f"{mark} {Path(outcome.sound).stem:24} {'; '.join(outcome.ours):70} bare: {'; '.join(outcome.bare[:NAMES])}")
    print(f"\n{'group':12}{'sounds':>8}{'bare top 3':>12}{'bare top 4':>12}{'top 3':>8}{'top 3 without umbrellas':>26}")
    for title, groups in (*((group, (group,)) for group in CRITERION), ("criterion", CRITERION), ("other", ("other",))):
        of_group = [outcome for outcome in results if outcome.group in groups]
        columns = (
            [outcome.bare_hit(3) for outcome in of_group],
            [outcome.bare_hit(4) for outcome in of_group],
            [outcome.hit() for outcome in of_group],
            [outcome.strict_hit() for outcome in of_group],
        )
        rates = [f"{np.mean(column):.0%}" for column in columns]
        print(f"{title:12}{len(of_group):>8}{rates[0]:>12}{rates[1]:>12}{rates[2]:>8}{rates[3]:>26}")


if __name__ == "__main__":
    main()
