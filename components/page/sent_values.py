"""What a running job sends to the page: only what is not there already."""

from __future__ import annotations

from typing import Any

import gradio as gr


class SentValues:
    """The values that a job has sent so far, by a name for each output."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def changed(self, name: str, value: Any) -> Any:
        """`value`, or if it was the last one of this name what leaves the output as it is."""
        if name in self._values and self._values[name] == value:
            return gr.skip()
        self._values[name] = value
        return value
