"""The app behind nginx with the configuration that deploy/nginx.conf has, on this machine's own ports."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.app_process import RunningApp, free_port, running_app
from tests.deploy.space_files import ROOT

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
PATH = "/audioscope"
MAIN = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/errors; events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {server}
}}
"""
START_TIMEOUT_SECONDS = 10.0


@contextmanager
def app_behind_nginx(folder: Path) -> Iterator[RunningApp]:
    """An app whose address is nginx's; its own port answers too."""
    with (
        running_app(folder, GRADIO_ROOT_PATH=PATH, AUDIOSCOPE_METRICS="true") as app,
        nginx_before(app, folder / "nginx") as address,
    ):
        yield replace(app, address=address)


@contextmanager
def nginx_before(app: RunningApp, folder: Path) -> Iterator[str]:
    """Run nginx in the foreground, and yield the address of the app behind it."""
    folder.mkdir()
    port = free_port()
    server = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "http://127.0.0.1:7860": app.address,
        # The icon is one of the whole site, which browsers ask for at its top.
        "server_name example.org;": "location = /favicon.ico { return 204; }",
    }
    for here, there in changes.items():
        assert here in server
        server = server.replace(here, there)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, server=server))
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(folder / "nginx.conf")])
    try:
        wait_for_health(f"http://127.0.0.1:{port}{PATH}/healthz")
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_SECONDS)


def wait_for_health(address: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # between two questions to a server that is starting
