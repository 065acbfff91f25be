"""What docs/scaling.md says of Ray Serve, as far as it is quick: the files and options of its commands, and the proxy's rule.

`make cluster-test` runs the commands themselves.
"""

from __future__ import annotations

import http.server
import re
import shlex
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.app_process import free_port
from tests.deploy.behind_nginx import MAIN, NGINX, START_TIMEOUT_SECONDS, wait_for_health
from tests.deploy.ray_machines import commands
from tests.deploy.space_files import ROOT

pytest.importorskip("ray", reason="ray is not installed: pip install -r requirements-ray.txt")

CONFIG = ROOT / "deploy" / "ray_serve.yaml"


def test_the_file_for_serve_names_every_deployment_of_the_application() -> None:
    from ray.serve._private.build_app import build_app
    from ray.serve.schema import ServeDeploySchema

    from deploy.ray_serve.application import application

    (deployed,) = ServeDeploySchema.model_validate(yaml.safe_load(CONFIG.read_text())).applications
    assert deployed.import_path == "deploy.ray_serve.application:application"
    built = build_app(application, name="audioscope")
    assert [each.name for each in deployed.deployments] == sorted(
        (each.name for each in built.deployments), key=[each.name for each in deployed.deployments].index
    )


def test_the_options_of_ray_and_serve_exist() -> None:
    import click
    from ray.scripts.scripts import cli as ray_cli
    from ray.serve.scripts import cli as serve_cli

    lines = [shlex.split(line) for block in commands("Start a cluster") for line in block.strip().split("\n")]
    programs = {".venv/bin/ray": ray_cli, ".venv/bin/serve": serve_cli}
    used = [words for words in lines if words[0] in programs]
    assert len(used) == 4
    for program, name, *arguments in used:
        command = programs[program].get_command(click.Context(programs[program]), name)
        command.make_context(name, arguments, resilient_parsing=False)


class _Recorder(http.server.BaseHTTPRequestHandler):
    """Answers with the session that the proxy names."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers["X-Session-Id"]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    recorder = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    port = free_port()
    server = (ROOT / "deploy" / "nginx_cluster.conf").read_text(encoding="utf-8")
    for here, there in {"listen 80;": f"listen 127.0.0.1:{port};", "127.0.0.1:8000": f"127.0.0.1:{recorder.server_port}"}.items():
        assert here in server
        server = server.replace(here, there)
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path, server=server))
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", str(tmp_path), "-e", f"{tmp_path}/errors", "-c", f"{tmp_path}/nginx.conf"])
    try:
        wait_for_health(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_SECONDS)
        recorder.shutdown()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_the_proxy_names_one_session_for_a_browser_and_one_for_a_script(proxy: str) -> None:
    with urllib.request.urlopen(proxy) as answer:
        assert answer.read() == b"127.0.0.1"
        cookie = re.match(r"audioscope_page=(\w+);", answer.headers["Set-Cookie"])
    assert cookie is not None
    with urllib.request.urlopen(urllib.request.Request(proxy, headers={"Cookie": f"audioscope_page={cookie[1]}"})) as answer:
        assert answer.read().decode() == cookie[1]
        assert answer.headers["Set-Cookie"] is None
