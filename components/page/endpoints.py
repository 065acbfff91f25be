"""Endpoints of the API, whose work ends when the call is cancelled.

Gradio runs a plain function in a thread and waits for it even when the call was cancelled: the work goes on to its end, and the
cancelling request with it. An async function can be cancelled at once, so every endpoint is one that waits for a thread.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import ExitStack, aclosing, closing, contextmanager
from typing import Any

import gradio as gr

from components.page.calls.arguments import argument_check, argument_checks
from components.page.calls.brief_results import DETAILS, DETAILS_ARGUMENT, for_model, has_details, is_for_model
from components.page.calls.callers import caller_name
from components.page.calls.progress import REPORT, CallProgress, send_progress
from components.page.option_arguments import with_argument
from components.page.user_errors import errors_as_sentences, report_errors
from models.errors import JobStopped
from pipelines.jobs.admission import Admission, too_slow
from pipelines.jobs.background import Ended, Worker
from pipelines.jobs.stop_flags import StopFlags
from pipelines.jobs.turns import Turns
from pipelines.telemetry.requests import counted_request

STOP_ARGUMENT = "should_stop"
WAITING = "waiting"
"""State of a call that has not had its turn."""


def add_endpoint(work: Callable[..., Any], flags: StopFlags, line: Turns) -> None:
    """Add `work` to the page's API under its name, and as an MCP tool with its docstring.

    Args:
        work: a function, or a generator function of growing results. The API does not show its keyword argument `should_stop`,
            which says whether the call was cancelled or the app ends; its errors become sentences.
        flags: count the call as a running job, and say whether the app ends.
        line: where the calls wait for their turn. In Gradio's own queue they would not count for a person, and one could
            fill it.

    An argument that is not of its annotated type is refused with a sentence before `work` is called.
    """
    gr.api(cancellable(work, flags, line), api_name=work.__name__, concurrency_limit=None)


def cancellable(work: Callable[..., Any], flags: StopFlags, line: Turns) -> Callable[..., Any]:
    """Return `work` as an async function without the argument `should_stop`, or as an async generator function.

    It works when it is its turn in `line`. Cancelling it returns at once and makes `should_stop()` true, on which `work` ends in
    its own thread. When the app ends, `should_stop()` is true as well, but the caller still gets what `work` ends with.
    """
    with_details, checks = has_details(work), argument_checks(work, STOP_ARGUMENT)
    if with_details:
        checks = (*checks, argument_check(DETAILS_ARGUMENT, bool))

    async def results(*arguments: Any, **options: Any) -> AsyncGenerator[Any, None]:
        with errors_as_sentences():
            values = [check(value) for check, value in zip(checks, arguments, strict=False)]
        *values, details = values if with_details else (*values, True)
        to_model = is_for_model()
        async with aclosing(_results(work, flags, line, tuple(values), options)) as found:
            async for result in found:
                yield for_model(result, details) if to_model else result

    @functools.wraps(work)
    async def generator(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
        async with aclosing(results(*arguments, **options)) as found:
            async for result in found:
                yield result

    @functools.wraps(work)
    async def function(*arguments: Any, **options: Any) -> Any:
        async with aclosing(results(*arguments, **options)) as found:
            return [result async for result in found][-1]

    endpoint: Any = generator if inspect.isgeneratorfunction(work) else function
    _show(endpoint, work, with_details)
    return endpoint  # type: ignore[no-any-return]


def _show(endpoint: Any, work: Callable[..., Any], with_details: bool) -> None:
    """Give `endpoint` the signature, the annotations and the docstring that callers see."""
    signature = inspect.signature(work)
    shown = [parameter for name, parameter in signature.parameters.items() if name != STOP_ARGUMENT]
    endpoint.__annotations__ = {name: kind for name, kind in work.__annotations__.items() if name != STOP_ARGUMENT}
    if with_details:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        shown.append(inspect.Parameter(DETAILS_ARGUMENT, kind, default=False, annotation=bool))
        endpoint.__annotations__[DETAILS_ARGUMENT] = bool
        endpoint.__doc__ = with_argument(inspect.getdoc(work) or "", DETAILS_ARGUMENT, DETAILS)
    endpoint.__signature__ = signature.replace(parameters=shown)


async def _results(
    work: Callable[..., Any], flags: StopFlags, line: Turns, arguments: tuple[Any, ...], options: dict[str, Any]
) -> AsyncGenerator[Any, None]:
    """Run `work` in a thread of its own; yield what it yields, or what it returns."""
    loop = asyncio.get_running_loop()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    cancelled = threading.Event()

    def send(message: Any) -> None:
        if not cancelled.is_set():
            loop.call_soon_threadsafe(outbox.put_nowait, message)

    def run(report: Callable[[Any], None], stopped: Callable[[], bool]) -> None:
        def should_stop() -> bool:
            return stopped() or flags.is_closed()

        REPORT.set(send)
        with counted_request(work.__name__, "api", should_stop), _turn(line, should_stop):
            result = report_errors(work)(*arguments, **options, should_stop=should_stop)
            if not inspect.isgenerator(result):
                report(result)
                return
            with closing(result):
                for step in result:
                    report(step)

    admission = flags.admission
    caller = caller_name(admission.account())
    seconds = admission.limits.call_seconds
    ends = loop.time() + seconds if seconds else None
    with errors_as_sentences():
        admission.count_call(caller)
    with flags.counted(), _admitted(admission, caller):
        try:
            # Thread.start waits until the thread runs, which on a busy machine would hold up all requests.
            await asyncio.to_thread(Worker[Any], run, cancelled.is_set, send, "endpoint")
            while not isinstance(message := await _next(outbox, ends, seconds), Ended):
                if isinstance(message, CallProgress):
                    send_progress(message)
                else:
                    yield message
            if message.error is not None:
                raise message.error
        finally:
            cancelled.set()


async def _next(outbox: asyncio.Queue[Any], ends: float | None, seconds: float) -> Any:
    """Return the next message; raise the sentence of a call that takes longer than `seconds`, at the loop's time `ends`."""
    try:
        return await asyncio.wait_for(outbox.get(), None if ends is None else ends - asyncio.get_running_loop().time())
    except (asyncio.TimeoutError, TimeoutError):
        with errors_as_sentences():
            raise too_slow(seconds) from None


@contextmanager
def _turn(line: Turns, should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait for the turn of a call, in its thread; a full line, or a stop meanwhile, is a sentence."""
    if line.is_full:
        REPORT.get()(CallProgress(0, WAITING))
    with ExitStack() as stack:
        with errors_as_sentences():
            if not stack.enter_context(line.turn(should_stop)):
                raise JobStopped
        yield


@contextmanager
def _admitted(admission: Admission, caller: str) -> Iterator[None]:
    """Count the call during the block; a refusal is a sentence."""
    with ExitStack() as stack:
        with errors_as_sentences():
            stack.enter_context(admission.job(caller))
        yield
