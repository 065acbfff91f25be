"""Rules about the splits and the labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from training.data.check.findings import Finding, finding
from training.data.triples import SPLITS, Triple

MIN_LABEL_CLIPS = 2
LABEL_FACTS = ("tags", "genre", "family", "tempo", "mode", "metre")
"""Facts whose values are labels, or lists of them."""


def split_findings(triples: Sequence[Triple], apart: Sequence[str]) -> Iterator[Finding]:
    """Yield empty splits, and what is in two splits: a source, a file, a value of the facts named in `apart`."""
    present = {triple.split for triple in triples}
    missing = [split for split in SPLITS if split not in present]
    yield from finding("empty split", "error" if "train" in missing else "warning", "It has no triples.", missing)
    advice = "The test measures what was learned by heart: put all of it into one split."
    for name in ("source", "file", *apart):
        splits: dict[str, set[str]] = defaultdict(set)
        for triple in triples:
            if value := _value(triple, name):
                splits[value].add(triple.split)
        shared = [f"{value} ({', '.join(sorted(found))})" for value, found in splits.items() if len(found) > 1]
        yield from finding(f"same {name} in two splits", "error", advice, shared)


def _value(triple: Triple, name: str) -> str:
    """Return the source, the file or a fact; '' where a triple has no such fact."""
    if name == "source":
        return triple.source
    return str(triple.clip) if name == "file" else str(triple.facts.get(name, ""))


def label_findings(triples: Sequence[Triple], vocabulary: Sequence[str]) -> Iterator[Finding]:
    """Yield labels without examples: asked for in a test but never trained, in the vocabulary but never seen, or hardly seen.

    Args:
        triples: of a data set.
        vocabulary: labels that a training expects; empty if it takes those of the data.
    """
    clips: dict[str, dict[str, set[tuple[str, float]]]] = {split: defaultdict(set) for split in SPLITS}
    for triple in triples:
        for label in labels_of(triple):
            clips[triple.split][label].add((str(triple.clip), triple.start))
    trained = {label: len(found) for label, found in clips["train"].items()}
    known = {label.partition(": ")[2] for each in clips.values() for label in each}
    yield from finding(
        "label without any example", "error", "Nothing can be learned of it.", (x for x in vocabulary if x not in known)
    )
    asked = {label for split in ("validation", "test") for label in clips[split]}
    untrained = sorted(asked - set(trained)) if trained else []
    yield from finding("label without training example", "error", "It is measured, but cannot be learned.", untrained)
    rare = [f"{label} ({count})" for label, count in sorted(trained.items()) if count < MIN_LABEL_CLIPS]
    yield from finding("rare label", "warning", f"It has fewer than {MIN_LABEL_CLIPS} clips in train.", rare)
    unmeasured = sorted(set(trained) - asked) if asked else []
    yield from finding("label that is not measured", "warning", "Neither validation nor test has it.", unmeasured)


def labels_of(triple: Triple) -> list[str]:
    """Return the labels of a triple's facts as 'fact: label'."""
    labels = []
    for name in LABEL_FACTS:
        value = triple.facts.get(name)
        values = value if isinstance(value, list | tuple) else [] if value is None else [value]
        labels += [f"{name}: {each}" for each in values]
    return labels


def balance(triples: Sequence[Triple]) -> dict[str, Counter[str]]:
    """Return the number of triples of each task in each split."""
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for triple in triples:
        counts[triple.split][triple.task] += 1
    return counts
