"""The look of every tab: a Gradio theme, and the styles of the rooms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

COMPONENTS = Path(__file__).parent.parent
STYLES = (
    "page/style",
    "clip/style",
    "clip/open_panel",
    "everything/style",
    "page/cards",
    "page/edits",
    "transcription/style",
    "music/style",
    "notes/style",
    "page/tables",
    "model_status/style",
    "embeddings/map",
    "embeddings/style",
    "pictures/style",
    "timeline/colours",
    "timeline/timeline",
)
"""Files under `components/` in the order of the cascade; colours.css defines the colours as --as-* variables."""
FONTS = ("system-ui", "Segoe UI", "Roboto", "sans-serif")
MONOSPACE_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")

INK = ("#1c1d1f", "#e9eaec")
SOFT = ("#62656b", "#9a9ea6")
PAGE = ("#f7f7f5", "#15171a")
CARD = ("#ffffff", "#1d2024")
LINE = ("#e4e4e0", "#2d3137")
ACCENT = ("#2f5d8c", "#8ab6e6")
ACCENT_HOVER = ("#274f78", "#a2c5ec")
ACCENT_SOFT = ("#e8eff7", "#22303f")
ON_ACCENT = ("#ffffff", "#10202f")
COLOURS = {
    "body_background_fill": PAGE,
    "body_text_color": INK,
    "body_text_color_subdued": SOFT,
    "background_fill_primary": CARD,
    "background_fill_secondary": PAGE,
    "border_color_primary": LINE,
    "border_color_accent": ACCENT,
    "color_accent_soft": ACCENT_SOFT,
    "block_background_fill": CARD,
    "block_title_text_color": SOFT,
    "input_background_fill": PAGE,
    "input_border_color": LINE,
    "button_primary_background_fill": ACCENT,
    "button_primary_background_fill_hover": ACCENT_HOVER,
    "button_primary_text_color": ON_ACCENT,
    "button_primary_border_color": ACCENT,
    "button_secondary_background_fill": CARD,
    "button_secondary_background_fill_hover": ACCENT_SOFT,
    "button_secondary_border_color": LINE,
    "button_secondary_text_color": INK,
}
"""Gradio's theme variables, each as (light, dark)."""
SIZES = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "block_label_text_size": "13px",
    "block_title_text_size": "13px",
    "block_title_text_weight": "400",
    "input_radius": "8px",
    "input_shadow": "none",
    "button_border_width": "1px",
    "button_large_radius": "8px",
    "button_large_text_size": "15px",
    "button_large_text_weight": "400",
    "button_large_padding": "6px 14px",
}


def style_markup(names: Sequence[str] = STYLES) -> str:
    """Return the <style> element for the page's head, with the files `names` of `STYLES`.

    Gradio would rewrite the selectors of a style given as `css`, and break media queries.
    """
    styles = ((COMPONENTS / f"{name}.css").read_text(encoding="utf-8") for name in names)
    return f"<style>{''.join(styles)}</style>"


def build_theme() -> gr.themes.Base:
    """Return the theme: system fonts (nothing is fetched), one accent, one grey scale."""
    theme = gr.themes.Base(font=FONTS, font_mono=MONOSPACE_FONTS, radius_size=gr.themes.sizes.radius_md)
    light = {name: colours[0] for name, colours in COLOURS.items()}
    dark = {f"{name}_dark": colours[1] for name, colours in COLOURS.items()}
    return theme.set(color_accent=ACCENT[0], **light, **dark, **SIZES)
