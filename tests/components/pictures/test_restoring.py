"""Settings from PNG files come back as far as their models are within reach."""

from __future__ import annotations

from components.pictures.restoring import within_reach
from models.specs.model_spec import AUTO
from pipelines.pictures.options import PictureOptions
from services import Services


def test_a_model_out_of_reach_gives_way_to_the_automatic_choice_and_is_named(services: Services) -> None:
    catalog = services.runtime.catalog
    away = next(one.spec for one in catalog.reach("draw_pictures") if one.obstacle)
    options = PictureOptions(model=away.key, aligner="tiny-aligner", seed=7)
    assert within_reach(options, catalog) == (PictureOptions(model=AUTO, aligner="tiny-aligner", seed=7), away.title)
    known = PictureOptions(model="tiny-diffusion")
    assert within_reach(known, catalog) == (known, "")
