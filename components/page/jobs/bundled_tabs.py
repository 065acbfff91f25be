"""The results of all tabs in one bundle: each tab says how its own go in, and how they come back onto the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.page.jobs.kept_panes import KeptPanes, resumed_value
from components.page.jobs.live_jobs import is_skipped
from pipelines.bundle.errors import BundleRefused
from pipelines.clip.clip import AudioClip

Collect = Callable[..., dict[str, Any]]
Restore = Callable[[AudioClip, Any, str], Sequence[Any] | None]


@dataclass(frozen=True)
class _BundledTab:
    states: tuple[gr.State, ...]
    collect: Collect
    panes: tuple[gr.components.Component, ...]
    restore: Restore


class BundledTabs:
    """The results of all tabs; what comes back is kept as if a job had just ended, and the page shows it with its clip."""

    def __init__(self, panes: KeptPanes) -> None:
        self._panes = panes
        self._tabs: list[_BundledTab] = []

    def add(
        self,
        states: Sequence[gr.State],
        collect: Collect,
        panes: Sequence[gr.components.Component],
        restore: Restore,
    ) -> None:
        """Register the results of a tab.

        Args:
            states: hold the results that the page shows.
            collect: called with the clip and the values of `states`; returns fields of `BundleContents`.
            panes: outputs of the job that makes such results.
            restore: called with a clip, the contents of a bundle and the text that stands for the browser; returns what the job
                would have written into `panes` at its end, or None where the bundle has no such result.
        """
        self._tabs.append(_BundledTab(tuple(states), collect, tuple(panes), restore))

    @property
    def states(self) -> list[gr.State]:
        """The states of all tabs."""
        return [state for tab in self._tabs for state in tab.states]

    def results(self, clip: AudioClip, values: Sequence[Any]) -> dict[str, Any]:
        """Return the results that the page shows of `clip` as fields of `BundleContents`; `values` are those of `states`."""
        rest, fields = list(values), dict[str, Any]()
        for tab in self._tabs:
            own, rest = rest[: len(tab.states)], rest[len(tab.states) :]
            fields |= tab.collect(clip, *own)
        return fields

    def bring_back(self, clip: AudioClip, contents: Any, person: str) -> None:
        """Keep the results of a bundle, its `BundleContents`, for a person, so that they are shown with their clip.

        Raises:
            BundleRefused: a tab cannot show a result, whose values do not fit together. Nothing is kept.
        """
        try:
            written = [(tab, tab.restore(clip, contents, person)) for tab in self._tabs]
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            raise BundleRefused("its results cannot be shown") from error
        for tab, values in written:
            if values is not None:
                shown = {pane: value for pane, value in zip(tab.panes, values, strict=True) if not is_skipped(value)}
                self._panes.store(clip, person, shown)

    def refill(self, now: AudioClip | None, opened: Any) -> Any:
        """Return the value that lets the page ask for its panes again, where a bundle was opened on the clip that is open."""
        return resumed_value(["refill"]) if now is not None and now == opened else gr.skip()
