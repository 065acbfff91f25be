"""Values that no endpoint asks for: other types, extremes, texts that mean something to a program, files that are elsewhere."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.hostile.caller import Argument, file_data

TEXTS = (
    *("", " ", "auto", "\0", "a\0b", "\U0001f600", "\u202e\u2066", "null", "NaN", "-1", "1e999", "١٢٣", "´`'\"\\", "𝕬" * 300),
    *("../../etc/passwd", "/etc/passwd", "C:\\Windows\\win.ini", "file:///etc/passwd", "http://127.0.0.1:1/", "%2e%2e%2f"),
    *("<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE clips; --", "__class__", "~root"),
    *("a" * 100_000, "\n" * 5000, "whisper-base-offline", "tiny-diffusion", "yamnet", "de", "translate", "jams", "0" * 32),
    *("f" * 31 + "/", "speech,notes"),
)
NUMBERS = (0, 1, -1, 2, 0.5, -0.0, 1e-320, 1e308, -1e308, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 3.7, 127, 100, 44_100)
NO_NUMBERS = (float("nan"), float("inf"), float("-inf"))
"""Python reads them in JSON, as `NaN` and `Infinity`."""
PLACES = (
    *("/etc/passwd", "../../../etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin", "/", "", ".", "\0", "a" * 5000),
    *("file:///etc/passwd", "http://127.0.0.1:1/x.wav", "https://[::1]/x", "data:audio/wav;base64,UklGRg==", "gopher://x"),
    *("//x/y", "http://", "https://0x7f.1/", "http://\0/"),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(NO_NUMBERS),
    st.integers(),
    st.floats(),
    st.sampled_from(TEXTS),
    st.text(max_size=40),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
deep: Any = []
for _ in range(200):
    deep = [deep]


def no_files() -> st.SearchStrategy[Any]:
    """Return what may stand for an upload and is none."""
    places = st.sampled_from(PLACES)
    more = st.fixed_dictionaries(
        {},
        optional={
            "url": st.one_of(st.none(), places),
            "size": st.one_of(st.integers(), st.just(10**400), st.just("big")),
            "orig_name": st.one_of(st.sampled_from(TEXTS), st.none(), st.integers()),
            "mime_type": st.sampled_from(("audio/wav", "text/html", "\r\nSet-Cookie: a=b", 7)),
            "is_stream": st.one_of(st.booleans(), st.just("yes")),
            "chunks": anything,
        },
    )
    return st.one_of(st.builds(lambda path, extra: file_data(path, **extra), places, more), places, anything)


def values_for(argument: Argument) -> st.SearchStrategy[Any]:
    """Return values for an argument, of its own type in half of the cases."""
    own = {
        "float": st.one_of(st.sampled_from(NUMBERS), st.floats(), st.integers(-5, 300)),
        "int": st.one_of(st.sampled_from([number for number in NUMBERS if isinstance(number, int)]), st.integers(-5, 300)),
        "bool": st.booleans(),
        "str": st.one_of(st.sampled_from(TEXTS), st.text(max_size=40)),
    }.get(argument.kind, st.lists(st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=4))
    return st.one_of(own, own, anything, st.just(deep))
