"""Zip files are unpacked whole into their folder, or refused with a reason and nothing written."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from training.data import archives
from training.data.archives import ArchiveLimits, ArchiveRefused, unpack


def archive(file: Path, *names: str, content: bytes = b"sound") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, content)
    return file


def test_folders_are_kept(tmp_path: Path) -> None:
    assert unpack(archive(tmp_path / "a.zip", "a.wav", "deep/b.wav"), tmp_path / "new" / "out") == 2
    assert sorted(path.name for path in (tmp_path / "new").rglob("*")) == ["a.wav", "b.wav", "deep", "out"]
    with pytest.raises(ArchiveRefused, match="not empty"):
        unpack(tmp_path / "a.zip", tmp_path / "new" / "out")


@pytest.mark.parametrize(
    "name", ["../a.wav", "deep/../../a.wav", "/etc/a.wav", "C:\\a.wav", "C:a.wav", "..\\a.wav", "\\\\host\\a.wav"]
)
def test_a_path_outside_is_refused(tmp_path: Path, name: str) -> None:
    refuse(archive(tmp_path / "a.zip", "good.wav", name), "leads out of the folder")


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.wav")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    refuse(tmp_path / "a.zip", "a link")


def test_passwords_damage_and_other_files_are_refused(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", "a.wav")
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    refuse(file, "password")
    file = archive(tmp_path / "b.zip", "a.wav", content=bytes(range(256)) * 8)
    content = bytearray(file.read_bytes())
    content[60] ^= 255
    file.write_bytes(content)
    refuse(file, "damaged")
    (tmp_path / "c.zip").write_bytes(b"no zip")
    refuse(tmp_path / "c.zip", "no zip file")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused_also_where_only_the_case_differs(tmp_path: Path) -> None:
    refuse(archive(tmp_path / "a.zip", "a.wav", "a.wav"), "twice")
    refuse(archive(tmp_path / "b.zip", "a.wav", "A.wav"), "twice")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (lambda: ArchiveLimits(max_files=1), "2 files, more than 1"),
        (lambda: ArchiveLimits(max_bytes=1500), "more than 1.5e-06 GB"),
        (lambda: ArchiveLimits(max_ratio=10), "grows to more than 10 times"),
    ],
)
def test_bombs_are_refused_while_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Callable[[], ArchiveLimits], reason: str
) -> None:
    monkeypatch.setattr(archives, "MIN_SUSPECT_BYTES", 0)
    refuse(archive(tmp_path / "a.zip", "a.wav", "b.wav", content=bytes(1000)), reason, limits())


def refuse(file: Path, reason: str, limits: ArchiveLimits = ArchiveLimits()) -> None:
    before = set(file.parent.iterdir())
    with pytest.raises(ArchiveRefused, match=reason):
        unpack(file, file.parent / "out", limits)
    assert set(file.parent.iterdir()) == before
