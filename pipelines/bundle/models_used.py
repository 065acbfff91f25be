"""The models that made the results of a bundle, with versions and licences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import AdaptedSource, HubSource, ModelSpec, PackageSource, RepositorySource, TrainedSource
from pipelines.bundle.contents import BundleContents
from pipelines.bundle.manifest import BundledModel
from pipelines.jobs.model_use import ModelUse
from pipelines.pictures.png_metadata import picture_from_png


def models_used(contents: BundleContents, specs: Sequence[ModelSpec] = ALL_MODELS) -> tuple[BundledModel, ...]:
    """Return each model of the catalogue that made one of the results once, in the order of the results.

    Args:
        contents: the results.
        specs: the catalogue's models, those that were trained here among them.
    """
    by_key = {spec.key: spec for spec in specs}
    found = [spec for use in _uses(contents) for spec in _named(use.model, specs)]
    for picture in contents.pictures:
        settings = picture_from_png(picture.content).settings
        found += [by_key[key] for key in (settings.model, settings.aligner) if key in by_key]
    return tuple(_bundled(spec) for spec in {spec.title: spec for spec in reversed(found)}.values())[::-1]


def _named(titles: str, specs: Sequence[ModelSpec]) -> Iterator[ModelSpec]:
    """Yield the models of `ModelUse.model`, titles with commas between; a title may have commas too."""
    while titles:
        known = [spec for spec in specs if f"{titles}, ".startswith(f"{spec.title}, ")]
        first = max(known, key=lambda spec: len(spec.title), default=None)
        if first:
            yield first
        titles = titles[len(first.title) :].removeprefix(", ") if first else titles.partition(", ")[2]


def _uses(found: object) -> Iterator[ModelUse]:
    """Yield the uses of models in a result and in the results inside it."""
    if isinstance(found, ModelUse):
        yield found
    if is_dataclass(found) and not isinstance(found, type) and not isinstance(found, ModelSpec):
        for field in fields(found):
            yield from _uses(getattr(found, field.name))


def _bundled(spec: ModelSpec) -> BundledModel:
    match spec.source:
        case HubSource() as source:
            name, version = source.repository, source.revision
        case PackageSource() as source:
            name, version = _distributions(source), source.version
        case AdaptedSource(base=base, update=update):
            name, version = f"{_distributions(base)}, {update.folder}", f"{base.version}, {update.revision}"
        case TrainedSource() as source:
            name, version = source.folder.name, source.version
        case RepositorySource() as source:
            name, version = source.folder, source.revision
    return BundledModel(spec.title, spec.key, name, version, spec.licence, spec.licence_url)


def _distributions(source: PackageSource) -> str:
    return ", ".join(dict.fromkeys(part.distribution for file in source.files for part in file.parts))
