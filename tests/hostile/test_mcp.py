"""An MCP client that sends wrong types, paths and unknown arguments reads sentences."""

from __future__ import annotations

import pytest

from tests.hostile.tally import Tally
from tests.hostile.tools import send_to_tools

pytestmark = pytest.mark.models


def test_tools_answer_wrong_arguments_in_words(tally: Tally) -> None:
    send_to_tools(tally, 1)
    tally.check("tools")
