"""Pictures and chunks of sound are read in workers: a file that ends its reader gets a sentence, and the next one is read."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
from PIL import Image

from components.pictures.files import read_in_workers
from pipelines.clip.files.sound_chunk import read_chunk
from pipelines.isolation.errors import WorkerFailed
from pipelines.isolation.file_readers import FileReaders
from pipelines.pictures.files.png_file import read_png
from pipelines.pictures.init_image import read_init_image
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import foreign_settings_from_png, picture_from_png, png_bytes
from tests.pipelines.isolation import jobs
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
ROOT = Path(__file__).parents[3]
IMAGE = Image.linear_gradient("L").resize((96, 96)).convert("RGB")
SETTINGS = replace(DRAWN_FROM_TEXT, init_image=IMAGE.transpose(Image.Transpose.ROTATE_90))
RATE = 16_000
Read = Callable[[Path, FileReaders], Any]
READERS: dict[str, tuple[str, Read]] = {
    "initial image": ("init_image.decoded_init_image", lambda folder, workers: read_init_image(folder / "a.png", workers)),
    "settings": ("files.png_file.encoded_texts", lambda folder, workers: picture_from_png(folder / "a.png", workers)),
    "image inside": ("files.png_file.decoded_init_image", lambda folder, workers: picture_from_png(folder / "a.png", workers)),
    "picture": ("files.png_file.decoded_picture", lambda folder, workers: read_png((folder / "a.png").read_bytes(), workers)),
    "sound": (
        "pipelines.clip.files.sound_chunk.encoded_chunk",
        lambda folder, workers: read_chunk(folder / "a.wav", range(RATE, RATE + 1), 60, workers),
    ),
}
"""Name -> the function that the worker runs, and one that reads a file by it."""
NATIVE = {"Image.open", "soundfile.SoundFile", "soundfile.read", "soundfile.info", "av.open", "PngImageFile", "librosa.load"}
"""Calls that read a file with native code."""
CALLED_BY_WORKERS = {
    "pipelines/clip/files/compressed_sound.py",
    "pipelines/clip/files/containers.py",
    "pipelines/clip/files/player_files.py",
    "pipelines/clip/files/sound_chunk.py",
    "pipelines/music/loudness.py",
    "pipelines/pictures/files/png_file.py",
    "pipelines/pictures/init_image.py",
}
"""Modules of functions that workers run."""
WRITERS = {"pipelines/film/video_files.py"}
"""Modules that open files to write them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("files")
    (found / "a.png").write_bytes(png_bytes(Picture(IMAGE, 7, SETTINGS)))
    soundfile.write(found / "a.wav", np.linspace(-0.5, 0.5, RATE, dtype=np.float32), RATE, "FLOAT")
    return found


@pytest.fixture(scope="module")
def pool() -> Iterator[FileReaders]:
    workers = FileReaders(1)
    yield workers
    workers.close()


def put(patched: pytest.MonkeyPatch, name: str, fate: Callable[..., bytes]) -> Read:
    target, read = READERS[name]
    patched.setattr(target if target.startswith("pipelines") else f"pipelines.pictures.{target}", fate)
    return read


def test_workers_read_pictures_and_sound(folder: Path, pool: FileReaders) -> None:
    assert read_init_image(folder / "a.png", pool) == IMAGE
    assert picture_from_png(folder / "a.png", pool).settings == SETTINGS
    assert foreign_settings_from_png(folder / "a.png", pool) is None
    assert read_png((folder / "a.png").read_bytes(), pool) == IMAGE
    samples, rate = read_chunk(folder / "a.wav", range(8_000, 20_000), 2, pool)
    assert rate == RATE and samples == pytest.approx(np.linspace(-0.5, 0.5, RATE), abs=1e-6)


@pytest.mark.parametrize("fate", [jobs.kill_after, jobs.answer_anything_after])
@pytest.mark.parametrize("name", READERS)
def test_a_reader_that_dies_or_raves_is_the_error_of_one_file(
    name: str, fate: Callable[..., bytes], folder: Path, pool: FileReaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        read = put(patched, name, fate)
        with pytest.raises(WorkerFailed, match="This file could not be read, because it is damaged or built in an unusual way"):
            read(folder, pool)
    read(folder, pool)


@pytest.mark.parametrize("fate", [jobs.hang_after, pytest.param(jobs.take_memory_after, marks=ON_LINUX)])
def test_a_reader_that_hangs_or_grows_is_the_error_of_one_file(
    fate: Callable[..., bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = FileReaders(1, max_silence_seconds=3.0)
    with monkeypatch.context() as patched:
        read = put(patched, "initial image", fate)
        with pytest.raises(WorkerFailed):
            read(folder, workers)
    assert read(folder, workers) == IMAGE
    workers.close()


def test_sound_beyond_full_scale_or_without_a_number_is_bounded(tmp_path: Path, pool: FileReaders) -> None:
    soundfile.write(tmp_path / "wild.wav", np.array([np.nan, np.inf, -np.inf, 1e30, 0.5], np.float32), RATE, "FLOAT")
    samples, _ = read_chunk(tmp_path / "wild.wav", range(8_000, 20_000), 2, pool)
    assert samples.tolist() == [0.0, 1.0, -1.0, 1.0, 0.5]


def test_native_code_that_reads_files_is_called_by_workers_alone() -> None:
    found = set()
    for file in (file for place in ("components", "pipelines", "models") for file in (ROOT / place).rglob("*.py")):
        calls = (node.func for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        if any(ast.unparse(called) in NATIVE for called in calls):
            found.add(file.relative_to(ROOT).as_posix())
    assert found == CALLED_BY_WORKERS | WRITERS


def test_gradio_reads_no_picture_of_a_stranger(folder: Path, pool: FileReaders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    with gr.Blocks():
        image = gr.Image(type="pil", image_mode=None)
    read_in_workers(image, pool)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("opened here"))
    assert image.preprocess(image.data_model(path=str(folder / "a.png"))) == IMAGE
    assert image.preprocess(None) is None
