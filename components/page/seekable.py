"""Markup whose elements with `data-seek` play that moment, of the clip `data-open` if there is one."""

from __future__ import annotations

import html

import gradio as gr

from components.page.page_script import page_script


def build_seekable(elem_id: str, value: str = "") -> gr.HTML:
    """Return an HTML component in whose value `<button data-seek="12.5">` plays from 12.5 s."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=page_script("page/seekable"), apply_default_css=False)


def open_button(name: str, content_hash: str, start: float) -> str:
    """Return a button that opens a clip and plays it from `start` seconds."""
    shown = html.escape(name)
    return (
        f'<button type="button" class="seek" data-seek="{start:.3f}" data-open="{content_hash}" data-name="{shown}"'
        f' title="Open and play this clip">{shown}</button>'
    )


def seek_button(text: str, start: float, title: str = "", extra: str = "") -> str:
    """Return a button that plays from `start` seconds; `text` and `title` are markup."""
    hint = f' title="{title}"' if title else ""
    return f'<button type="button" class="seek" data-seek="{start:.3f}"{hint}{extra}>{text}</button>'
