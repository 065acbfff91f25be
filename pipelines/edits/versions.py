"""Versions of a result of a clip, one for each run whose items a person edited, with the edits that can be undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:  # Python 3.10 has it in no module of its own
    from typing_extensions import Self

MAX_VERSIONS = 10
"""Versions of one clip that are kept; the oldest go first."""
MAX_CHANGED_ITEMS = 20_000
"""Items in the edits that can be undone; the oldest edits go first."""

Item = TypeVar("Item")
VersionT = TypeVar("VersionT", bound="Version[Any]")


@dataclass(frozen=True)
class Change(Generic[Item]):
    """Items that took the place of others."""

    before: tuple[Item, ...]
    after: tuple[Item, ...]


@dataclass(frozen=True)
class Version(ABC, Generic[Item]):
    """A result as one run gave it, with the edits of its items since."""

    id: str
    made: float
    """Seconds since the epoch."""
    options: object
    """What the run was asked for."""
    done: tuple[Change[Item], ...] = field(default=(), kw_only=True)
    """Edits that can be undone, the first one first."""
    undone: tuple[Change[Item], ...] = field(default=(), kw_only=True)
    """Edits that can be done again, the last one undone at the end."""

    @property
    @abstractmethod
    def items(self) -> tuple[Item, ...]:
        """What can be edited, in order of time, with the edits."""

    @abstractmethod
    def replacing(self, items: tuple[Item, ...]) -> Self:
        """Return the version with these items in any order, and the same edits to undo."""

    @property
    def is_edited(self) -> bool:
        """Whether there are edits, or undone ones."""
        return bool(self.done or self.undone)

    def with_items(self, items: tuple[Item, ...]) -> Self:
        """Return the version after an edit that left these items."""
        after = self.replacing(items)
        change = _change(self.items, after.items)
        return replace(after, done=_recent((*self.done, change)), undone=()) if change else self

    def undo(self) -> Self:
        """Return the version before its last edit."""
        if not self.done:
            return self
        *done, last = self.done
        return replace(self._changed(last.after, last.before), done=tuple(done), undone=(*self.undone, last))

    def redo(self) -> Self:
        """Return the version with the edit that was undone last."""
        if not self.undone:
            return self
        *undone, last = self.undone
        return replace(self._changed(last.before, last.after), done=(*self.done, last), undone=tuple(undone))

    def _changed(self, gone: tuple[Item, ...], new: tuple[Item, ...]) -> Self:
        rest = list(self.items)
        for item in gone:
            rest.remove(item)
        return self.replacing((*rest, *new))


def _change(before: tuple[Item, ...], after: tuple[Item, ...]) -> Change[Item] | None:
    """Return what differs, without the equal items at both ends; None where nothing does."""
    first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    before, after = before[first:], after[first:]
    last = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(before), reversed(after), strict=False)))
    change = Change(before[: len(before) - last], after[: len(after) - last])
    return change if change.before or change.after else None


def _recent(changes: tuple[Change[Item], ...]) -> tuple[Change[Item], ...]:
    """Return the last changes that hold at most `MAX_CHANGED_ITEMS`, at least one."""
    items, first = 0, len(changes)
    for change in reversed(changes):
        items += len(change.before) + len(change.after)
        if items > MAX_CHANGED_ITEMS and first < len(changes):
            break
        first -= 1
    return changes[first:]


@dataclass(frozen=True)
class Versions(Generic[VersionT]):
    """The versions of one clip's result that one person has."""

    versions: tuple[VersionT, ...] = ()
    """In the order of their runs."""
    shown_id: str = ""
    """Id of the version on the page."""

    @property
    def shown(self) -> VersionT | None:
        """The version on the page."""
        return next((version for version in self.versions if version.id == self.shown_id), None)

    def latest(self, shown: VersionT) -> VersionT:
        """Return the version that a page shows, perhaps as it was before, with the edits since."""
        return next((version for version in self.versions if version.id == shown.id), shown)

    def with_version(self, version: VersionT) -> Versions[VersionT]:
        """Return these versions with a new one, or with a new state of one, on the page.

        One without edits that has the same options gives way to it.
        """
        if any(version.id == other.id for other in self.versions):
            versions = tuple(version if version.id == other.id else other for other in self.versions)
        else:
            kept = (other for other in self.versions if other.is_edited or other.options != version.options)
            versions = (*kept, version)
        return Versions(versions[-MAX_VERSIONS:], version.id)

    def showing(self, version_id: str) -> Versions[VersionT]:
        """Return these versions with another one on the page; an unknown id changes nothing."""
        known = any(version.id == version_id for version in self.versions)
        return replace(self, shown_id=version_id) if known else self
