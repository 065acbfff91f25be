"""Results as language models read them: a summary first, and all of it on request.

A model reads what a tool returns word by word: an hour of words with their times would leave it no room for anything else.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from gradio.context import LocalContext

DETAILS_ARGUMENT = "details"
DETAILS = "for tools: whether everything is returned, not only what is brief; other callers always get everything."
MAX_ITEMS = 20
"""Items of a list in a brief result."""
MAX_CHARACTERS = 4000
"""Characters of a text in a brief result."""
LEFT_OUT = object()
"""Stands for a value that is left out; null is a value."""
MCP_USER = "mcp"
"""Header `x-gradio-user` of the calls that Gradio makes for MCP clients."""


def has_details(work: Callable[..., Any]) -> bool:
    """Return whether the results of an endpoint can be long: those with a JSON object, whose endpoint has no `details` itself."""
    signature = inspect.signature(work)
    return "dict" in str(signature.return_annotation) and DETAILS_ARGUMENT not in signature.parameters


def is_for_model() -> bool:
    """Return whether the call that is being served comes from an MCP client."""
    request = LocalContext.request.get(None)
    return request is not None and request.headers.get("x-gradio-user") == MCP_USER


def for_model(result: Any, details: bool) -> Any:
    """Return an endpoint's result with JSON texts instead of its objects, in their brief form unless `details`; files stay."""
    match result:
        case tuple():
            return tuple(for_model(part, details) for part in result)
        case dict() if "meta" not in result:
            return json.dumps(result if details else brief_document(result), ensure_ascii=False)
        case [dict() as first, *_] if "meta" not in first:
            return json.dumps(result, ensure_ascii=False)
    return result


def brief_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with a summary first, shorter lists, and without what is inside the items of lists.

    `left_out` names what is missing, with the number of its items.
    """
    left_out: dict[str, int] = {}
    short = {name: _shortened(value, name, left_out) for name, value in document.items()}
    kept = {name: value for name, value in short.items() if value is not LEFT_OUT}
    missing = {"left_out": left_out, "note": "Call again with details=true for everything."} if left_out else {}
    return {"summary": _summary(document), **kept, **missing}


def _summary(document: dict[str, Any]) -> str:
    """Return one line: the first words of the text, or what there is."""
    if text := document.get("text"):
        return str(text)[:200]
    counts = [f"{len(value)} {name}" for name, value in document.items() if isinstance(value, list) and value]
    plain = [f"{name} {value}" for name, value in document.items() if isinstance(value, int | float) and value]
    return ", ".join([*counts, *plain][:8])


def _shortened(value: Any, path: str, left_out: dict[str, int], is_item: bool = False) -> Any:
    match value:
        case str() if len(value) > MAX_CHARACTERS:
            left_out[path] = len(value) - MAX_CHARACTERS
            return value[:MAX_CHARACTERS]
        case dict():
            inner = {name: _shortened(item, f"{path}.{name}", left_out, is_item) for name, item in value.items()}
            return {name: item for name, item in inner.items() if item is not LEFT_OUT}
        case list() | tuple() if is_item and not all(isinstance(item, str | int | float) for item in value[:MAX_ITEMS]):
            left_out[path] = left_out.get(path, 0) + len(value)
            return LEFT_OUT
        case list() | tuple():
            if len(value) > MAX_ITEMS:
                left_out[path] = left_out.get(path, 0) + len(value) - MAX_ITEMS
            return [_shortened(item, f"{path}[]", left_out, is_item=True) for item in value[:MAX_ITEMS]]
    return value
