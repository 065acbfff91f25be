"""Brings a model's files to this disk, from wherever the catalogue says they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from models.errors import ModelUnavailable
from models.files.adapted_weights import merge_whisper
from models.files.hub_weights import HubState, HubWeights
from models.files.package_weights import PackageWeights, fetch_from_repository
from models.files.trained_models import WEIGHTS_FILE
from models.single_flight import SingleFlight
from models.specs.model_spec import (
    AdaptedSource,
    FetchedModel,
    ModelSpec,
    PackageSource,
    RepositorySource,
    TrainedSource,
)

IN_INSTALLATION, TRAINED_HERE = "in this installation", "trained here"
KEEPERS_ONLY = "only a keeper can download it"


def anyone() -> bool:
    """Return that whoever asks may download models."""
    return True


@dataclass(frozen=True)
class Availability:
    """Whether a model can be had, and how."""

    available: bool
    words: str
    """'in this installation', 'trained here', 'downloaded', 'on the hub', or why not."""


class ModelFiles:
    """Files from packages and from the hub; each model is fetched once at a time and remembered."""

    def __init__(
        self,
        packages: PackageWeights,
        hub: HubWeights,
        fetched: Iterable[FetchedModel] = (),
        may_download: Callable[[], bool] = anyone,
    ) -> None:
        """Look for files in packages, in this repository and on the hub.

        Args:
            packages: weights that came with the installation.
            hub: weights that are downloaded.
            fetched: models that are known to be here.
            may_download: called in the thread that wants a model, before it is downloaded.
        """
        self._packages = packages
        self._hub = hub
        self._may_download = may_download
        self._flights = SingleFlight()
        self._lock = threading.Lock()
        self._fetched: dict[str, FetchedModel] = {model.spec.key: model for model in fetched}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        """Return the model's files; calls that come while they are fetched share that download or its error.

        Raises:
            ModelUnavailable: whoever asks may not download it.
            ModelUnavailable, DamagedWeights: see `PackageWeights.fetch`, `HubWeights.fetch` and `fetch_from_repository`.
        """
        return self._find(spec) or cast(FetchedModel, self._flights.run(spec, lambda: self._fetch_if_absent(spec)))

    def is_fetched(self, spec: ModelSpec) -> bool:
        """Return whether its files were found, checked and put together since the app started."""
        return self._find(spec) is not None

    def availability(self, spec: ModelSpec, ask_hub: bool = True) -> Availability:
        """Return whether `spec` can be had; the hub is asked only if the files are not here and `ask_hub` is set."""
        if isinstance(spec.source, RepositorySource):
            return Availability(True, IN_INSTALLATION)
        if isinstance(spec.source, PackageSource | AdaptedSource):
            installed = self._packages.is_installed(_packages_of(spec.source))
            return Availability(installed, IN_INSTALLATION if installed else "its package is not installed")
        if isinstance(spec.source, TrainedSource):
            is_there = (spec.source.folder / WEIGHTS_FILE).is_file()
            return Availability(is_there, TRAINED_HERE if is_there else "its folder was removed")
        if self._hub.local_directory(spec.source) is not None:
            return Availability(True, "downloaded")
        if not self._may_download():
            return Availability(False, KEEPERS_ONLY)
        state = self.hub_state(ask_hub)
        return Availability(state.reachable, "on the hub" if state.reachable else state.words)

    def hub_state(self, ask_hub: bool = True) -> HubState:
        """Return whether the hub is within reach; with `ask_hub` unset, what is known without asking."""
        return self._hub.state() if ask_hub else self._hub.last_state()

    def _find(self, spec: ModelSpec) -> FetchedModel | None:
        with self._lock:
            fetched = self._fetched.get(spec.key)
        return fetched if fetched is not None and fetched.spec == spec else None

    def _fetch_if_absent(self, spec: ModelSpec) -> FetchedModel:
        fetched = self._find(spec)  # an earlier flight may have landed between the look-up and this one
        if fetched is None:
            fetched = self._fetch(spec)
            with self._lock:
                self._fetched[spec.key] = fetched
        return fetched

    def _fetch(self, spec: ModelSpec) -> FetchedModel:
        match spec.source:
            case RepositorySource() as source:
                return FetchedModel(spec, fetch_from_repository(spec, source), source.revision)
            case PackageSource() as source:
                return FetchedModel(spec, self._packages.fetch(spec, source), source.version)
            case AdaptedSource() as source:
                return FetchedModel(spec, self._merge(spec, source), source.update.revision)
            case TrainedSource() as source:
                return FetchedModel(spec, source.folder, source.version)
            case source:
                if self._hub.local_directory(source) is None and not self._may_download():
                    raise ModelUnavailable(spec.title, KEEPERS_ONLY)
                return FetchedModel(spec, *self._hub.fetch(spec, source))

    def _merge(self, spec: ModelSpec, source: AdaptedSource) -> Path:
        (file,) = source.update.files
        base, update = self._packages.fetch(spec, source.base), fetch_from_repository(spec, source.update) / file.name
        return merge_whisper(base, update, f"{source.base.version} {file.sha256}", self._packages.directory)


def _packages_of(source: PackageSource | AdaptedSource) -> PackageSource:
    return source.base if isinstance(source, AdaptedSource) else source
