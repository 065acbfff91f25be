"""What was shown of a clip comes back as it was, for the person who saw it, and a file on disk can do nothing else."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.arrays import FloatArray
from pipelines.clip import kept_results
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import FACTS_FILE
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.keepers import kept_folder
from pipelines.clip.kept_results import KeptResults, Reference, UnreadableResult
from pipelines.edits.store import VersionStore
from pipelines.edits.versions import Versions
from pipelines.music.facts import FactOptions
from pipelines.storage.folder_storage import FolderStorage
from tests.components.pictures.test_markup import clip as clip


@pytest.fixture
def kept(clip: AudioClip) -> KeptResults:
    return KeptResults(
        FolderStorage(clip.directory.parent),
        {AudioClip: Reference(lambda one: one.content_hash, {clip.content_hash: clip}.__getitem__)},
    )


def test_dataclasses_arrays_and_pictures_come_back(kept: KeptResults, clip: AudioClip) -> None:
    rows = np.zeros(2, dtype=[("token", "i4"), ("prob", "f4")])
    frames: FloatArray = np.arange(6, dtype=np.float32).reshape(2, 3)
    picture = Image.new("RGB", (3, 2), "red")
    kept.store(clip, "ann", "map", (FactOptions(60, 180), frames, rows, picture, Path("a.png"), clip, np.float32(2.5)))
    options, found, records, image, path, same, number = kept.find(clip, "ann", "map")  # type: ignore[misc]
    assert (options, path, number) == (FactOptions(60, 180), Path("a.png"), 2.5)
    assert np.array_equal(found, frames)
    assert np.array_equal(records, rows)
    assert image.tobytes() == picture.tobytes()
    assert same is clip


def test_each_person_finds_what_is_theirs(kept: KeptResults, clip: AudioClip) -> None:
    kept.store(clip, "ann", "map", "Ann's")
    kept.store(clip, "bob", "map", "Bob's")
    assert [kept.find(clip, name, "map") for name in ("ann", "bob", "cid")] == ["Ann's", "Bob's", None]


@pytest.mark.parametrize("version", [kept_results.VERSION - 1, kept_results.VERSION + 1])
def test_edits_of_another_version_of_the_app_are_neither_shown_nor_replaced(
    kept: KeptResults, clip: AudioClip, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    (clip.directory / FACTS_FILE).touch()
    edits: VersionStore[Any] = VersionStore(kept, f"edits-{version}")
    with monkeypatch.context() as patch:
        patch.setattr(kept_results, "VERSION", version)
        edits.change(clip, "ann", lambda before: before)
    assert kept.find(clip, "ann", f"edits-{version}") is None
    with pytest.raises(UnreadableResult):
        edits.change(clip, "ann", lambda before: before)
    monkeypatch.setattr(kept_results, "VERSION", version)
    assert isinstance(kept.find(clip, "ann", f"edits-{version}"), Versions)


def test_what_is_too_large_is_not_kept(kept: KeptResults, clip: AudioClip, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.store(clip, "ann", "map", "small")
    monkeypatch.setattr(kept_results, "MAX_RESULT_BYTES", 1000)
    kept.store(clip, "ann", "map", "x" * 2000)
    assert kept.find(clip, "ann", "map") == "small"


def test_nothing_is_kept_of_a_clip_that_was_deleted(tmp_path: Path) -> None:
    clips = ClipStore(tmp_path)
    kept, clip = KeptResults(clips.storage, {}), clips.open_waveform(np.sin(np.arange(8000), dtype=np.float32), 8000)
    clips.keep(clip, "ann")
    kept.store(clip, "ann", "map", "a map")
    assert kept.find(clip, "ann", "map") == "a map"
    clips.release(clip.content_hash, "ann")
    kept.store(clip, "ann", "map", "late")
    assert kept.find(clip, "ann", "map") is None


def test_only_who_keeps_a_clip_finds_it_by_its_hash(tmp_path: Path) -> None:
    clips = ClipStore(tmp_path)
    clip = clips.open_waveform(np.sin(np.arange(8000), dtype=np.float32), 8000)
    clips.keep(clip, "ann")
    found = clips.find_kept(clip.content_hash, "ann")
    assert found
    assert found.content_hash == clip.content_hash
    assert clips.find_kept(clip.content_hash, "bob") is None
    assert clips.find_kept("../other", "ann") is None


@dataclass(frozen=True)
class Outsider:
    """No class of the app."""


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("harm",)


@pytest.mark.parametrize("content", [Harmful(), Outsider(), kept_folder])
def test_a_file_can_only_hold_data(kept: KeptResults, clip: AudioClip, content: object, capsys: Any) -> None:
    harmful = pickle.dumps((kept_results.VERSION, content))
    FolderStorage(clip.directory.parent).write(f"{kept_folder(clip.content_hash, 'ann')}/map", harmful)
    assert kept.find(clip, "ann", "map") is None
    assert capsys.readouterr().out == ""


GADGETS = (
    *(
        ("builtins", name)
        for name in ("eval", "exec", "open", "print", "getattr", "__import__", "compile", "map", "type", "input")
    ),
    *(("os", name) for name in ("system", "popen", "remove", "rmdir", "execv", "spawnl", "putenv")),
    *(("posix", name) for name in ("system", "fork")),
    *(("subprocess", name) for name in ("Popen", "run", "call", "check_output", "getoutput")),
    *(("shutil", name) for name in ("rmtree", "move", "copyfile", "unpack_archive")),
    *(("pickle", name) for name in ("loads", "load", "_loads", "Unpickler")),
    ("importlib", "import_module"),
    ("runpy", "run_path"),
    ("imp", "load_source"),
    ("pty", "spawn"),
    ("code", "interact"),
    ("functools", "partial"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("types", "FunctionType"),
    ("ctypes", "CDLL"),
    ("socket", "socket"),
    ("webbrowser", "open"),
    ("urllib.request", "urlretrieve"),
    ("http.client", "HTTPConnection"),
    ("timeit", "timeit"),
    ("pdb", "run"),
    ("cProfile", "run"),
    ("doctest", "debug_script"),
    ("logging.config", "_resolve"),
    ("bdb", "Bdb.run"),
    *(("pathlib", name) for name in ("Path", "PosixPath.unlink", "PosixPath.write_text", "os.system")),
    *(("numpy", name) for name in ("load", "save", "fromfile", "ndarray.tofile", "memmap", "loadtxt")),
    ("numpy._core.multiarray", "fromfile"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.f2py.crackfortran", "getlincoef"),
    *(("PIL.Image", name) for name in ("open", "Image.save", "Image.tobitmap", "new", "preinit")),
    ("torch", "load"),
    ("torch.storage", "_load_from_bytes"),
    ("joblib", "load"),
    ("pandas", "read_pickle"),
    ("yaml", "unsafe_load"),
    *(
        ("pipelines.clip.kept_results", name)
        for name in ("import_module", "pickle.loads", "_Unpickler", "tempfile.mkdtemp", "Path")
    ),
    *(("models.files.package_weights", name) for name in ("shutil.rmtree", "os", "check_sha256", "PackageWeights.fetch")),
    ("pipelines.clip.clip_store", "ClipStore"),
    ("components", "__builtins__"),
    ("models", "__loader__"),
    ("services", "build_services"),
    ("app", "main"),
    ("deploy.ray_serve.messages", "unpack"),
    ("settings", "Settings"),
    ("commands.models", "run"),
)
"""Callables by which published attacks begin, what does the same in the packages that a result may name, and their parts."""
CALLS = (b"c%s\n%s\n(S'harm'\ntR.", b"(S'harm'\ni%s\n%s\n.", b"(c%s\n%s\nS'harm'\no.", b"\x80\x02c%s\n%s\n(S'harm'\nt\x81.")
"""REDUCE, INST, OBJ and NEWOBJ: each calls a global with a text."""


@pytest.mark.parametrize(("module", "name"), GADGETS)
def test_no_callable_of_an_attack_is_reached(kept: KeptResults, clip: AudioClip, module: str, name: str) -> None:
    for call in CALLS:
        attack = call % (module.encode(), name.encode())
        with pytest.raises((pickle.UnpicklingError, ImportError, AttributeError)):
            kept_results._Unpickler(io.BytesIO(attack), {}).load()
    FolderStorage(clip.directory.parent).write(f"{kept_folder(clip.content_hash, 'ann')}/map", attack)
    assert kept.find(clip, "ann", "map") is None


def test_an_array_of_objects_holds_no_others(kept: KeptResults, clip: AudioClip, capsys: Any) -> None:
    for hidden in (np.array([Harmful()], dtype=object), {Path("a"): [Harmful()]}, frozenset([Harmful()])):
        attack = pickle.dumps((kept_results.VERSION, hidden))
        FolderStorage(clip.directory.parent).write(f"{kept_folder(clip.content_hash, 'ann')}/map", attack)
        assert kept.find(clip, "ann", "map") is None
    assert capsys.readouterr().out == ""


def test_a_reference_to_a_clip_that_is_gone_brings_nothing_back(kept: KeptResults, clip: AudioClip) -> None:
    kept.store(clip, "ann", "map", clip)
    assert (
        KeptResults(FolderStorage(clip.directory.parent), {AudioClip: Reference(id, {}.__getitem__)}).find(clip, "ann", "map")
        is None
    )
