"""Dropdowns of models that offer what can be used here and now, and say beside them what cannot and why."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.page.events import QUIET
from models.model_catalog import ModelCatalog, ModelReach
from models.specs.model_spec import ModelSpec, Task

REFRESH_SECONDS = 30.0
"""Time after which a model that came within reach is offered."""

Choices = list[tuple[str, str]]
"""(name for people, value) of each choice."""


@dataclass(frozen=True)
class Offer:
    """What a dropdown offers now."""

    choices: Choices
    missing: tuple[ModelReach, ...] = ()
    """The models that cannot be used."""


Look = Callable[[], Offer]


@dataclass(frozen=True)
class _Choice:
    """A component that needs models, and the line below it."""

    component: gr.components.Component
    line: gr.HTML
    look: Look
    update: Callable[[Offer, Any], gr.components.Component]


class ModelChoices:
    """All dropdowns of models of the page, and what else needs a model, which one event keeps up to date."""

    def __init__(self) -> None:
        """Begin without dropdowns."""
        self._choices: list[_Choice] = []

    def build(self, look: Look, fixed: Choices, label: str, elem_id: str | None = None, **layout: Any) -> gr.Dropdown:
        """Build a dropdown with a line below it.

        Args:
            look: what is offered beside `fixed`, asked again while the page is open.
            fixed: the choices that come first and are always offered; the first of them is the default.
            label: name of the dropdown.
            elem_id: its id in the page.
            layout: further arguments of `gr.Dropdown`.
        """

        def offered() -> Offer:
            offer = look()
            return Offer([*fixed, *(choice for choice in offer.choices if choice not in fixed)], offer.missing)

        dropdown = gr.Dropdown(fixed, value=fixed[0][1], label=label, elem_id=elem_id, **layout)
        self._choices.append(_Choice(dropdown, _build_line(), offered, _dropdown))
        return dropdown

    def require(self, component: gr.components.Component, look: Look) -> None:
        """Build the line below `component`, which is disabled while `look` offers nothing."""
        self._choices.append(_Choice(component, _build_line(), look, lambda offer, value: _enabled(component, offer)))

    def connect(self, page: gr.Blocks) -> None:
        """Offer what is within reach when the page is loaded, and what comes within reach later."""
        known, timer = gr.State(None), gr.Timer(REFRESH_SECONDS)
        components = [choice.component for choice in self._choices]
        outputs = [known, *components, *(choice.line for choice in self._choices)]
        event: dict[str, Any] = {"inputs": [known, *components], "outputs": outputs, "queue": False, **QUIET}
        page.load(self._refresh, **event)
        timer.tick(self._refresh, **event)

    def _refresh(self, known: list[Offer] | None, *values: Any) -> list[Any]:
        """Return updates of components and lines."""
        now = [choice.look() for choice in self._choices]
        if now == known:
            return [gr.skip()] * (1 + 2 * len(now))
        updates = [choice.update(offer, value) for choice, offer, value in zip(self._choices, now, values, strict=True)]
        return [now, *updates, *(out_of_reach_markup(offer) for offer in now)]


def _build_line() -> gr.HTML:
    return gr.HTML("", elem_classes="out-of-reach", apply_default_css=False)


def _dropdown(offer: Offer, value: Any) -> gr.components.Component:
    """Offer the choices; a model that went out of reach gives way to the first one."""
    is_offered = any(value == key for _, key in offer.choices)
    return gr.Dropdown(offer.choices, value=value if is_offered else offer.choices[0][1])


def _enabled(component: gr.components.Component, offer: Offer) -> gr.components.Component:
    return type(component)(interactive=bool(offer.choices))


def within_reach(catalog: ModelCatalog, task: Task, title: Callable[[ModelSpec], str]) -> Offer:
    """Return the models of a task that can be used, best first, and those that cannot."""
    reached = catalog.reach(task)
    choices = [(title(one.spec), one.spec.key) for one in reached if not one.obstacle]
    return Offer(choices, tuple(one for one in reached if one.obstacle))


def titled(spec: ModelSpec) -> str:
    """Return the name of a model with the name of its licence."""
    return f"{spec.title} · {spec.licence.split(' (')[0]}"


def out_of_reach_markup(offer: Offer) -> str:
    """Return one line with the number of models that cannot be used, which opens to their names and the reasons."""
    titles: dict[str, list[str]] = {}
    for one in offer.missing:
        titles.setdefault(one.obstacle, []).append(one.spec.title)
    if not titles:
        return ""
    rows = "".join(f"<li>{html.escape(', '.join(names))}: {html.escape(why)}</li>" for why, names in titles.items())
    more = f"{len(offer.missing)}{' more' if offer.choices else ''} model{'s' if len(offer.missing) > 1 else ''} out of reach"
    if len(titles) == 1:
        (why,) = titles
        more += f": {html.escape(why)}"
    return f'<details class="why"><summary>{more}</summary><ul>{rows}</ul></details>'
