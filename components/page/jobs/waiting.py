"""What a person reads who waits for others: for a turn, for a model, and for a turn in its batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from models.waiting import jobs_ahead
from pipelines.jobs.stop_flags import SessionJob

POLL_SECONDS = 0.25
MAX_MISSING_SECONDS = 10.0
"""How long a job may be on its way to its line; after that it was refused."""


def waiting_words(ahead: int) -> str:
    """Return the sentence for a place in line, e.g. 'Waiting: 1 job ahead'."""
    return f"Waiting: {ahead} job{'s' if ahead != 1 else ''} ahead"


def loading_words(otherwise: str) -> str:
    """Return the sentence for a job that has not begun to work: its place in line, or `otherwise` when its turn has come."""
    ahead = jobs_ahead()
    return waiting_words(ahead) if ahead else otherwise


def build_waiting_line(button: gr.Button) -> gr.HTML:
    """Build an empty line in the row of `button`."""
    row = button.parent
    line = gr.HTML("", elem_classes="waiting-place", apply_default_css=False, render=isinstance(row, gr.Blocks))
    if not isinstance(row, gr.Blocks):  # leaving the page's own context would end its building
        outer = row.parent
        with row:
            line.render()
        row.parent = outer  # it was entered a second time, from elsewhere
    return line


async def waiting_lines(job: SessionJob, session: str) -> AsyncIterator[str]:
    """Yield the waiting line of `job` as its place changes, '' while it works, until it has ended or is no longer shown."""
    shown, missing = "", 0.0
    while not job.ended and not job.stop.is_set() and session in job.sessions and missing < MAX_MISSING_SECONDS:
        ahead = job.place.jobs_ahead
        missing = 0.0 if job.running else missing + POLL_SECONDS
        line = f'<p role="status">{waiting_words(ahead)}</p>' if ahead else ""
        if line != shown:
            shown = line
            yield line
        await asyncio.sleep(POLL_SECONDS)
    yield ""
