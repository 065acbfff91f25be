"""Long jobs of a tab: their buttons, a Stop for each person, their end when another clip is opened, and what is kept of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial, wraps
from inspect import Parameter, signature
from typing import Any, Literal

import gradio as gr
from gradio.events import Dependency

from components.page.events import QUIET, QUIET_EACH
from components.page.jobs.kept_panes import KeptPanes, MainJobName, resumed_value
from components.page.jobs.live_jobs import CURRENT_JOB, LiveJob
from components.page.jobs.waiting import build_waiting_line, waiting_lines
from pipelines.clip.clip import AudioClip
from pipelines.jobs.stop_flags import SessionJob
from pipelines.jobs.turns import Turns
from pipelines.telemetry.requests import note_audio
from services import Services

Buttons = list[gr.Button] | dict[str, Any]
"""The buttons of a job, or `gr.skip()`."""


class TabJob:
    """One kind of job. The last of its buttons is Stop; the others begin it, and are disabled while it runs."""

    def __init__(
        self,
        services: Services,
        name: str,
        buttons: Sequence[gr.Button],
        line: Literal["models", "speech", "chains"] = "models",
        panes: KeptPanes | None = None,
    ) -> None:
        """Build a job that `name` identifies among those of a session; its work waits for its turn in `line`, see `JobLines`.

        With `panes` it goes on after the page is loaded again, and its results come back with the clip; see `keep`.
        """
        self._services = services
        self._turns: Turns = getattr(services.lines, line)
        self._name = name
        self._buttons = list(buttons)
        self._panes = panes
        self._outputs: list[list[gr.components.Component]] = []
        self._buttons[-1].click(self.stop, queue=False, **QUIET)
        self._waiting_line = build_waiting_line(self._buttons[-1])

    @property
    def names(self) -> list[str]:
        """A name for each kind of work, which differ in their outputs."""
        return [f"{self._name}_{number}" for number in range(len(self._outputs))]

    def keep(
        self,
        panes: Sequence[gr.components.Component],
        otherwise: Callable[..., Sequence[Any]],
        inputs: Sequence[gr.components.Component] = (),
        part: str = "",
        first: Callable[..., Sequence[Any] | None] = lambda *values: None,
    ) -> None:
        """Register panes in which the job's results come back when their clip is opened.

        Args:
            panes: outputs of the job, states included.
            otherwise: called with the clip or None, a `gr.Request` and the values of `inputs`; returns what stands in the panes
                where nothing is kept, and perhaps a value of the timeline.
            inputs: further inputs of `otherwise`.
            part: name of these panes, where the job has several groups that are kept by themselves.
            first: called like `otherwise`, before it; returns results that the tab has stored itself, which go before those that
                are kept, or None.
        """
        if self._panes is None:
            raise TypeError(f"the job {self._name!r} was built without panes")
        self._panes.add(part or self._name, self, panes, otherwise, inputs, first)

    def run_when_wanted(
        self, tab: MainJobName, result: gr.State, has_result: Callable[[Any], bool] = lambda found: found is not None
    ) -> None:
        """Let the first work of `on` begin by itself with a clip for which it is wanted, as the main job of `tab`.

        Args:
            tab: id of the tab, or 'notes'.
            result: the state that holds the job's result.
            has_result: called with the value of `result`; a result that is there is not made again.
        """
        if self._panes is None:
            raise TypeError(f"the job {self._name!r} was built without panes")
        self._panes.add_main_job(tab, self, result, has_result)

    def on(
        self,
        pressed: Callable[..., Dependency] | Sequence[Callable[..., Dependency]],
        clip: gr.State,
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
    ) -> Dependency:
        """Run `work` in the job's line at the event `pressed`, or at any of several; return the event of its end.

        `work` takes the values of `inputs` and a `gr.Request`, and yields values of `outputs`.
        """
        once = {**QUIET, "trigger_mode": "once"}  # a double click begins one job
        triggers = [*pressed] if isinstance(pressed, Sequence) else [pressed]
        if self._panes is not None and list(outputs) not in self._outputs:
            triggers.append(self._panes.event(f"{self._name}_{len(self._outputs)}"))
        began = gr.on(triggers, self.begin, inputs=clip, outputs=self._buttons, queue=False, **once)
        return self._after(began, work, inputs, outputs, resumes=True)

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
        return self._after(began, work, inputs, outputs, resumes=False)

    def _after(
        self,
        began: Dependency,
        work: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        outputs: Sequence[gr.components.Component],
        resumes: bool,
    ) -> Dependency:
        stream = self.shown(work, outputs, resumes)
        person = [self._panes.person] if self._panes else []
        began.then(self._show_place, outputs=self._waiting_line, concurrency_limit=None, **QUIET_EACH)
        ran = began.then(stream, inputs=[*person, *inputs], outputs=list(outputs), concurrency_limit=None, **QUIET)
        ended = ran.then(self.end, outputs=self._buttons, queue=False, **QUIET)
        ran.failure(self.end_refused, outputs=self._buttons, queue=False, **QUIET)  # `then` is for what succeeded
        if self._panes:
            ran.then(self._refill, outputs=self._panes.resumed, queue=False, **QUIET)
        return ended

    async def _show_place(self, request: gr.Request) -> AsyncIterator[str]:
        """Show this person's place in line until the job ends."""
        session = self._session(request)
        job = self._services.stop_flags.find(session)
        if job is None:
            yield ""
            return
        async for line in waiting_lines(job, session):
            yield line

    def shown(
        self, work: Callable[..., Iterator[Any]], outputs: Sequence[gr.components.Component], resumes: bool = False
    ) -> Callable[..., AsyncIterator[Any]]:
        """Return an asynchronous generator function that runs `work` in a thread for the job that was begun, and shows it.

        It ends when the person opens another clip, and at once if no job was begun.

        Args:
            work: see `on`.
            outputs: see `on`.
            resumes: whether it shows the work that goes on where the page was loaded again. With panes, it takes the person
                before the values for `work`.
        """
        if list(outputs) not in self._outputs:
            self._outputs.append(list(outputs))
        name = self.names[self._outputs.index(list(outputs))]

        @wraps(work)
        async def stream(*values: Any) -> AsyncIterator[Any]:
            person, given = (values[0], values[1:]) if self._panes else ("", values)
            session = self._session(next(value for value in given if isinstance(value, gr.Request)))
            flags = self._services.stop_flags
            adopted = flags.adopted(session) if resumes else None
            waiting = flags.waiting(session)
            if adopted and isinstance(adopted.runner, LiveJob):
                live = adopted.runner
            elif waiting:
                note_audio(sum(value.duration for value in given if isinstance(value, AudioClip)))
                live = self._started(LiveJob(name, self._name, waiting, outputs), partial(work, *given), person)
            else:  # Gradio empties the outputs of a generator that yields nothing
                yield (gr.skip(),) * len(outputs) if len(outputs) > 1 else gr.skip()
                return
            async for update in live.updates(session):
                yield update

        if self._panes:
            # Gradio finds the place of the request in the signature.
            own = signature(work)
            person_first = [Parameter("kept_for", Parameter.POSITIONAL_ONLY), *own.parameters.values()]
            stream.__signature__ = own.replace(parameters=person_first)  # type: ignore[attr-defined]
        return stream

    def _started(self, live: LiveJob, work: Callable[[], Iterator[Any]], person: str) -> LiveJob:
        """Begin the work in a thread of its own; with panes, its results are kept at its end."""
        panes, subject = self._panes, live.job.subject
        key = (person, subject, live.name)

        def ended() -> None:
            clip = self._services.clips.find(subject) if panes and person else None
            if panes and clip and live.had_turn:
                panes.store(clip, person, live.written)
            if panes:
                panes.live.end(key, live)

        if panes and person:
            panes.live.put(key, live)
        live.start(work, self._services.stop_flags, self._turns, ended)
        return live

    def begin(self, clip: AudioClip | None, request: gr.Request) -> list[gr.Button]:
        """Register a job on `clip`, which Stop ends from now on, or show one that runs; return the buttons of a running job."""
        self._services.stop_flags.begin_unless_adopted(self._session(request), _subject(clip))
        return self._buttons_while(running=True)

    def end(self, request: gr.Request) -> list[gr.Button]:
        """Return the buttons of whatever job runs or waits now, or of none: several jobs may end in any order."""
        return self._buttons_while(self._services.stop_flags.is_busy(self._session(request)))

    def end_refused(self, request: gr.Request) -> list[gr.Button]:
        """Return the buttons as `end` does after a request that failed: Gradio sends none for a job that waits behind it."""
        self._services.stop_flags.end_waiting(self._session(request))
        return self.end(request)

    def current(self, request: gr.Request) -> SessionJob:
        """Return the job that the calling thread runs, or else this person's; calling it returns whether to stop."""
        return CURRENT_JOB.get() or self._services.stop_flags.current(self._session(request))

    def adopt(self, job: SessionJob, request: gr.Request) -> None:
        """Show a running job on this person's page, where Stop ends it."""
        self._services.stop_flags.adopt(self._session(request), job)

    def keep_running(self, clip: AudioClip | None, request: gr.Request) -> bool:
        """Return whether a job on `clip` is running; stop a job on any other clip."""
        return self._services.stop_flags.stop_unless(self._session(request), _subject(clip))

    def _refill(self, request: gr.Request) -> Any:
        """Ask for all panes again if another clip was opened during the job: its last update may have arrived after them."""
        job = self.latest(request)
        return resumed_value(["refill"]) if job is not None and job.left else gr.skip()

    def latest(self, request: gr.Request) -> SessionJob | None:
        """Return the job of this person's page that was begun last; None if there was none."""
        return self._services.stop_flags.find(self._session(request))

    def stop(self, request: gr.Request) -> None:
        """Stop this person's job."""
        self._services.stop_flags.stop(self._session(request))

    def _buttons_while(self, running: bool) -> list[gr.Button]:
        return [*(gr.Button(interactive=not running) for _ in self._buttons[:-1]), gr.Button(interactive=running)]

    def _session(self, request: gr.Request) -> str:
        return f"{request.session_hash}/{self._name}"


def _subject(clip: AudioClip | None) -> str:
    return clip.content_hash if clip else ""
