"""The life of a long job on the page: its buttons, a Stop that is this person's alone, and what another clip does to it."""

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

Buttons = list[gr.Button] | dict[str, Any]
"""Those of a job, or what leaves them as they are."""


class TabJob:
    """One kind of job. Of its buttons the last is Stop; the others begin it, and rest while it runs."""

    def __init__(self, services: Services, name: str, buttons: Sequence[gr.Button]) -> None:
        """`name` sets its Stop apart from those of the other tabs."""
        self._services = services
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
        """At the event `pressed` do `work` in the queue of the models; the value is the event of its end.

        `work` takes the values of `inputs` and a `gr.Request`, and yields what `outputs` are to show.
        """
        once = {**QUIET, "trigger_mode": "once"}  # as a double click is meant
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
        """As `on`, for a control that was moved, perhaps not for the last time: `begin` begins a job if there is one to do."""
        began = moved(begin, inputs=list(begin_inputs), outputs=self._buttons, queue=False, **QUIET)
        return self._after(began, work, inputs, outputs)

    def _after(
        self,
        began: Dependency,
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
    ) -> Dependency:
        ran = began.then(self.shown(work), inputs=list(inputs), outputs=list(outputs), **borrowing(self._services), **QUIET)
        return ran.then(self.end, outputs=self._buttons, queue=False, **QUIET)

    def shown(self, work: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """`work`, a generator function, of which nothing is shown any more when the person has turned to another clip.

        However it ends, the job has ended.
        """

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
        """The buttons of a job that was asked for and will run on `clip`; from here on its Stop counts."""
        self._services.stop_flags.begin(self._session(request), _subject(clip))
        return self._buttons_while(running=True)

    def end(self, request: gr.Request) -> Buttons:
        """The buttons while nothing runs, unless it was an earlier job that ended."""
        return self._buttons_while(running=False) if self._services.stop_flags.is_over(self._session(request)) else gr.skip()

    def end_unless_running(self, clip: AudioClip | None, request: gr.Request) -> Buttons:
        """The end of a chain of events that may not have begun a job at all, and during which the person may have."""
        return gr.skip() if self.goes_on(clip, request) else self.end(request)

    def current(self, request: gr.Request) -> SessionJob:
        """This person's job; the value, called, says whether to stop."""
        return self._services.stop_flags.current(self._session(request))

    def goes_on(self, clip: AudioClip | None, request: gr.Request) -> bool:
        """Whether a job on `clip` is under way; a job on any other clip is ended."""
        return self._services.stop_flags.stop_unless(self._session(request), _subject(clip))

    def _stop(self, request: gr.Request) -> None:
        self._services.stop_flags.stop(self._session(request))

    def _buttons_while(self, running: bool) -> list[gr.Button]:
        return [*(gr.Button(interactive=not running) for _ in self._buttons[:-1]), gr.Button(interactive=running)]

    def _session(self, request: gr.Request) -> str:
        return f"{request.session_hash}/{self._name}"


def _subject(clip: AudioClip | None) -> str:
    return clip.content_hash if clip else ""
