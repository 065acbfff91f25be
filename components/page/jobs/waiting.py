"""What a person reads who waits for others: in Gradio's queue, for a model, and for a turn in its batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import gradio as gr

from models.waiting import jobs_ahead
from pipelines.jobs.stop_flags import SessionJob

POLL_SECONDS = 0.25
MAX_MISSING_SECONDS = 10.0
"""How long a job may be neither in the queue nor running, on its way there; after that it was refused."""


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


def queue_of_page(concurrency_id: str, has_waiting_job: Callable[[str], bool]) -> Callable[[str], int]:
    """Return a function from a session's hash to the jobs before its own in a queue of the page that is being built.

    Args:
        concurrency_id: of the queue.
        has_waiting_job: called with the hash of a page's session. Pages without such a job can have an event in the queue that
            finds nothing to do; requests of the API are jobs, all of them.
    """
    page = gr.context.Context.root_block

    def ahead(session_hash: str) -> int:
        queue = page._queue.event_queue_per_concurrency_id.get(concurrency_id)
        events = queue.queue if queue else []
        jobs = [event for event in events if event.fn.api_visibility == "public" or has_waiting_job(event.session_hash)]
        sessions = list(dict.fromkeys(event.session_hash for event in jobs))
        return sessions.index(session_hash) + 1 if session_hash in sessions else 0

    return ahead


async def waiting_lines(job: SessionJob, session: str, in_queue: Callable[[], int]) -> AsyncIterator[str]:
    """Yield the waiting line of `job` as its place changes, '' while it works, until it has ended or is no longer shown."""
    shown, missing = "", 0.0
    while not job.ended and not job.stop.is_set() and session in job.sessions and missing < MAX_MISSING_SECONDS:
        ahead = job.place.jobs_ahead if job.running else in_queue()
        missing = 0.0 if job.running or ahead else missing + POLL_SECONDS
        line = f'<p role="status">{waiting_words(ahead)}</p>' if ahead else ""
        if line != shown:
            shown = line
            yield line
        await asyncio.sleep(POLL_SECONDS)
    yield ""
