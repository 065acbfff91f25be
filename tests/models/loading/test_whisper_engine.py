"""What runs Whisper on a machine with a GPU, and cuBLAS of CUDA 12 beside a torch of CUDA 13."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import ctranslate2
import pytest

from models.files.model_files import Availability
from models.loading import whisper_engine
from models.loading.whisper_engine import (
    APPLE,
    CUBLAS_LIBRARIES,
    WhisperEngine,
    choose_whisper_engine,
    try_ctranslate2,
    try_torch,
)
from models.model_catalog import ALL_MODELS, ModelCatalog
from models.specs.model_spec import Device
from models.specs.music import BEATNET
from models.specs.speech import SPEECH_MODELS

MISSING = "CTranslate2 cannot use the GPU (Library libcublas.so.12 is not found or cannot be loaded)"
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("device", "ctranslate2_problem", "torch_problem", "loader", "on_cpu", "note"),
    [
        ("cpu", "never asked", "never asked", "faster_whisper", False, ""),
        ("cuda", None, "never asked", "faster_whisper", False, ""),
        ("cuda", MISSING, None, "whisper_torch", False, f"Whisper runs through torch here: {MISSING}."),
        (
            "cuda",
            MISSING,
            "no kernel image",
            "faster_whisper",
            True,
            f"Whisper runs on the CPU here: {MISSING}, and torch cannot use the GPU (no kernel image).",
        ),
        ("mps", "never asked", None, "whisper_torch", False, f"Whisper runs through torch here: {APPLE}."),
    ],
)
def test_ctranslate2_is_taken_before_torch_and_torch_before_the_cpu(
    device: Device, ctranslate2_problem: str | None, torch_problem: str | None, loader: str, on_cpu: bool, note: str
) -> None:
    engine = choose_whisper_engine(device, lambda: ctranslate2_problem, lambda device: torch_problem)
    assert engine == WhisperEngine(loader, on_cpu, note)  # type: ignore[arg-type]
    assert note in engine.sentence(device)


def test_where_nothing_hinders_ctranslate2_the_sentence_says_where_it_runs() -> None:
    assert choose_whisper_engine("cpu").sentence("cpu") == "Whisper runs in CTranslate2 on the CPU: there is no GPU."
    on_gpu = choose_whisper_engine("cuda", lambda: None)
    assert on_gpu.sentence("cuda") == "Whisper runs in CTranslate2 on the GPU, where a trial succeeded."


def test_the_choice_is_said_with_the_model_and_leaves_other_models_alone() -> None:
    engine = choose_whisper_engine("cuda", lambda: MISSING, lambda device: "no kernel image")
    specs = tuple(map(engine.place, ALL_MODELS))
    files: Any = Downloaded()
    choice = ModelCatalog(files, "cuda", lambda: 2**40, specs).choose("transcribe")
    assert choice.spec.title == "Whisper small"  # the best that is quick on a CPU
    assert choice.reason.endswith(engine.note)
    assert (choice.spec.place("cuda"), choice.spec.dtype("cuda"), choice.spec.memory_bytes("cuda")) == ("cpu", "int8", 0)
    changed = [after.key for before, after in zip(ALL_MODELS, specs, strict=True) if before != after]
    assert changed == [spec.key for spec in SPEECH_MODELS]
    assert engine.place(BEATNET) is BEATNET


class Downloaded:
    def availability(self, spec: Any) -> Availability:
        return Availability(True, "downloaded")


def test_the_probe_runs_every_step_of_a_whisper() -> None:
    assert try_ctranslate2("cpu", "float32") is None
    assert try_torch("cpu") is None


def test_a_gpu_without_its_libraries_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(whisper_engine, "PROBE", tmp_path)
    problem = try_ctranslate2("cpu", "float32")
    assert problem is not None
    assert problem.startswith("CTranslate2 cannot use the GPU (Unable to open file")


def test_ctranslate2_opens_one_library_of_cuda_which_is_the_one_that_is_preloaded() -> None:
    (library,) = (Path(ctranslate2.__file__).parent.parent / "ctranslate2.libs").glob("libctranslate2*.so*")
    content = library.read_bytes()
    assert b"libcublas.so.12\0" in content
    assert not any(name in content for name in (b"libcudnn", b"libcurand.so", b"libcudart.so", b"libcusparse.so"))


@pytest.fixture
def cublas_package(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH with the package of NVIDIA's wheel, whose libraries do nothing."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    libraries = tmp_path / "nvidia" / "cublas" / "lib"
    libraries.mkdir(parents=True)
    for name in CUBLAS_LIBRARIES:
        build = [compiler, "-shared", "-x", "c", "/dev/null", f"-Wl,-soname,{name}", "-o", str(libraries / name)]
        subprocess.run(build, check=True)
    facts = tmp_path / "nvidia_cublas_cu12-12.8.4.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: nvidia-cublas-cu12\nVersion: 12.8.4.1\n")
    (facts / "RECORD").write_text("".join(f"nvidia/cublas/lib/{name},,\n" for name in CUBLAS_LIBRARIES))
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries have these names on Linux")
@pytest.mark.parametrize("preloaded", [True, False])
def test_the_package_is_found_by_name_once_it_is_opened_by_path(cublas_package: Path, preloaded: bool) -> None:
    code = (
        f"import ctypes, sys; sys.path.append({str(ROOT)!r})\n"
        "from models.loading.whisper_engine import preload_cublas\n"
        f"{'preload_cublas()' if preloaded else ''}\n"
        "ctypes.CDLL('libcublas.so.12')"
    )
    environment = {"PYTHONPATH": str(cublas_package), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is preloaded, done.stderr
    assert preloaded or "libcublas.so.12" in done.stderr
