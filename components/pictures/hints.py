"""Hints below the prompts, where a prompt has no effect or the model does not know its words."""

from __future__ import annotations

import html

import gradio as gr

from components.page.events import QUIET
from components.pictures import labels
from models.errors import ModelError
from models.model_catalog import ModelCatalog
from pipelines.pictures.vocabulary import concepts, unknown_words
from pipelines.wording.grammar import listed

MAX_LISTED_WORDS = 4


def build_hint(elem_id: str | None = None) -> gr.HTML:
    """Build the empty hint below a box."""
    return gr.HTML("", elem_id=elem_id, elem_classes="hint", apply_default_css=False)


def connect_hints(catalog: ModelCatalog, inputs: list[gr.components.Component], drawn: gr.State, outputs: list[gr.HTML]) -> None:
    """Update the hints when a control changes; `inputs` and `outputs` are in the order of `hints_for`."""
    gr.on(
        [control.change for control in inputs],
        lambda last, model, weight, prompt, extra: hints_for(catalog, model, weight, prompt, extra, last.drawn_prompt),
        inputs=[drawn, *inputs],
        outputs=outputs,
        queue=False,
        **QUIET,
    )


def hints_for(
    catalog: ModelCatalog, model: str, audio_weight: float, prompt: str | None, extra_prompt: str | None, drawn_prompt: str = ""
) -> tuple[str, str]:
    """Return the hints below the prompt and below the extra prompt; empty where there is nothing to say.

    There is none about `drawn_prompt`, which a drawing wrote: the result says what became of it, and a hint would move the page.
    """
    text = (prompt or "").strip()
    if text == drawn_prompt.strip():
        text = ""
    first = _line(labels.UNUSED_PROMPT) if text and audio_weight == 1 else _unknown(catalog, model, text)
    return first, _unknown(catalog, model, extra_prompt or "")


def _unknown(catalog: ModelCatalog, model: str, text: str) -> str:
    """List the words that the model was not trained on."""
    try:
        words = unknown_words(text, catalog.choose("draw_pictures", model).spec) if text else ()
    except ModelError:  # it is shown when the person presses Draw
        return ""
    named = listed([f"“{html.escape(word)}”" for word in words[:MAX_LISTED_WORDS]])
    return _line(labels.UNKNOWN_WORDS.format(words=named, count=len(concepts()))) if words else ""


def _line(text: str) -> str:
    return f'<p role="status">{text}</p>'
