"""The commands of docs/hosting.md, as they stand there, as far as they can run here."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from models.files.hub_lock import HubLock
from models.files.hub_weights import HubWeights
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource
from tests.deploy.shell import run_shell
from tests.deploy.space_files import ROOT, read_front_matter
from tests.deploy.wheels import make_wheel
from tests.models.fake_hub import FakeHub

PAGE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
REFUSE_BINARIES = """#!/bin/sh
# As the hub does: no file that Git itself keeps may be binary, where an empty tree is compared with what was pushed.
while read -r old new name; do
  if git diff --numstat 4b825dc642cb6eb9a060e54bf8d69288fbee4904 "$new" | grep -q '^-'; then
    echo "binary files belong into Git LFS" >&2
    exit 1
  fi
done
"""


def commands(heading: str) -> list[str]:
    """Return the blocks of commands below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture
def hub_repository(tmp_path: Path) -> Path:
    """An empty Space: a repository with one commit that refuses binaries."""
    bare, seed = tmp_path / "hub.git", tmp_path / "seed"
    run_shell(f"git init -q --bare -b main {bare}; git clone -q {bare} {seed}", tmp_path)
    run_shell("git commit -q --allow-empty -m 'initial commit'; git push -q origin HEAD:main", seed)
    hook = bare / "hooks" / "pre-receive"
    hook.write_text(REFUSE_BINARIES)
    hook.chmod(0o755)
    return bare


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
def test_a_push_to_a_space_brings_every_file_with_binaries_in_lfs(hub_repository: Path, tmp_path: Path) -> None:
    clone = "https://huggingface.co/spaces/NAME/audioscope"
    (cpu,), (gpu,) = commands("A Space on a CPU"), commands("A Space on a T4")
    assert clone in cpu
    archive = f"git -C {ROOT} archive HEAD"
    cpu = cpu.replace(clone, f"file://{hub_repository}").replace("git archive HEAD", archive)
    before_commit, commit, push = cpu.partition("git commit")
    run_shell(
        before_commit
        + gpu.replace("space/", "").replace("requirements-gpu.txt >>", f"{ROOT}/requirements-gpu.txt >>")
        + "git add --all\n"
        + commit
        + push,
        tmp_path,
    )
    names = run_shell("git ls-tree -r --name-only main", hub_repository).split("\n")
    assert read_front_matter(ROOT)["app_file"] in names
    assert run_shell("git show main:models/weights/beats/beats.onnx", hub_repository).startswith("version https://git-lfs")
    assert "bitsandbytes" in run_shell("git show main:requirements.txt", hub_repository)
    run_shell(f"git clone -q file://{hub_repository} again; cd again; git lfs install --local; git lfs pull", tmp_path)
    weights = Path("models") / "weights" / "beats" / "beats.onnx"
    assert (tmp_path / "again" / weights).read_bytes() == (ROOT / weights).read_bytes()


@pytest.fixture
def fake_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    hub = FakeHub("Systran/faster-whisper-small")
    hub.commit({name: name.encode() for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt", "README.md")})
    yield hub
    hub.stop()


def test_packages_and_models_are_carried_to_a_machine_without_a_network(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, start = commands("A machine without a network")
    make_wheel(tmp_path / "index", "tiny", "1.0")
    tree = tmp_path / "audioscope"
    shutil.copytree(ROOT / "deploy", tree / "deploy")
    shutil.copy(ROOT / "Makefile", tree / "Makefile")
    (tree / "requirements.txt").write_text("tiny==1.0\n")
    (tree / "app.py").write_text(
        "import os\nfrom importlib.metadata import version\nprint(version('tiny'), os.environ['HF_HUB_OFFLINE'])\n"
    )
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    index = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (tmp_path / "index").as_uri(),
        "PIP_FIND_LINKS": "",
        "PATH": programs,
    }
    run_shell(fetch, tree, **index, HF_ENDPOINT=fake_hub.endpoint, NO_PROXY="127.0.0.1")
    fake_hub.stop()
    shutil.rmtree(tmp_path / "index")
    printed = run_shell(start, tree, PIP_CONFIG_FILE=os.devnull, PATH=programs, PYTHON=sys.executable)
    assert printed.splitlines()[-1] == "1.0 1"

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    weights = HubWeights(HubLock(tmp_path / "lock.json"), cache_dir=tree / "models" / "hub")
    (spec,) = (spec for spec in ALL_MODELS if spec.key == "whisper-small")
    assert isinstance(spec.source, HubSource)
    directory, commit = weights.fetch(spec, spec.source)
    assert commit == fake_hub.head
    assert (directory / "model.bin").read_bytes() == b"model.bin"


def test_the_files_of_other_commands_exist() -> None:
    """The blocks that need an engine or root, and so are not run, name files that exist."""
    for block in (*commands("Docker"), *commands("A server behind nginx")):
        for name in re.findall(r"[\w/.-]+\.(?:conf|yaml)", block):
            assert (ROOT / name).exists() or name.startswith("/etc/")
    assert "audioscope-gpu" in (ROOT / "compose.yaml").read_text(encoding="utf-8")
