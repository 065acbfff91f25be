"""Dropdowns offer the models that can be used, and name the others with the reason."""

from __future__ import annotations

from typing import Any

import gradio as gr

from components.page.model_choices import ModelChoices, Offer, out_of_reach_markup
from models.model_catalog import ModelReach
from tests.models.fakes import make_spec

AWAY = tuple(ModelReach(make_spec(key, 1, title=f"<{key}>"), "the hub cannot be reached") for key in ("large", "huge"))


def refreshed(choices: ModelChoices, known: Any, *values: Any) -> list[Any]:
    return choices._refresh(known, *values)


def test_a_model_is_offered_when_it_comes_within_reach_and_gives_way_when_it_leaves() -> None:
    offers = [Offer([], AWAY), Offer([("Large", "large")], AWAY[1:]), Offer([], AWAY)]
    choices = ModelChoices()
    with gr.Blocks():
        choices.build(lambda: offers[0], [("Automatic", "auto")], "Model")
    known, dropdown, line = refreshed(choices, None, "auto")
    assert dropdown.choices == [("Automatic", "auto")] and "2 more models out of reach" in line
    assert refreshed(choices, known, "auto")[1] == gr.skip(), "what did not change is not sent again"
    offers.pop(0)
    known, dropdown, line = refreshed(choices, known, "auto")
    assert dropdown.choices[1] == ("Large", "large") and dropdown.value == "auto" and "1 more model out" in line
    assert refreshed(choices, None, "large")[1].value == "large"
    offers.pop(0)
    assert refreshed(choices, known, "large")[1].value == "auto"


def test_what_needs_a_model_is_disabled_without_one() -> None:
    offers = [Offer([], AWAY), Offer([("Large", "large")])]
    choices = ModelChoices()
    with gr.Blocks():
        choices.require(gr.Textbox(label="Search"), lambda: offers[0])
    known, box, line = refreshed(choices, None, "")
    assert box.interactive is False and "2 models out of reach: the hub cannot be reached" in line
    offers.pop(0)
    assert refreshed(choices, known, "")[1].interactive is True


def test_titles_are_text_and_not_markup() -> None:
    assert "&lt;large&gt;, &lt;huge&gt;: the hub" in out_of_reach_markup(Offer([], AWAY))
    assert out_of_reach_markup(Offer([("Large", "large")])) == ""
