"""A cluster of two machines, both on this one, started with the commands of docs/scaling.md."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.app_process import free_port
from tests.deploy.space_files import ROOT

START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 20.0
CPUS = 4
"""CPUs of each machine, as Ray counts them: it starts no more processes than that."""
STARTED = "Ray runtime started"


@dataclass(frozen=True)
class RayMachines:
    """A running cluster."""

    address: str
    """Address of the cluster for `ray.init`."""
    page: str
    """Address of the page."""
    environment: dict[str, str]
    clips: Path


def commands(heading: str) -> list[str]:
    """Return the blocks of commands below a heading of the page on scaling."""
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    return re.findall(r"```sh\n(.*?)```", page.split(f"\n## {heading}\n")[1].split("\n## ")[0], re.DOTALL)


@contextmanager
def ray_machines(folder: Path, config: str) -> Iterator[RayMachines]:
    """Start two machines and deploy `config`, the text of a file for `serve deploy`; the folder's path must be short."""
    port, dashboard, page = free_port(), free_port(), free_port()
    exports, head, other, deploy = commands("Start a cluster")[1:]
    environment = environment_of(exports.replace("/mnt/audioscope", str(folder)).replace("$PWD", str(ROOT))) | {
        "RAY_AUTH_TOKEN": uuid.uuid4().hex,
        "RAY_DASHBOARD_ADDRESS": f"http://127.0.0.1:{dashboard}",
        "RAY_TMPDIR": str(folder),
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
    }
    config_file = folder / "serve.yaml"
    config_file.write_text(config.replace("port: 8000", f"port: {page}"))
    on_this = f" --num-cpus {CPUS} --object-store-memory {100 * 2**20} --disable-usage-stats"
    first = f"{head.strip()} --dashboard-port {dashboard}".replace("6379", str(port))
    second = other.strip().replace("FIRST:6379", f"127.0.0.1:{port}")
    with ExitStack() as running:
        for command in (first, second):
            line = f"{command} {on_this} --dashboard-agent-listen-port {free_port()}"
            running.enter_context(machine(line, environment, folder))
        run = subprocess.run(
            ["bash", "-euc", deploy.replace("deploy/ray_serve.yaml", str(config_file))],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        wait_until_served(f"http://127.0.0.1:{page}/healthz")
        yield RayMachines(f"127.0.0.1:{port}", f"http://127.0.0.1:{page}", environment, folder / "clips")


def environment_of(exports: str) -> dict[str, str]:
    """Return the environment after a block of `export` commands."""
    shown = subprocess.run(["bash", "-euc", f"{exports}\nenv -0"], cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)


@contextmanager
def machine(command: str, environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Run `ray start ... --block` until the block ends; its own processes end with it."""
    log_file = folder / f"machine-{uuid.uuid4().hex}.log"
    with open(log_file, "wb") as log:
        process = subprocess.Popen(command.split(), cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while STARTED not in log_file.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log_file.read_text()
            time.sleep(0.05)  # between two looks at a log that grows
        yield
    finally:
        for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            each.kill()  # a machine that gets SIGTERM waits half a minute for its jobs
        process.wait(STOP_TIMEOUT_SECONDS)


def wait_until_served(address: str) -> None:
    """Return at the first HTTP 200."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # between two questions to a server that is starting
