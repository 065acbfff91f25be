"""Requests that schemathesis makes of the OpenAPI description of the HTTP API: such as it allows, and such as break it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

import requests
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from tests.hostile.answers import DEADLINE_SECONDS, Answer
from tests.hostile.caller import CALLS, Caller, plain_answer
from tests.hostile.cases import examples
from tests.hostile.sending import at_once
from tests.hostile.tally import Tally


def send_by_schema(caller: Caller, tally: Tally, count: int) -> None:
    """Send `count` requests, as many to each operation and of each kind: allowed by the description, or not."""
    with requests.Session() as session:
        session.trust_env = False

        def send(label: str, case: Case[Any]) -> None:
            tally.take("schema", f"{label} {case.as_curl_command()}"[:300], _answer(caller, session, case))

        at_once(partial(send, label, case) for label, case in _cases(caller, count))


def _cases(caller: Caller, count: int) -> Iterator[tuple[str, Case[Any]]]:
    schema = schemathesis.openapi.from_dict(_valid(caller.document("openapi.json")))
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    posts, gets = ([one for one in operations if one.method == method] for method in ("post", "get"))
    # What is fetched is named by any text: nothing breaks that.
    of_modes = [*product(posts, GenerationMode), *product(gets, [GenerationMode.POSITIVE])]
    strategies = [(one.label, one.as_strategy(mode)) for one, mode in of_modes]
    for place, (label, strategy) in enumerate(strategies):
        for case in examples(strategy, len(range(place, count, len(strategies)))):
            yield label, case


def _valid(document: Any) -> Any:
    """Return a description in which files within alternatives and lists have a type that there is: Gradio writes 'filepath'."""
    if isinstance(document, list):
        return [_valid(one) for one in document]
    if isinstance(document, dict):
        return {name: "string" if (name, value) == ("type", "filepath") else _valid(value) for name, value in document.items()}
    return document


def _answer(caller: Caller, session: requests.Session, case: Case[Any]) -> Answer:
    """Send a case; of a call that is taken, return the last event."""
    began = time.monotonic()
    try:
        got = case.call(base_url=caller.address, session=session, timeout=DEADLINE_SECONDS)
    except requests.RequestException as error:
        return Answer(0, "broken", repr(error), time.monotonic() - began)
    text = got.content.decode("utf-8", "replace")
    if got.status_code == 200 and case.method.upper() == "POST":
        found = json.loads(text)
        if isinstance(found, dict):
            return caller.result(case.path.removeprefix(f"{CALLS}/v2/"), found["event_id"], began)
        return Answer(200, "complete", text, time.monotonic() - began)
    return plain_answer(got.status_code, got.headers.get("content-type", [""])[0], text, began)
