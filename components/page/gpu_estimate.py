"""The line beside a job's button that says how much of the visitor's GPU time the job is estimated to take, on ZeroGPU alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from components.page.events import QUIET
from models.errors import AudioscopeError
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip


def build_gpu_estimate(runtime: ModelRuntime) -> gr.HTML | None:
    """Build an empty line; none where there is no ZeroGPU."""
    return gr.HTML("", elem_classes="gpu-estimate", apply_default_css=False) if runtime.gpu else None


def connect_gpu_estimate(
    line: gr.HTML | None, clip: gr.State, controls: Sequence[gr.components.Component], seconds: Callable[..., float]
) -> None:
    """Keep the line up to date with the clip and the controls.

    Args:
        line: as `build_gpu_estimate` returns it.
        clip: the page's clip.
        controls: those on which the time depends.
        seconds: the estimate for a clip and the values of the controls; 0 for a job that needs no GPU. It may raise.
    """
    if line is None:
        return

    def show(opened: AudioClip | None, *values: Any) -> str:
        if opened is None:
            return ""
        try:
            return estimate_markup(seconds(opened, *values))
        except AudioscopeError:
            return ""  # the button says it

    for component in (clip, *controls):
        component.change(show, inputs=[clip, *controls], outputs=line, queue=False, **QUIET)


def estimate_markup(seconds: float) -> str:
    """Return the line for an estimate in seconds."""
    words = f"About {max(1, round(seconds))} s of your GPU time" if seconds else "Needs none of your GPU time"
    return f'<p class="summary">{words}</p>'
