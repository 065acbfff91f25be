"""Values that a running job has sent to the page, so that unchanged ones are not sent again."""

from __future__ import annotations

from typing import Any

import gradio as gr


class SentValues:
    """The values that a job has sent so far, by a name for each output."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def changed(self, name: str, value: Any) -> Any:
        """Return `value`, or `gr.skip()` if it is equal to the last one of this name."""
        if name in self._values and self._values[name] == value:
            return gr.skip()
        self._values[name] = value
        return value
