"""The images of Docker without an engine: the Dockerfile by hadolint, and each of its RUN lines by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.app_process import running_app
from tests.deploy.image_files import copy_build_files, environment_of, is_ignored, read_dockerfile
from tests.deploy.space_files import ROOT, tracked_files
from tests.deploy.wheels import make_wheel

RUNS = [instruction for instruction in read_dockerfile() if instruction.name == "RUN"]
HADOLINT = Path(sys.executable).with_name("hadolint")
BASE_IMAGE_BYTES = 130 * 10**6
"""python:3.11-slim-bookworm, by its page on Docker Hub."""
MAX_CPU_IMAGE_BYTES = 3 * 10**9


def test_the_dockerfile_passes_hadolint() -> None:
    run = subprocess.run([HADOLINT, "--format", "tty", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


@pytest.mark.parametrize("instruction", RUNS, ids=lambda run: f"{run.stage}: {run.text}")
def test_every_run_line_is_a_script_that_the_build_has(instruction: Any) -> None:
    script = Path(next(word for word in instruction.words if word != "python"))
    assert script in tracked_files()
    assert not is_ignored(script)
    assert script.suffix == ".py" or os.access(ROOT / script, os.X_OK)


def test_the_default_image_is_the_one_for_cpus() -> None:
    stages = [instruction.text.split()[-1] for instruction in read_dockerfile() if instruction.name == "FROM"]
    assert stages == ["base", "cuda", "cpu"]


@pytest.mark.parametrize("stage", ["cpu", "cuda"])
def test_volumes_belong_to_the_user_and_are_declared_last(stage: str) -> None:
    instructions = [instruction for instruction in read_dockerfile() if instruction.stage == stage]
    users = [instruction.text for instruction in instructions if instruction.name == "USER"]
    (volume,) = (instruction for instruction in instructions if instruction.name == "VOLUME")
    assert instructions[-1] is volume
    environment = environment_of("base")
    assert set(volume.words) == {environment["AUDIOSCOPE_DATA_DIR"], environment["HF_HOME"]}
    _, name, uid, *folders = RUNS[0].words
    assert (name, [uid], set(folders)) == ("audioscope", users, set(volume.words))


def test_the_user_gets_folders_of_its_own(tmp_path: Path) -> None:
    """In a name space whose /etc and /home are copies, so that this machine gets no user."""
    overlay = (
        'for place in /etc /home; do mkdir -p "$1$place/upper" "$1$place/work"; mount -t overlay overlay '
        '-o "lowerdir=$place,upperdir=$1$place/upper,workdir=$1$place/work" $place; done; shift; exec "$@"'
    )
    scratch, folder = tmp_path / "scratch", tmp_path / "data"
    unshare = ["unshare", "--mount", "sh", "-euc", f"mount -t tmpfs tmpfs {scratch}; {overlay}", "sh", str(scratch)]
    scratch.mkdir()
    if os.geteuid() or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount name space can be made here")
    script = (
        f'"{ROOT}/deploy/add_user.sh" audioscope 1717 "{folder}"; id -u audioscope; stat -c %U:%G "{folder}" /home/audioscope'
    )
    run = subprocess.run([*unshare, "sh", "-euc", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1717", "audioscope:audioscope", "audioscope:audioscope"]
    assert folder.stat().st_uid == 1717


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an empty environment."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return str(folder / "bin" / "python")


@pytest.mark.models
@pytest.mark.parametrize(("torch_index", "version"), [("cpu", "2.0+cpu"), ("", "2.0")])
def test_torch_comes_from_the_index_of_cpu_wheels_where_one_is_named(
    python: str, torch_index: str, version: str, tmp_path: Path
) -> None:
    for index, name, wheel in (("pypi", "torch", "2.0"), ("pypi", "other", "1.0"), ("cpu", "torch", "2.0+cpu")):
        make_wheel(tmp_path / index, name, wheel)
    (tmp_path / "requirements.txt").write_text("other==1.0\ntorch==2.0\n")
    (tmp_path / "more.txt").write_text("other\n")
    environment = {
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "PIP_INDEX_URL": (tmp_path / "pypi").as_uri(),
        "TORCH_INDEX": (tmp_path / torch_index).as_uri() if torch_index else "",
    }
    install = [str(ROOT / "deploy" / "install_packages.sh"), python, "requirements.txt", "more.txt"]
    subprocess.run(install, cwd=tmp_path, env=environment, check=True)
    run = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["other==1.0", f"torch=={version}"]
    subprocess.run([python, "-m", "pip", "uninstall", "-y", "other", "torch"], check=True)


@pytest.mark.models
def test_the_app_of_an_image_starts_and_its_health_check_sees_it(tmp_path: Path) -> None:
    """As CMD and HEALTHCHECK of the Dockerfile run them, in the files that a build has, with its variables."""
    root = copy_build_files(tmp_path / "app")
    assert not (root / "tests").exists()
    data, models = str(tmp_path / "data"), str(tmp_path / "models")
    volumes = {"AUDIOSCOPE_DATA_DIR": data, "HF_HOME": models}
    subprocess.run([sys.executable, "prepare_weights.py"], cwd=root, env=os.environ | volumes, check=True)
    assert list((tmp_path / "data" / "weights").rglob("model.bin"))
    (check,) = (instruction for instruction in read_dockerfile() if instruction.name == "HEALTHCHECK")
    command = [sys.executable, *re.findall(r'"([\w/.]+)"', check.text)[1:]]
    with running_app(tmp_path, root / "app.py", root=root, AUDIOSCOPE_DATA_DIR=data, HF_HOME=models) as app:
        port = {"GRADIO_SERVER_PORT": app.address.rpartition(":")[2]}
        well = subprocess.run(command, cwd=root, env=os.environ | port, capture_output=True, text=True, check=False)
        assert (well.returncode, well.stdout.strip()) == (0, '{"status":"ok","running":0}')
    ended = subprocess.run(command, cwd=root, env=os.environ | port, capture_output=True, text=True, check=False)
    assert ended.returncode == 1


def test_the_image_for_cpus_stays_below_three_gigabytes() -> None:
    """From what the packages take in this environment, whose torch must be that for CPUs, as no image can be built here."""
    import torch

    if torch.version.cuda:
        pytest.skip("torch with CUDA is installed here")
    names = [line.split("==")[0] for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()]
    installed = [
        distribution for distribution in metadata.distributions() if distribution.name.lower().replace("_", "-") in names
    ]
    assert len(installed) > 100
    packages = sum(
        Path(file.locate()).stat().st_size
        for distribution in installed
        for file in distribution.files or ()
        if Path(file.locate()).exists()
    )
    files = sum((ROOT / file).stat().st_size for file in tracked_files() if not is_ignored(file))
    put_together = 145 * 10**6
    assert packages + files + put_together + BASE_IMAGE_BYTES < MAX_CPU_IMAGE_BYTES


def test_the_compose_file_has_one_service_for_cpus_and_one_with_a_gpu() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    cpu, gpu = compose["services"]["audioscope"], compose["services"]["audioscope-gpu"]
    stages = {instruction.stage for instruction in read_dockerfile()}
    assert {cpu["build"]["target"], gpu["build"]["target"]} == stages - {"base"}
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    environment = environment_of("base")
    assert {volume.split(":")[1] for volume in cpu["volumes"]} == {environment["AUDIOSCOPE_DATA_DIR"], environment["HF_HOME"]}
    assert {volume.split(":")[0] for volume in cpu["volumes"]} == set(compose["volumes"])
    assert cpu["ports"] == [f"{environment['GRADIO_SERVER_PORT']}:{environment['GRADIO_SERVER_PORT']}"]
