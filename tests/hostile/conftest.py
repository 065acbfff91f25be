"""An app of its own, which hostile callers may not bring down and which may keep nothing of what they sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.caller import Caller
from tests.hostile.sending import hostile_app
from tests.hostile.tally import Tally


@pytest.fixture(scope="package")
def tally(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tally]:
    with hostile_app(tmp_path_factory.mktemp("hostile")) as app:
        yield Tally(app)


@pytest.fixture(scope="package")
def caller(tally: Tally) -> Caller:
    return Caller(tally.app.address)
