"""Addresses of storages of each kind: a folder, memory, and S3 as moto's server gives it on this machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from fsspec import get_filesystem_class
from fsspec.core import url_to_fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "clips"
TIMEOUT_SECONDS = 30
KINDS = ("folder", "memory", "s3")


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server with one bucket and yield its address, to which the environment of the process points meanwhile."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    urlopen(
        Request(f"{address}/moto-api/reset", method="POST"), timeout=TIMEOUT_SECONDS
    ).close()  # all servers of a process share it
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", address)
        get_filesystem_class("s3").clear_instance_cache()  # else one that knows an earlier server is taken again
        url_to_fs("s3://")[0].mkdir(BUCKET)
        yield address
        server.shutdown()
