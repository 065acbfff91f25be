"""What the description of the HTTP API allows, and what breaks it, is answered rightly or with a sentence."""

from __future__ import annotations

import pytest

from tests.hostile.caller import Caller
from tests.hostile.openapi import send_by_schema
from tests.hostile.tally import Tally

pytestmark = pytest.mark.models
CASES = 60
"""One that is allowed and one that is not for each endpoint, and a few more; `make hostile` sends hundreds."""


def test_requests_made_of_the_description_are_answered_in_words(caller: Caller, tally: Tally) -> None:
    send_by_schema(caller, tally, CASES)
    tally.check("schema")
