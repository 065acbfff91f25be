"""The tabs of the page, which the timeline and the page's scripts know by their ids."""

from __future__ import annotations

from typing import Literal

import gradio as gr

TabId = Literal["transcribe", "music", "pictures", "embeddings", "models"]
TITLES: dict[TabId, str] = {
    "transcribe": "Transcribe",
    "music": "Music & sound",
    "pictures": "Sound to image",
    "embeddings": "Embeddings",
    "models": "Models",
}


def build_tabs() -> gr.Tabs:
    """Build the bar of tabs. On a narrow page it scrolls: Gradio would put those without room into a menu."""
    return gr.Tabs(elem_id="tabs", overflow_behavior="wrap")


def build_tab(tab: TabId) -> gr.Tab:
    """Build the tab `tab`, to be filled as a context."""
    return gr.Tab(TITLES[tab], id=tab)
