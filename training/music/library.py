"""The files that `dataset` made, as the networks are trained on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

Example = TypeVar("Example")


class Library(Generic[Example]):
    """All training pieces in a folder; those that are rendered meanwhile are taken up."""

    def __init__(self, folder: Path, load: Callable[[Path], Example]) -> None:
        self._folder = folder
        self._load = load
        self._examples: dict[Path, Example] = {}

    def examples(self) -> list[Example]:
        """Every piece that is there now."""
        for path in sorted(self._folder.glob("train-*.npz")):
            if path not in self._examples:
                self._examples[path] = self._load(path)
        return list(self._examples.values())

    def draws(self, rng: np.random.Generator, steps: int, batch: int) -> Iterator[list[Example]]:
        """`steps` times `batch` pieces; none comes again before all have come."""
        examples = self.examples()
        order = np.concatenate([rng.permutation(len(examples)) for _ in range(1 + steps * batch // len(examples))])
        for step in range(steps):
            yield [examples[i] for i in order[step * batch : (step + 1) * batch]]
