"""One look for every tab: a Gradio theme over the colours that the timeline and our own style share."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

STYLE_FILE = Path(__file__).parent / "style.css"
FONTS = ("system-ui", "Segoe UI", "Roboto", "sans-serif")
MONOSPACE_FONTS = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def style_markup() -> str:
    """Our style for the page's head; Gradio would rewrite the selectors of a style given as `css`, and break media queries."""
    return f"<style>{STYLE_FILE.read_text(encoding='utf-8')}</style>"


def build_theme() -> gr.themes.Base:
    """System fonts only (nothing is fetched), one accent, one grey scale."""
    theme = gr.themes.Base(font=FONTS, font_mono=MONOSPACE_FONTS, radius_size=gr.themes.sizes.radius_md)
    return theme.set(
        body_background_fill="#f7f7f5",
        body_background_fill_dark="#15171a",
        body_text_color="#1c1d1f",
        body_text_color_dark="#e9eaec",
        body_text_color_subdued="#62656b",
        body_text_color_subdued_dark="#9a9ea6",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1d2024",
        background_fill_secondary="#f7f7f5",
        background_fill_secondary_dark="#15171a",
        border_color_primary="#e4e4e0",
        border_color_primary_dark="#2d3137",
        border_color_accent="#2f5d8c",
        border_color_accent_dark="#8ab6e6",
        color_accent="#2f5d8c",
        color_accent_soft="#e8eff7",
        color_accent_soft_dark="#22303f",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1d2024",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_text_size="13px",
        block_title_text_size="13px",
        block_title_text_weight="400",
        block_title_text_color="#62656b",
        block_title_text_color_dark="#9a9ea6",
        input_background_fill="#f7f7f5",
        input_background_fill_dark="#15171a",
        input_border_color="#e4e4e0",
        input_border_color_dark="#2d3137",
        input_radius="8px",
        input_shadow="none",
        button_primary_background_fill="#2f5d8c",
        button_primary_background_fill_dark="#8ab6e6",
        button_primary_background_fill_hover="#274f78",
        button_primary_background_fill_hover_dark="#a2c5ec",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#10202f",
        button_primary_border_color="#2f5d8c",
        button_primary_border_color_dark="#8ab6e6",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1d2024",
        button_secondary_background_fill_hover="#e8eff7",
        button_secondary_background_fill_hover_dark="#22303f",
        button_secondary_border_color="#e4e4e0",
        button_secondary_border_color_dark="#2d3137",
        button_secondary_text_color="#1c1d1f",
        button_secondary_text_color_dark="#e9eaec",
        button_border_width="1px",
        button_large_radius="8px",
        button_large_text_size="15px",
        button_large_text_weight="400",
        button_large_padding="6px 14px",
    )
