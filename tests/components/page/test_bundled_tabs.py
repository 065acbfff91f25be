"""Results of all tabs go into a bundle and come back onto another page as they were, without a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app import build_page
from components.clip import clip_input
from components.clip.clip_input import ClipInput
from pipelines.bundle.contents import BundleContents
from pipelines.bundle.errors import BundleRefused
from pipelines.clip.clip import AudioClip
from services import Services, build_services
from settings import Settings
from tests.pipelines.bundle.toy_results import same, toy_clip, toy_contents, with_every_text

ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("fresh")
    return build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))


@pytest.fixture(scope="module")
def page(fresh: Services) -> ClipInput:
    """The clip input of a page with all tabs."""
    built: list[ClipInput] = []

    def build(services: Services) -> ClipInput:
        built.append(clip_input.build_clip_input(services))
        return built[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.build_clip_input", build)
        build_page(fresh)
    return built[0]


@pytest.fixture(scope="module")
def clip(fresh: Services) -> AudioClip:
    return toy_clip(fresh.clips)


def shown(page: ClipInput, fresh: Services, clip: AudioClip, person: str) -> dict[Any, Any]:
    """Values of the panes that are kept for a person, by their component."""
    found = dict[Any, Any]()
    for group in page.panes._groups:
        kept = fresh.kept.find(clip, person, group.name)
        found |= {group.panes[index]: value for index, value in kept.values.items()} if kept else {}
    return found


def test_what_comes_back_goes_into_a_bundle_again_as_it_was(page: ClipInput, fresh: Services, clip: AudioClip) -> None:
    contents = toy_contents(fresh)
    page.bundled.bring_back(clip, contents, "me")
    panes = shown(page, fresh, clip, "me")
    again = BundleContents(**page.bundled.results(clip, [panes[state] for state in page.bundled.states]))
    assert again.transcript and contents.transcript
    assert again.map and contents.map
    again = replace(again, transcript=replace(again.transcript, id=contents.transcript.id))
    own = replace(contents.map.embedding, content_hash=clip.content_hash, duration=clip.duration)
    assert contents.own_words
    scores = replace(contents.own_words, matches=None)  # the panel shows one of both
    assert same(again, replace(contents, own_words=scores, map=replace(contents.map, embedding=own)))
    assert fresh.runtime.cache.status().residents == ()


def test_no_text_of_a_bundle_becomes_markup_on_the_page(page: ClipInput, fresh: Services, clip: AudioClip) -> None:
    page.bundled.bring_back(clip, with_every_text(toy_contents(fresh), ATTACK), "attacked")
    texts = [value for value in shown(page, fresh, clip, "attacked").values() if isinstance(value, str)]
    assert [text for text in texts if "&lt;img" in text]
    assert not [text for text in texts if "<img src=x" in text]


def test_results_that_a_tab_cannot_show_are_refused_and_nothing_is_kept(
    page: ClipInput, fresh: Services, clip: AudioClip
) -> None:
    contents = toy_contents(fresh)
    assert contents.description and contents.description.facts
    chord = replace(contents.description.facts.chords[0], name="C:what")
    facts = replace(contents.description.facts, chords=(chord,))
    broken = BundleContents(contents.transcript, replace(contents.description, facts=facts), pictures=contents.pictures)
    with pytest.raises(BundleRefused, match="its results cannot be shown"):
        page.bundled.bring_back(clip, broken, "careful")
    assert shown(page, fresh, clip, "careful") == {}
