"""Requests that are no calls: bodies that are no arguments, and paths that lead nowhere."""

from __future__ import annotations

BODIES: tuple[bytes, ...] = (
    *(b"", b"null", b"[]", b"7", b'"text"', b"{", b"{}", b'{"data": null}', b'{"data": {}}', b'{"data": []}', b'{"data": [[]]}'),
    *(b'{"data": [NaN, Infinity]}', b'{"data": ["\\ud800"]}', b"\xff\xfe\x00", b"[" * 50_000, b'{"data": [1], "data": [2]}'),
    *(b'{"audio": 1, "bogus": 2}', b'{"data": [], "session_hash": 5}', b'{"data": [], "fn_index": -1}', b'{"data": [1e400]}'),
    *(b'{"data": [], "event_id": "x", "trigger_id": []}', b'{"audio": null, "details": {}}'),
    b'{"data": [' + b"1," * 9999 + b"1]}",
)
CALLS = ("read_clip", "v2/read_clip", "nothing", "v2/nothing", "v2/library_clips", "..%2fread_clip", "%00")
PATHS = (
    *("call/nothing/x", "call/read_clip/x", "call/v2/read_clip/x", "queue/data?session_hash=x", "file=/etc/passwd", "file=x"),
    *("file=../app.py", "stream/x", "upload_progress?upload_id=x"),
)
