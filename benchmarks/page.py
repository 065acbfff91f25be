"""The page on its way to a browser: bytes of a first visit, and the time until it can be used, against an empty Gradio page."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.report import Figure, at_most
from benchmarks.start import EMPTY_APP
from tests.app_process import ROOT, running_app
from tests.browser.conftest import CHROMIUM, FLAGS

ROUNDS = 8
TIME_BOUND = 1.15
BYTES_BOUND = 300.0
SETTLE_MS = 2000
"""After the page can be used, until what it asks for later is there."""
DENSE_SECONDS = 5.0
"""After the first visit, until its files are densely compressed."""


def figures() -> list[Figure]:
    """Return the bytes of a visit without a cache, and the ratio of the fastest visits, taken in turn."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        empty = folder / "empty_app.py"
        empty.write_text(EMPTY_APP + "page.block_thread()\n")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with running_app(folder / "ours", ROOT / "app.py") as ours, running_app(folder / "empty", empty) as theirs:
            body_bytes(browser, ours.address)
            time.sleep(DENSE_SECONDS)
            kilobytes = body_bytes(browser, ours.address) / 1000
            pairs = [
                (usable_seconds(browser, ours.address, "button#transcribe"), usable_seconds(browser, theirs.address, ".prose"))
                for _ in range(ROUNDS + 1)
            ][1:]
        browser.close()
    fastest, fastest_empty = (min(column) for column in zip(*pairs, strict=True))
    claim = f"time until the page can be used ({fastest:.2f} s), against an empty Gradio page ({fastest_empty:.2f} s)"
    return [
        at_most("compressed contents of a first visit", kilobytes, BYTES_BOUND, " kB", 0),
        at_most(claim, fastest / fastest_empty, TIME_BOUND, "x"),
    ]


def body_bytes(browser: Browser, address: str) -> int:
    """Return the bytes of all answers' bodies as they were sent, to a browser that has nothing in its cache."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".pill")).to_be_visible()
    page.wait_for_timeout(SETTLE_MS)
    sent = page.evaluate("""[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .reduce((sum, entry) => sum + entry.encodedBodySize, 0)""")
    context.close()
    return int(sent)


def usable_seconds(browser: Browser, address: str, selector: str) -> float:
    """Return the time from the request until the element is there, to a browser that has nothing in its cache."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(selector).first.wait_for()
    seconds = time.perf_counter() - began
    context.close()
    return seconds
