"""Inputs of an API caller that Gradio refuses, such as a path instead of an upload: the caller reads why."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.exceptions import InvalidPathError

from components.page.user_errors import errors_as_sentences
from models.errors import InvalidOption
from pipelines.clip.errors import ClipPathRefused


def refuse_inputs_in_words(page: gr.Blocks) -> None:
    """Let `page` answer with a sentence; Gradio hides its own, which name folders of the server."""
    preprocess = page.preprocess_data

    async def preprocess_data(event: BlockFunction, inputs: list[Any], *others: Any, **options: Any) -> Any:
        with errors_as_sentences():
            if len(inputs) != len(event.inputs):
                raise InvalidOption("list of arguments", f"of {len(inputs)} values", f"one of {len(event.inputs)} values")
            try:
                return await preprocess(event, inputs, *others, **options)
            except InvalidPathError as error:
                raise ClipPathRefused from error

    page.preprocess_data = preprocess_data
