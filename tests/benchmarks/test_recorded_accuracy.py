"""No figure of the recorded outputs falls: decisions on stored outputs of the networks are as right as when they were stored."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from benchmarks.accuracy.record_outputs import FIGURES, PLAN, means, recorded_file
from services import build_services
from settings import Settings

ROOT = Path(__file__).parents[2]
MAX_LOSS = 0.01
MAX_BYTES = 10_000_000


@pytest.mark.parametrize("name", PLAN)
def test_no_figure_falls_by_more_than_a_hundredth(name: str, tmp_path: Path) -> None:
    services = build_services(Settings(data_dir=tmp_path / "data", clip_dir=tmp_path / "clips"))
    before = json.loads((ROOT / FIGURES).read_text(encoding="utf-8"))[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        now = means(ROOT / recorded_file(name), services, tmp_path)
    assert now.keys() == before.keys()
    assert not {measure: (before[measure], now[measure]) for measure in before if now[measure] < before[measure] - MAX_LOSS}


def test_the_recorded_outputs_stay_small() -> None:
    assert sum((ROOT / recorded_file(name)).stat().st_size for name in PLAN) < MAX_BYTES
