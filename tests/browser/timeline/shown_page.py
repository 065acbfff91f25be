"""The demo page as tests see it: what it shows, and what its script's state holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

STATE = "const t = document.querySelector('.as-timeline').timeline"
SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav")
HOUR_SAMPLE_RATE = 4_000  # Hz
KINDS = ("sections", "words", "chords", "beats", "notes", "tags", "embedding", "story")
PAINTED = """row => {
    const canvas = document.querySelector(row + ' canvas');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0);
}"""
DOTS = """(row => {
    const canvas = document.querySelector(row + ' canvas');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return data.reduce((sum, value, place) => (sum + value * (place % 251)) % 1000003, 0);
})"""

OpenPage = Callable[..., "Timeline"]


@dataclass(frozen=True)
class Timeline:
    """A page with the timeline on it, seen through the state that its script shows."""

    page: Page

    def value(self, expression: str) -> object:
        return self.page.evaluate(f"(() => {{ {STATE}; return {expression}; }})()")

    def until(self, condition: str) -> None:
        self.page.wait_for_function(f"(() => {{ {STATE}; return {condition}; }})()")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def time(self) -> float:
        return float(str(self.value("t.state.time")))

    def duration(self) -> float:
        return float(str(self.value("t.view.duration")))

    def point(self, row: str, fraction: float) -> tuple[float, float]:
        """A place on a row: the middle of its height, `fraction` of its width."""
        canvas = self.page.locator(f"{row} canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        return box["x"] + fraction * box["width"], box["y"] + box["height"] / 2

    def received(self, text: str) -> None:
        expect(self.page.locator("#received textarea")).to_have_value(text)


def with_tracks(timeline: Timeline) -> Timeline:
    timeline.press("Show")
    timeline.until("t.state.clip && t.view.duration > 0")
    timeline.press("Tracks")
    timeline.until(f"t.state.tracks.size === {len(KINDS)}")
    timeline.page.evaluate("document.activeElement.blur()")
    return timeline


def painted(timeline: Timeline, row: str) -> bool:
    return bool(timeline.page.evaluate(PAINTED, row))


def dots(timeline: Timeline, row: str) -> int:
    return int(timeline.page.evaluate(f"{DOTS}('{row}')"))
