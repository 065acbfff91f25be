"""The whole check of a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from training.data.check.clip_rules import clip_findings, duplicate_findings
from training.data.check.findings import Finding
from training.data.check.near_duplicates import near_duplicate_findings
from training.data.check.scanning import ScannedClip, scan
from training.data.check.split_rules import label_findings, split_findings
from training.data.check.text_rules import text_findings
from training.data.features import FeatureFiles
from training.data.triples import Triple


@dataclass(frozen=True)
class CheckOptions:
    """What a data set is held to."""

    min_rate: int = 16_000
    """Hz that the encoder takes."""
    language: str = "en"
    """Language of the texts; '' for any."""
    apart: tuple[str, ...] = ()
    """Facts whose values must not be in two splits, such as 'soundfont'."""
    vocabulary: tuple[str, ...] = ()
    """Labels that must have examples."""


def check(
    triples: Sequence[Triple],
    options: CheckOptions = CheckOptions(),
    features: FeatureFiles | None = None,
    on_clip: Callable[[int], None] | None = None,
) -> list[Finding]:
    """Return all that is wrong with a data set, errors first.

    Args:
        triples: of all splits.
        options: what it is held to.
        features: encoder states by which near duplicates are sought; None to leave them out.
        on_clip: called with the number of clips that were decoded so far.
    """
    clips: list[ScannedClip] = []
    for clip in scan(triples):
        clips.append(clip)
        if on_clip:
            on_clip(len(clips))
    found = list(_findings(triples, clips, options, features))
    return sorted(found, key=lambda each: each.severity != "error")


def _findings(
    triples: Sequence[Triple], clips: Sequence[ScannedClip], options: CheckOptions, features: FeatureFiles | None
) -> Iterator[Finding]:
    yield from clip_findings(clips, options.min_rate)
    yield from duplicate_findings(clips)
    yield from split_findings(triples, options.apart)
    if features is not None:
        yield from near_duplicate_findings(clips, features)
    yield from text_findings(triples, options.language)
    yield from label_findings(triples, options.vocabulary)
