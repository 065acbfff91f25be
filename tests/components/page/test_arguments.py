"""Arguments of an endpoint are of their annotated type, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from components.page.calls.arguments import argument_check, argument_checks
from models.errors import InvalidOption


def listen(
    audio: gr.FileData,
    labels: list[str],
    history: list[list[str]] | None = None,
    pitch: int | None = None,
    level: float = 0.5,
    *,
    should_stop: Callable[[], bool],
) -> None:
    """Listen to a recording."""


def test_there_is_a_check_for_each_argument_and_values_arrive_as_their_types() -> None:
    checks = argument_checks(listen, "should_stop")
    values = ({"path": "a"}, ["a"], [["question", "answer"]], 60.0, 1)
    found = [check(value) for check, value in zip(checks, values, strict=True)]
    assert found == [{"path": "a"}, ["a"], [["question", "answer"]], 60, 1.0]
    assert [type(value) for value in found[3:]] == [int, float]


@pytest.mark.parametrize(
    ("expected", "value", "words"),
    [
        (float, "x", "a number"),
        (float, None, "a number"),
        (float, float("nan"), "a number"),
        (float, float("-inf"), "a number"),
        (int, 60.5, "a whole number"),
        (int, 2**63, "a whole number"),
        (int, 10**400, "a whole number"),
        (int | None, [], "a whole number or null"),
        (bool, "perhaps", "true or false"),
        (str, {"a": 1}, "text"),
        (str, "\ud800", "text"),
        (list[str], "a", "a list, each text"),
        (list[str] | None, [1], "a list, each text or null"),
        (list[list[str]] | None, ["a"], "a list, each a list, each text or null"),
        (list[gr.FileData], 7, "a list, each an upload"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(expected: Any, value: Any, words: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        argument_check("level", expected)(value)
    assert str(refused.value).startswith("The option level cannot be ")
    assert str(refused.value).endswith(f"it takes {words}.")
