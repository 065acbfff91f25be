"""What is said below the words of a picture where they would not do what one expects of them."""

from __future__ import annotations

import html

import gradio as gr

from components.page.events import QUIET
from models.errors import ModelError
from models.model_catalog import ModelCatalog
from pipelines.pictures.vocabulary import concepts, unknown_words
from pipelines.wording.grammar import listed

UNUSED = "Drawn only when the slider stands left of “the sound itself”."
MAX_NAMED = 4
"""Unknown words of one text."""


def build_hint() -> gr.HTML:
    """Below a box, empty."""
    return gr.HTML("", elem_classes="hint", apply_default_css=False)


def connect_hints(catalog: ModelCatalog, inputs: list[gr.components.Component], outputs: list[gr.HTML]) -> None:
    """`inputs` and `outputs` as `hints_for` has them."""
    gr.on(
        [control.change for control in inputs],
        lambda model, share, *texts: hints_for(catalog, model, share, *(text or "" for text in texts)),
        inputs=inputs,
        outputs=outputs,
        queue=False,
        **QUIET,
    )


def hints_for(
    catalog: ModelCatalog, model: str, sound_share: float, prompt: str | None, own_words: str | None
) -> tuple[str, str]:
    """What stands below the words about the sound, and below the person's own; empty where all is well."""
    is_unused = sound_share == 1 and bool((prompt or "").strip())
    return _line(UNUSED) if is_unused else _unknown(catalog, model, prompt or ""), _unknown(catalog, model, own_words or "")


def _unknown(catalog: ModelCatalog, model: str, text: str) -> str:
    """Which words the model was never shown."""
    try:
        words = unknown_words(text, catalog.choose("draw_pictures", model).spec) if text else ()
    except ModelError:  # whoever presses Draw reads it
        return ""
    named = listed([f"“{html.escape(word)}”" for word in words[:MAX_NAMED]])
    return _line(f"Unknown to this small model: {named}. It draws {len(concepts())} sources of sound.") if words else ""


def _line(text: str) -> str:
    return f'<p role="status">{text}</p>'
