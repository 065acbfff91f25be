"""Hostile cases for every endpoint, as many as wanted: `make hostile`, or `python -m tests.hostile.run --cases 500`.

The report has a row for each endpoint, written when its cases are through: a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, as_table, at_most, write_long_run
from tests.hostile.caller import Caller
from tests.hostile.openapi import send_by_schema
from tests.hostile.sending import hostile_app, left_behind, send_broken_requests, send_cases
from tests.hostile.tally import OUTCOMES, Tally
from tests.hostile.tools import send_to_tools

Work = Callable[[], None]
TOOL_SHARE = 20
"""One of so many cases of an endpoint is also sent to its tool, one after the other."""


def subjects(caller: Caller, tally: Tally, cases: int, with_job: int) -> Iterator[tuple[str, Work]]:
    """Yield the name of each row of the report, and what sends its cases."""
    yield "requests", partial(send_broken_requests, caller, tally, 1)
    yield "schema", partial(send_by_schema, caller, tally, cases)
    yield "tools", partial(send_to_tools, tally, -(-cases // TOOL_SHARE))
    for endpoint in caller.endpoints:
        yield endpoint, partial(send_cases, caller, endpoint, cases, with_job, tally)


def main() -> None:
    """Run all, or `--only` some; exit with 1 if an answer was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=int, default=500, help="for each endpoint, by the schema for all together, and for each tool"
    )
    parser.add_argument("--with-job", type=int, default=25, help="how many of them have a recording that can be read")
    parser.add_argument("--report", type=Path, default=Path("hostile.json"))
    parser.add_argument("--write", action="store_true", help="put the figures of the whole report into benchmarks/results.md")
    parser.add_argument("--only", nargs="+", help="endpoints, 'requests', 'schema' or 'tools'")
    options = parser.parse_args()
    report: dict[str, Any] = json.loads(options.report.read_text()) if options.report.exists() else {}
    with tempfile.TemporaryDirectory(prefix="as-") as folder, hostile_app(Path(folder)) as app:
        tally = Tally(app)
        for subject, send in subjects(Caller(app.address), tally, options.cases, options.with_job):
            if subject in report or (options.only and subject not in options.only):
                continue
            began = time.monotonic()
            send()
            if app.process.poll() is not None:
                raise SystemExit(f"{subject} ended the server:\n{app.log()[-3000:]}")
            report[subject] = {**tally.row(subject), "seconds": round(time.monotonic() - began)}
            options.report.write_text(json.dumps(report, indent=1), encoding="utf-8")
            print(subject, json.dumps(report[subject]), flush=True)
        left = left_behind(app)
    found = figures(report, left)
    print(as_table(found))
    if options.write:
        write_long_run("hostile", found)
    raise SystemExit(0 if all(figure.kept for figure in found) else 1)


def figures(report: dict[str, Any], left: list[str]) -> list[Figure]:
    """Return what a report and the files that the app left behind say."""
    count = {one: sum(row.get(one, 0) for row in report.values()) for one in {*OUTCOMES.values(), "broken"}}
    claim = f"{sum(count.values())} calls and requests, {len(report)} endpoints and other subjects: broken answers"
    return [at_most(claim, count["broken"], 0, digits=0), at_most("temporary files left behind", len(left), 0, digits=0)]


if __name__ == "__main__":
    main()
