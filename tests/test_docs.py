"""Documents agree with the code: links, paths, commands, settings and endpoints exist, and the README's example runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gradio import Blocks

from app import build_page
from docs.make_api_reference import COMMAND, REFERENCE, api_reference
from services import build_services
from settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
ENVIRONMENT = ".venv/"
"""The environment of the documents; the tests may run in another one."""
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:[\w.*-]+/)+(?:[\w.*-]+)?|[\w*-]+\.(?:py|js|css|json|md|sh|toml|txt|in)")
MAKE = re.compile(r"\bmake((?: [a-z-]+)+)")
MODULE = re.compile(r"python -m ((?:training|benchmarks|docs)[\w.]*)")
WRITTEN_AT_RUN_TIME = {"hub-lock.json"}


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def quoted(document: Path) -> list[str]:
    """Return what stands in backticks, outside fenced blocks."""
    return QUOTED.findall(FENCED.sub("", text_of(document)))


def code_of(document: Path) -> str:
    """Return all code of a document: fenced blocks, then what stands in backticks."""
    return "\n".join([*FENCED.findall(text_of(document)), *quoted(document)])


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_there(path: str, document: Path) -> bool:
    """Return whether a path exists: from the top, beside the document, or for a bare file name in any folder of the code."""
    if path.startswith(ENVIRONMENT):
        return Path(sys.prefix, path.removeprefix(ENVIRONMENT)).exists()
    pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
    folders = (
        (".",)
        if "/" in pattern
        else (".", *(f"{room}/**" for room in ("commands", "components", "models", "pipelines", "tests", "training")))
    )
    return any(any(start.glob(f"{folder}/{pattern}")) for start in (ROOT, document.parent) for folder in folders)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Blocks:
    folder = tmp_path_factory.mktemp("page")
    return build_page(build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_resolves(document: Path) -> None:
    for target, anchor in LINK.findall(text_of(document)):
        file = document.parent / target if target else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_exists(document: Path) -> None:
    paths = {path for path in quoted(document) if PATH.fullmatch(re.sub(r"<\w+>", "*", path))}
    missing = {path for path in paths - WRITTEN_AT_RUN_TIME if not is_there(path, document)}
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {target for targets in MAKE.findall(code_of(document)) for target in targets.split()}
    assert named <= targets
    for module in MODULE.findall(code_of(document)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_every_setting_exists_and_the_readme_has_all() -> None:
    settings = {f"AUDIOSCOPE_{name}".upper() for name, field in Settings.model_fields.items() if not field.validation_alias}
    in_readme = quoted(ROOT / "README.md")
    named = {word for word in in_readme if word.startswith("AUDIOSCOPE_")}
    named |= {f"AUDIOSCOPE{word}" for word in in_readme if re.fullmatch(r"(?:_[A-Z]+)+", word)}
    assert named == settings
    for document in DOCUMENTS:
        assert set(re.findall(r"\bAUDIOSCOPE_[A-Z_]+\b", text_of(document))) <= settings


def test_every_endpoint_exists(page: Blocks) -> None:
    endpoints = {f"/{function.api_name}" for function in page.fns.values() if function.api_visibility == "public"}
    for document in DOCUMENTS:
        code = code_of(document)
        named = set(re.findall(r'api_name="(/\w+)"', code)) | {
            word for word in quoted(document) if re.fullmatch(r"/[a-z_]+", word)
        }
        assert named <= endpoints, document.name


def test_the_reference_has_every_endpoint_as_it_is(page: Blocks) -> None:
    assert text_of(REFERENCE) == api_reference(page), f"run: {COMMAND}"


def notebook_blocks() -> list[str]:
    """Return the Python blocks of the README's section for notebooks."""
    section = text_of(ROOT / "README.md").split("## In a notebook")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


BETWEEN = "-- the next block --"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Return the lines that each block prints, all in a process of their own, without a network and without Gradio."""
    one_line, setup, facts = notebook_blocks()
    blocks = (one_line, setup.replace("TranscriptionOptions()", "TranscriptionOptions(model='whisper-base-offline')"), facts)
    code = ""
    for block in blocks:
        given = block.replace("interview.m4a", "examples/speech.flac").replace("song.ogg", "examples/music.ogg")
        # The third block goes on with the services of the second, as the section says.
        code += f"{'' if block == facts else 'names = {}'}\nexec({given!r}, names)\nprint({BETWEEN!r})\n"
    folder = tmp_path_factory.mktemp("notebook")
    environment = {
        **os.environ,
        "AUDIOSCOPE_DATA_DIR": str(folder / "data"),
        "AUDIOSCOPE_CLIP_DIR": str(folder / "clips"),
        "HF_HUB_OFFLINE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nassert 'gradio' not in sys.modules"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [part.strip().splitlines() for part in run.stdout.split(BETWEEN)]


@pytest.mark.models
def test_one_line_is_one_task_without_gradio(printed: list[list[str]]) -> None:
    text, caption, answer = printed[0]
    assert "Dashwood" in text
    assert "C minor, in four-four time at 9" in caption
    assert "C minor" in answer


@pytest.mark.models
def test_the_notebook_block_transcribes_without_gradio(printed: list[list[str]]) -> None:
    last = printed[1][-1]
    assert last.startswith("15.39 ")
    assert "Dashwood" in last


@pytest.mark.models
def test_five_lines_lead_from_librosa_to_facts(printed: list[list[str]]) -> None:
    assert len(notebook_blocks()[2].partition("y, sr")[2].splitlines()) == 5
    last = printed[2][-1]
    assert re.match(r"9[56]\.\d+ C:minor \[", last)
    assert last.endswith("(12, 948)")
