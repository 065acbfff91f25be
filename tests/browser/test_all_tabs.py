"""Every tab by keyboard alone and on a narrow screen: all controls are reached, the focus shows, nothing runs off the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.app_process import RunningApp
from tests.browser.conftest import NewPage
from tests.browser.page_actions import FOLDS, NO_TRANSITIONS, open_tab, set_theme, take_example, visit, wait_for_state

pytestmark = [pytest.mark.browser, pytest.mark.models]

TABS = ("Transcribe", "Music & sound", "Sound to image", "Embeddings", "Models")
PHONE_WIDTH = 375
MAX_TABS = 400
WATCH = """
const selector = 'button, input, select, textarea, a[href], summary, [tabindex]';
const isThere = (element) => element.tabIndex >= 0 && !element.disabled && !element.closest('[inert]')
  && element.checkVisibility({visibilityProperty: true, opacityProperty: true}) && element.getBoundingClientRect().width > 2
  && !(element.type === 'radio' && !element.checked && document.querySelector(`input[name="${element.name}"]:checked`));
const name = (element) => `${element.tagName.toLowerCase()}.${element.className} ${
  element.getAttribute('aria-label') || element.textContent.trim().slice(0, 40) || element.value || ''}`;
const look = (element) => {
  const parts = [];
  for (let part = element, i = 0; part && i < 4; part = part.parentElement, i += 1) {
    const {outline, outlineStyle, boxShadow, borderColor, backgroundColor, opacity} = getComputedStyle(part);
    parts.push([outlineStyle === 'none' ? '' : outline, boxShadow, borderColor, backgroundColor, opacity]);
  }
  return JSON.stringify(parts);
};
window.walk = {
  reached: new Set(),
  unseen: [],
  controls: () => [...document.querySelectorAll(selector)].filter(isThere),
  step() {
    const now = document.activeElement;
    if (now === document.body) return true;
    if (walk.reached.has(now)) return false;
    walk.reached.add(now);
    const focused = look(now);
    now.blur();
    if (look(now) === focused) walk.unseen.push(name(now));
    now.focus({focusVisible: true, preventScroll: true});
    return true;
  },
  mouseOnly: () => [...document.querySelectorAll('.gradio-container *')]
    .filter((element) => element.checkVisibility() && getComputedStyle(element).cursor === 'pointer')
    // words and options have arrows, see test_transcript.py; the overview does what the player's arrows do
    .filter((element) => !element.closest(`${selector}, label, .word, .as-mini, [role=option]`)).map(name),
  missed: () => walk.controls().filter((element) => !walk.reached.has(element)).map(name),
};
"""


CUT_OFF = """() => {
  const isScrolled = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const scrolls = (element) => element && (isScrolled(element) || scrolls(element.parentElement));
  const isSeen = (element) => element.checkVisibility() && !element.closest('.visually-hidden');
  return [...document.querySelectorAll('.gradio-container *')]
    .filter((element) => isSeen(element) && element.getBoundingClientRect().right > innerWidth && !scrolls(element))
    .map((element) => `${element.tagName} ${element.className} ${element.textContent.slice(0, 40)}`);
}"""
"""Elements that end beyond the page's right edge, where nothing can be scrolled."""


def open_tab_and_folds(page: Page, tab: str) -> None:
    """Open a tab and everything that is folded in it."""
    open_tab(page, tab)
    folds = page.locator(FOLDS).locator("visible=true")
    while folds.count():
        folds.first.click()


def spoken(page: Page, app: RunningApp) -> Page:
    """The page with the transcribed example of speech."""
    visit(page, app)
    take_example(page, "Speech")
    wait_for_state(page, "done")
    return page


def test_every_control_is_reached_by_keyboard_and_shows_its_focus(app: RunningApp, new_page: NewPage) -> None:
    page = spoken(new_page(), app)
    page.add_style_tag(content=NO_TRANSITIONS)
    for tab in TABS:
        open_tab_and_folds(page, tab)
        page.evaluate(WATCH)
        for _ in range(MAX_TABS):
            page.keyboard.press("Tab")
            if not page.evaluate("walk.step()"):
                break
        assert page.evaluate("walk.missed()") == [], tab
        assert page.evaluate("walk.mouseOnly()") == [], tab
        assert page.evaluate("walk.unseen") == [], tab


def test_every_tab_fits_a_phone_light_and_dark(app: RunningApp, new_page: NewPage) -> None:
    page = spoken(new_page(width=PHONE_WIDTH, height=844, touch=True), app)
    pill = page.locator(".pill").bounding_box()
    assert pill is not None
    assert pill["x"] + pill["width"] <= PHONE_WIDTH
    for tab in TABS:
        open_tab_and_folds(page, tab)
        for is_dark in (False, True):
            set_theme(page, is_dark)
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH, tab
            assert page.evaluate(CUT_OFF) == [], tab
