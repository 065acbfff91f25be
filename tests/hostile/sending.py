"""Sends hostile cases to an app, a few at once, and notes the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.app_process import RunningApp, running_app
from tests.hostile.answers import Answer
from tests.hostile.broken import BODIES, CALLS, PATHS
from tests.hostile.caller import Caller
from tests.hostile.cases import Case, cases_of, described
from tests.hostile.tally import Tally

AT_ONCE = 6
"""Calls that wait at once: most of a refusal's time is Gradio's queue, which looks for new calls 20 times a second."""
OF_LIBRARIES = ("gradio", "torchinductor_")
"""Beginnings of the names of folders that libraries keep among the temporary files."""


@contextmanager
def hostile_app(folder: Path) -> Iterator[RunningApp]:
    """Run an app whose temporary files have a folder of their own."""
    (folder / "temporary").mkdir()
    with running_app(folder, TMPDIR=str(folder / "temporary")) as app:
        yield app


def send_cases(caller: Caller, endpoint: str, count: int, with_job: int, tally: Tally) -> None:
    """Send `count` cases to an endpoint, `with_job` of them with a recording that can be read."""
    arguments = caller.endpoints[endpoint]
    names = tuple(argument.name for argument in arguments)

    def send(case: Case) -> None:
        tally.take(endpoint, " ".join(described(case, names)), case.send(caller, endpoint, names))

    at_once(partial(send, case) for case in cases_of(arguments, count, with_job))


def send_broken_requests(caller: Caller, tally: Tally, every: int) -> None:
    """Send what is no call, to endpoints that are there and to others: one of `every` combinations of path and body."""

    def send(case: str, request: Callable[[], Answer]) -> None:
        tally.take("requests", case, request())

    pairs = [(path, body) for path in CALLS for body in BODIES][::every]
    posts = [partial(send, f"{path} {body[:60]!r}", partial(caller.post, path, body)) for path, body in pairs]
    gets = [partial(send, path, partial(caller.get, path)) for path in PATHS]
    at_once([*posts, *gets])


def left_behind(app: RunningApp) -> list[str]:
    """Return the temporary files and unfinished clips that an app still has."""
    folder = app.log_file.parent
    temporary = [path.name for path in (folder / "temporary").iterdir() if not path.name.startswith(OF_LIBRARIES)]
    return [*temporary, *(path.name for path in (folder / "clips").iterdir() if len(path.name) != 32)]


def at_once(jobs: Iterable[Callable[[], None]]) -> None:
    """Run jobs in a few threads."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for job in [threads.submit(job) for job in jobs]:
            job.result()
