"""The catalogue of models: a table that can be searched, sorted and filtered."""

from __future__ import annotations

import html
from collections.abc import Iterable

from components.model_status.labels import (
    ALL_TASKS,
    CATALOGUE,
    CATALOGUE_COLUMNS,
    FILTER_BY_TASK,
    SEARCH,
    TASK_NAMES,
    WITHIN_REACH,
)
from models.errors import as_size
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import AdaptedSource, HubSource, ModelSpec, PackageSource, RepositorySource, TrainedSource
from pipelines.wording.grammar import sentence
from services import Services


def filter_markup() -> str:
    """Return the heading and the controls of the table: words, task, and whether models out of reach are hidden."""
    tasks = "".join(f'<option value="{task}">{name}</option>' for task, name in TASK_NAMES.items())
    return (
        f'<h2>{CATALOGUE}</h2><div><input type="search" placeholder="{SEARCH}" aria-label="{SEARCH}" autocomplete="off">'
        f'<select aria-label="{FILTER_BY_TASK}"><option value="">{ALL_TASKS}</option>{tasks}</select>'
        f'<label><input type="checkbox"> {WITHIN_REACH}</label><output aria-live="polite"></output></div>'
    )


def catalogue_markup(services: Services) -> str:
    """Return every model with its source, task, size, licence and availability, as far as known without asking the hub."""
    trained = services.trained.find()
    rows = "".join(_row(services, spec) for spec in (*ALL_MODELS, *trained.specs))
    hub = sentence(services.files.hub_state(ask_hub=False).words)
    sentences = (*trained.problems, services.whisper_engine, hub)
    return (
        f'<div class="catalogue-rows" tabindex="0" role="region" aria-label="{CATALOGUE}">'
        f"<table><thead><tr>{_sortable_heads(CATALOGUE_COLUMNS)}</tr></thead><tbody>{rows}</tbody></table></div>"
        + "".join(f'<p class="summary">{html.escape(each)}</p>' for each in sentences)
    )


def _sortable_heads(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in names)


def _row(services: Services, spec: ModelSpec) -> str:
    availability = services.files.availability(spec, ask_hub=False)
    tasks = (spec.task, *spec.further_tasks)
    return (
        f'<tr data-tasks="{" ".join(tasks)}" data-near="{str(availability.available).lower()}">'
        f"<td>{html.escape(spec.title)} <small>{html.escape(_source(spec))}</small></td>"
        f"<td>{', '.join(TASK_NAMES[task] for task in tasks)}</td>"
        f'<td data-sort="{spec.download_bytes}">{as_size(spec.download_bytes)}</td>'
        f'<td><a href="{html.escape(spec.licence_url)}" target="_blank" rel="noreferrer">{html.escape(spec.licence)}</a></td>'
        f"<td>{html.escape(sentence(availability.words).rstrip('.'))}</td></tr>"
    )


def _source(spec: ModelSpec) -> str:
    match spec.source:
        case HubSource(repository=repository):
            return repository
        case RepositorySource():
            return "Audioscope"
        case TrainedSource(folder=folder):
            return folder.name
        case AdaptedSource(base=packages):
            return f"{_distributions(packages)}, Audioscope"
        case packages:
            return _distributions(packages)


def _distributions(packages: PackageSource) -> str:
    return ", ".join(sorted({part.distribution for file in packages.files for part in file.parts}))
