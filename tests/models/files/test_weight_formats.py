"""Weights are data: nothing that loads them can run code that a file holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import AdaptedSource, HubSource, PackageSource, RepositorySource

ROOT = Path(__file__).parents[3]
PLACES = ("models", "pipelines", "components", "training")
PICKLERS = frozenset({"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"})
OWN_PICKLES = frozenset(
    {
        "pipelines/clip/kept_results.py",  # its reader takes nothing but dataclasses, arrays and images
        "pipelines/isolation/file_readers.py",  # writes calls for the workers, and reads none
        "pipelines/isolation/worker.py",  # reads what the server wrote
        "training/evaluate_captions.py",  # reads what the same command wrote
    }
)
WEIGHT_ENDINGS = (".safetensors", ".onnx", ".bin", ".npz", ".npy")
"""`.bin`: the format of CTranslate2, which is held to models of faster-whisper and CTranslate2 below."""
DATA_ENDINGS = (".json", ".jinja", ".txt", ".model", ".csv", ".tsv", "vocabulary.*")
CTRANSLATE2 = frozenset({"faster_whisper", "whisper_ctranslate2"})


def faults_of(source: str) -> Iterator[str]:
    """Yield what in a module reads pickles or runs code of a repository."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (module for module in modules if module.split(".")[0] in PICKLERS)
        elif isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            called = ast.unparse(node.func)
            if called.endswith("torch.load") and not is_true(given.get("weights_only")):
                yield called
            yield from (name for name in ("allow_pickle", "trust_remote_code") if name in given and not is_false(given[name]))


def is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import numpy, dill as d",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(name, trust_remote_code=wanted)",
    ],
)
def test_what_reads_pickles_is_found(source: str) -> None:
    assert list(faults_of(source))


def test_no_module_reads_pickles_of_others() -> None:
    files = {path.relative_to(ROOT).as_posix(): path for place in PLACES for path in (ROOT / place).rglob("*.py")}
    found = {name: faults for name, path in files.items() if (faults := list(faults_of(path.read_text(encoding="utf-8"))))}
    assert set(found) == OWN_PICKLES
    assert all(faults == ["pickle"] for faults in found.values())


def test_models_of_the_hub_bring_no_other_files() -> None:
    for spec in ALL_MODELS:
        if isinstance(spec.source, HubSource):
            assert spec.source.files, f"{spec.key} takes every file of its repository"
            for pattern in spec.source.files:
                assert pattern.endswith(WEIGHT_ENDINGS + DATA_ENDINGS), (spec.key, pattern)
                assert not pattern.endswith(".bin") or spec.loader in CTRANSLATE2, (spec.key, pattern)


def test_every_other_weight_has_a_checksum() -> None:
    for spec in ALL_MODELS:
        sources = [spec.source.base, spec.source.update] if isinstance(spec.source, AdaptedSource) else [spec.source]
        for source in sources:
            if isinstance(source, PackageSource):
                sums = [part.sha256 for file in source.files for part in file.parts]
            elif isinstance(source, RepositorySource):
                sums = [file.sha256 for file in source.files]
            else:
                continue
            assert sums and all(len(bytes.fromhex(each)) == 32 for each in sums), spec.key
