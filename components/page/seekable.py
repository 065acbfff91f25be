"""Markup in which a click on something with `data-seek` plays that moment, of the clip that `data-open` names if there is one."""

from __future__ import annotations

import html

import gradio as gr

from components.page.page_script import page_script


def build_seekable(elem_id: str, value: str = "") -> gr.HTML:
    """An HTML component; `<button data-seek="12.5">` in its value plays from 12.5 s; see also `open_button`."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=page_script("page/seekable"), apply_default_css=False)


def open_button(name: str, content_hash: str, start: float) -> str:
    """A button that makes a clip the open one and plays it from `start` seconds."""
    shown = html.escape(name)
    return (
        f'<button type="button" class="seek" data-seek="{start:.3f}" data-open="{content_hash}" data-name="{shown}"'
        f' title="Open and play this clip">{shown}</button>'
    )


def seek_button(text: str, start: float, title: str = "", extra: str = "") -> str:
    """A button that plays from `start` seconds; `text` and `title` are markup already."""
    hint = f' title="{title}"' if title else ""
    return f'<button type="button" class="seek" data-seek="{start:.3f}"{hint}{extra}>{text}</button>'
