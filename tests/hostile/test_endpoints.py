"""Every endpoint gets damaged files, wild values and broken requests; each is answered rightly or with a sentence."""

from __future__ import annotations

import pytest

from tests.components.test_cancelling import ARGUMENTS
from tests.hostile.caller import Caller
from tests.hostile.sending import left_behind, send_broken_requests, send_cases
from tests.hostile.tally import Tally

pytestmark = pytest.mark.models
CASES = 3
"""Cases for each endpoint that the suite has time for, none of which begins a job of a model."""
EVERY_REQUEST = 5
"""Each body is sent to one path at least, as the number of bodies is no multiple of it."""


@pytest.mark.parametrize("endpoint", sorted(ARGUMENTS))
def test_whatever_is_sent_there_is_an_answer_or_a_sentence(endpoint: str, caller: Caller, tally: Tally) -> None:
    send_cases(caller, endpoint, CASES, 0, tally)
    tally.check(endpoint)


def test_requests_that_are_none_are_refused_in_words(caller: Caller, tally: Tally) -> None:
    send_broken_requests(caller, tally, EVERY_REQUEST)
    tally.check("requests")


def test_nothing_is_left_behind(tally: Tally) -> None:
    assert not left_behind(tally.app), tally.faults
