"""Every endpoint gets damaged files, wild values and broken requests; each is answered rightly or with a sentence."""

from __future__ import annotations

import json

import pytest

from tests.components.test_cancelling import ARGUMENTS
from tests.hostile.caller import Caller
from tests.hostile.cases import cases_of, described
from tests.hostile.conftest import CASES, FEW, Tally

pytestmark = pytest.mark.models
BODIES: tuple[bytes, ...] = (
    *(b"", b"null", b"[]", b"7", b'"text"', b"{", b"{}", b'{"data": null}', b'{"data": {}}', b'{"data": []}', b'{"data": [[]]}'),
    *(b'{"data": [NaN, Infinity]}', b'{"data": ["\\ud800"]}', b"\xff\xfe\x00", b"[" * 50_000, b'{"data": [1], "data": [2]}'),
    *(b'{"audio": 1, "bogus": 2}', b'{"data": [], "session_hash": 5}', b'{"data": [], "fn_index": -1}', b'{"data": [1e400]}'),
    *(b'{"data": [], "event_id": "x", "trigger_id": []}', b'{"audio": null, "details": {}}'),
    b'{"data": [' + b"1," * 9999 + b"1]}",
)
OF_LIBRARIES = ("gradio", "torchinductor_")
"""Beginnings of the names of folders that libraries keep among the temporary files."""
PATHS = (
    *("call/nothing/x", "call/read_clip/x", "call/v2/read_clip/x", "queue/data?session_hash=x", "file=/etc/passwd", "file=x"),
    *("file=../app.py", "stream/x", "upload_progress?upload_id=x"),
)


@pytest.mark.parametrize("endpoint", sorted(ARGUMENTS))
def test_whatever_is_sent_there_is_an_answer_or_a_sentence(endpoint: str, caller: Caller, tally: Tally) -> None:
    first, arguments = len(tally.faults), caller.endpoints()[endpoint]
    names = tuple(argument.name for argument in arguments)
    for case in cases_of(arguments, CASES, with_jobs=CASES > FEW):
        tally.take(endpoint, " ".join(described(case, names)), case.send(caller, endpoint, names))
    tally.check(first)


def test_requests_that_are_none_are_refused_in_words(caller: Caller, tally: Tally) -> None:
    first = len(tally.faults)
    for path in ("read_clip", "v2/read_clip", "nothing", "v2/nothing", "v2/library_clips", "..%2fread_clip", "%00"):
        for body in BODIES:
            tally.take("requests", f"{path} {body[:60]!r}", caller.post(path, body))
    for path in PATHS:
        tally.take("requests", path, caller.get(path))
    tally.check(first)


def test_nothing_is_left_behind(caller: Caller, tally: Tally) -> None:
    folder = tally.app.log_file.parent
    left = [path.name for path in (folder / "temporary").iterdir() if not path.name.startswith(OF_LIBRARIES)]
    scratch = [path.name for path in (folder / "clips").iterdir() if len(path.name) != 32]
    assert (left, scratch) == ([], []), json.dumps(tally.faults[-5:])
