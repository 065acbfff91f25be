"""Markup in which a click on something with `data-seek` plays that moment."""

from __future__ import annotations

import gradio as gr

from components.page_script import page_script


def build_seekable(elem_id: str, value: str = "") -> gr.HTML:
    """An HTML component; `<button data-seek="12.5">` in its value plays from 12.5 s."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=page_script("seekable"), apply_default_css=False)


def seek_button(text: str, start: float, title: str = "", extra: str = "") -> str:
    """A button that plays from `start` seconds; `text` and `title` are markup already."""
    hint = f' title="{title}"' if title else ""
    return f'<button type="button" class="seek" data-seek="{start:.3f}"{hint}{extra}>{text}</button>'
