from __future__ import annotations

import re
from typing import Any

import pytest

from models.errors import ModelUnavailable, NoModelFits, UnknownModel
from models.files.model_files import Availability
from models.model_catalog import ALL_MODELS, ModelCatalog
from models.specs.model_spec import Device, ModelSpec, PackageSource
from tests.models.fakes import make_spec

BEST = make_spec("best", 800, title="Best", quick_on_cpu=False)
GOOD = make_spec("good", 300, title="Good")
SMALL = make_spec("small", 100, title="Small")
HERE, AWAY = Availability(True, "downloaded"), Availability(False, "the model hub cannot be reached")


class Files:
    def __init__(self, away: tuple[str, ...]) -> None:
        self.away = away

    def availability(self, spec: ModelSpec) -> Availability:
        return AWAY if spec.key in self.away else HERE


def catalog(attainable_bytes: int = 1000, device: Device = "cuda", away: tuple[str, ...] = ()) -> ModelCatalog:
    files: Any = Files(away)
    return ModelCatalog(files, device, lambda: attainable_bytes, (BEST, GOOD, SMALL))


@pytest.mark.parametrize(
    ("device", "attainable_bytes", "away", "chosen"),
    [
        ("cuda", 1000, (), "best"),
        ("cuda", 800, (), "best"),
        ("cuda", 799, (), "good"),
        ("cuda", 299, (), "small"),
        ("cuda", 1000, ("best",), "good"),
        ("cuda", 1000, ("best", "good"), "small"),
        ("cpu", 1000, (), "good"),
        ("cpu", 1000, ("good",), "small"),
    ],
)
def test_auto_takes_the_best_that_fits_and_is_available(
    device: Device, attainable_bytes: int, away: tuple[str, ...], chosen: str
) -> None:
    assert catalog(attainable_bytes, device, away).choose("transcribe").spec.key == chosen


def test_auto_keeps_the_working_memory_free() -> None:
    assert catalog(1000).choose("transcribe", working_bytes=201).spec is GOOD


def test_auto_says_what_it_passed_over_and_why() -> None:
    reason = catalog(1000, "cpu", away=("good",)).choose("transcribe").reason
    assert "Best (too slow without a GPU)" in reason
    assert "Good (the model hub cannot be reached)" in reason
    assert "passed over" not in catalog(1000).choose("transcribe").reason


def test_nothing_that_fits_is_reported_with_the_reasons() -> None:
    with pytest.raises(NoModelFits, match=r"Best, Good \(more than 0 kB\); Small \(the model hub"):
        catalog(150, away=("small",)).choose("transcribe")


def test_a_named_model_is_taken_whatever_auto_thinks_of_it() -> None:
    assert catalog(10, "cpu").choose("transcribe", "best").spec is BEST


def test_a_named_model_that_is_away_is_refused_with_the_reason() -> None:
    with pytest.raises(ModelUnavailable, match="the model hub cannot be reached"):
        catalog(away=("best",)).choose("transcribe", "best")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="auto, best, good, small"):
        catalog().choose("transcribe", "bset")


def test_the_real_catalogue_tells_everything_about_every_model() -> None:
    assert len({spec.key for spec in ALL_MODELS}) == len(ALL_MODELS)
    for spec in ALL_MODELS:
        assert spec.title
        assert spec.licence
        assert spec.licence_url.startswith("https://")
        assert spec.download_bytes > 0
        assert spec.cpu_bytes > 0
        assert spec.gpu_bytes > 0
        assert spec.cpu_dtype
        assert spec.gpu_dtype
        assert bool(spec.architecture) == (spec.loader in ("transformers", "diffusers", "audio_language_model"))


def test_the_real_checksums_are_sha256() -> None:
    sources = [spec.source for spec in ALL_MODELS if isinstance(spec.source, PackageSource)]
    parts = [part for source in sources for file in source.files for part in file.parts]
    assert parts
    assert all(re.fullmatch("[0-9a-f]{64}", part.sha256) for part in parts)


def test_every_task_has_an_offline_model_but_those_of_language_models_and_whispers_come_largest_first() -> None:
    tasks = {spec.task for spec in ALL_MODELS} - {"zero_shot_tags", "describe_music", "write_text", "upscale_pictures"}
    assert all(any(spec.is_offline for spec in ALL_MODELS if spec.task == task) for task in tasks)
    sizes = [spec.gpu_bytes for spec in ALL_MODELS if spec.task == "transcribe" and not spec.is_offline]
    assert sizes == sorted(sizes, reverse=True)


def test_reach_says_what_stands_in_the_way_of_each_model_in_words_that_last() -> None:
    obstacles = {one.spec.key: one.obstacle for one in catalog(300, away=("small",)).reach("transcribe")}
    assert obstacles == {"best": "needs 1 kB of memory", "good": "", "small": "the model hub cannot be reached"}
    assert catalog(301, away=("small",)).reach("transcribe") == catalog(300, away=("small",)).reach("transcribe")
    assert not any(one.obstacle for one in catalog(1000, "cpu").reach("transcribe")), "what is slow can be chosen"
