"""Long jobs of a tab: their buttons, a Stop for each person, and their end when another clip is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import wraps
from typing import Any

import gradio as gr
from gradio.events import Dependency

from components.page.events import QUIET, borrowing
from pipelines.clip.clip import AudioClip
from pipelines.jobs.stop_flags import SessionJob
from services import Services
from settings import Settings

Buttons = list[gr.Button] | dict[str, Any]
"""The buttons of a job, or `gr.skip()`."""


class TabJob:
    """One kind of job. The last of its buttons is Stop; the others begin it, and are disabled while it runs."""

    def __init__(
        self, services: Services, name: str, buttons: Sequence[gr.Button], queue: Callable[[Settings], dict[str, Any]] = borrowing
    ) -> None:
        """Build a job that `name` identifies among those of a session; its work stands in `queue`."""
        self._services = services
        self._queue = queue(services.settings)
        self._name = name
        self._buttons = list(buttons)
        self._buttons[-1].click(self._stop, queue=False, **QUIET)

    def on(
        self,
        pressed: Callable[..., Dependency],
        clip: gr.State,
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
    ) -> Dependency:
        """Run `work` in the job's queue at the event `pressed`; return the event of its end.

        `work` takes the values of `inputs` and a `gr.Request`, and yields values of `outputs`.
        """
        once = {**QUIET, "trigger_mode": "once"}  # a double click begins one job
        return self._after(pressed(self.begin, inputs=clip, outputs=self._buttons, queue=False, **once), work, inputs, outputs)

    def follow(
        self,
        moved: Callable[..., Dependency],
        begin: Callable[..., Buttons],
        begin_inputs: Sequence[gr.components.Component],
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
    ) -> Dependency:
        """Like `on`, for a control that may move again: `begin` returns the buttons and begins a job if there is one to run."""
        began = moved(begin, inputs=list(begin_inputs), outputs=self._buttons, queue=False, **QUIET)
        return self._after(began, work, inputs, outputs)

    def _after(
        self,
        began: Dependency,
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
    ) -> Dependency:
        ran = began.then(self.shown(work), inputs=list(inputs), outputs=list(outputs), **self._queue, **QUIET)
        return ran.then(self.end, outputs=self._buttons, queue=False, **QUIET)

    def shown(self, work: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Return the generator function `work` such that it ends when the person opens another clip, and the job with it."""

        @wraps(work)
        def stream(*values: Any) -> Iterator[Any]:
            request = next(value for value in values if isinstance(value, gr.Request))
            updates: Any = work(*values)
            with self._services.stop_flags.job(self._session(request)) as job, closing(updates):
                for update in updates:
                    if job.left:
                        return
                    yield update

        return stream

    def begin(self, clip: AudioClip | None, request: gr.Request) -> list[gr.Button]:
        """Register a job on `clip`, which Stop ends from now on; return the buttons of a running job."""
        self._services.stop_flags.begin(self._session(request), _subject(clip))
        return self._buttons_while(running=True)

    def end(self, request: gr.Request) -> Buttons:
        """Return the buttons of no job; none if a later job is running."""
        return self._buttons_while(running=False) if self._services.stop_flags.is_over(self._session(request)) else gr.skip()

    def end_unless_running(self, clip: AudioClip | None, request: gr.Request) -> Buttons:
        """End a chain of events that may have begun no job, during which the person may have begun one."""
        return gr.skip() if self.keep_running(clip, request) else self.end(request)

    def current(self, request: gr.Request) -> SessionJob:
        """Return this person's job; calling it returns whether to stop."""
        return self._services.stop_flags.current(self._session(request))

    def keep_running(self, clip: AudioClip | None, request: gr.Request) -> bool:
        """Return whether a job on `clip` is running; stop a job on any other clip."""
        return self._services.stop_flags.stop_unless(self._session(request), _subject(clip))

    def _stop(self, request: gr.Request) -> None:
        self._services.stop_flags.stop(self._session(request))

    def _buttons_while(self, running: bool) -> list[gr.Button]:
        return [*(gr.Button(interactive=not running) for _ in self._buttons[:-1]), gr.Button(interactive=running)]

    def _session(self, request: gr.Request) -> str:
        return f"{request.session_hash}/{self._name}"


def _subject(clip: AudioClip | None) -> str:
    return clip.content_hash if clip else ""
