"""Inputs of an API caller that Gradio refuses, such as a path instead of an upload: the caller reads why."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.exceptions import InvalidPathError
from pydantic import ValidationError

from components.page.user_errors import errors_as_sentences
from models.errors import AudioscopeError, InvalidOption
from pipelines.clip.errors import ClipPathRefused

NO_UPLOAD = (InvalidPathError, ValidationError, OSError)
"""Errors for what names a file: it is elsewhere, has no right shape, or is no path of this system."""
NO_VALUE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class ImpossibleValue(AudioscopeError):
    """A request has a value that its control cannot have."""

    def __init__(self) -> None:
        super().__init__("A value of this request is of another kind than its control has: load the page again.")


def refuse_inputs_in_words(page: gr.Blocks) -> None:
    """Let `page` answer with a sentence; Gradio hides its own, which name folders of the server."""
    preprocess = page.preprocess_data

    async def preprocess_data(event: BlockFunction, inputs: list[Any], *others: Any, **options: Any) -> Any:
        with errors_as_sentences():
            if len(inputs) != len(event.inputs):
                raise InvalidOption("list of arguments", f"of {len(inputs)} values", f"one of {len(event.inputs)} values")
            try:
                return await preprocess(event, inputs, *others, **options)
            except NO_UPLOAD as error:
                raise ClipPathRefused from error
            except NO_VALUE as error:
                raise ImpossibleValue from error

    page.preprocess_data = preprocess_data
