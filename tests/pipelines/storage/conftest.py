"""Fixtures of the tests of storages and of what lies in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.pipelines.storage.servers import BUCKET, KINDS, s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture(params=KINDS)
def address(request: Any, tmp_path: Path) -> str:
    """The address of an empty place of each kind."""
    if request.param == "folder":
        return str(tmp_path / "shared")
    if request.param == "s3":
        request.getfixturevalue("s3")
    return {"memory": "memory://", "s3": f"s3://{BUCKET}/"}[request.param] + uuid4().hex
