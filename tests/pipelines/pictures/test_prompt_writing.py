"""Prompts from real sounds, and the words of the tiny model's vocabulary."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import soundfile

from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption, JobStopped
from models.specs.image import STABLE_DIFFUSION_2_1, TINY_DIFFUSION
from models.specs.model_spec import ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.pictures.prompt_writing import (
    MAX_CONCEPTS,
    QUALITY_SUFFIX,
    WrittenPrompt,
    concept_phrases,
    music_tags_between,
    speech_phrase,
    write_prompt,
)
from pipelines.pictures.vocabulary import (
    CLASS_PHRASES,
    class_phrase,
    concept_by_word,
    concepts,
    mentioned_concepts,
)
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions
from pipelines.speech.transcription import store_result
from pipelines.tagging.audioset import NOT_IN_YAMNET, Tag, class_tree, tree_of
from services import Services
from tests.recordings import EXAMPLES

GUARD_SECONDS = 60.0
STAMPS = Path("/usr/share/tuxpaint/stamps")


def test_every_sound_is_described_in_known_words() -> None:
    known = concept_by_word()
    phrases = [class_phrase(name) for name in class_tree().names]
    assert all(phrase in known for phrase in phrases if phrase is not None)
    assert sum(phrase is not None for phrase in phrases) > 430
    assert set(CLASS_PHRASES) <= set(class_tree().names) and set(CLASS_PHRASES.values()) <= set(known)


def test_no_word_stands_for_two_things() -> None:
    assert len(concept_by_word()) == sum(len(concept.terms) for concept in concepts())


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("Bark", "dog barking"),
        ("Purr", "purring cat"),
        ("Rain", "rain falling"),
        ("Pop music", "singing"),
        ("Tick-tock", "clock"),
        ("Dubstep", "dance music"),
        ("Wind noise (microphone)", "wind blowing"),
        ("Animal", None),
    ],
)
def test_sounds_are_named_by_their_source(name: str, phrase: str | None) -> None:
    assert class_phrase(name) == phrase


def test_classes_of_other_models_are_told_by_what_they_are_kinds_of() -> None:
    tree = tree_of((*class_tree().names, *NOT_IN_YAMNET))
    assert class_phrase("Female singing", tree) == "singing"
    assert class_phrase("Battle cry", tree) == "angry shouting"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I saw a dog and two kittens near the old church bells.", ("dog", "kitten", "church bells")),
        ("The bear and the little bear", ("bear",)),
        ("Rooster", ("rooster",)),
        ("They run and fly and tap", ()),
        ("", ()),
    ],
)
def test_mentioned_concepts_are_nouns(text: str, expected: tuple[str, ...]) -> None:
    assert mentioned_concepts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good morning!", "saying “Good morning”"),
        (
            "The ships sailed into a storm and the storm broke the ships in the North Sea",
            "about ships, sailed, storm, broke and North",
        ),
        ("He said that it was so, and she said that it was not so.", "about said"),
        ("It is what it is and so it was", "about this and that"),
    ],
)
def test_speech_becomes_a_short_phrase(text: str, expected: str) -> None:
    assert speech_phrase(text) == expected


def test_in_music_a_faint_tag_of_another_thing_is_not_drawn() -> None:
    horn, piano = (Tag(name, score) for name, score in (("Vehicle horn, car horn, honking", 0.07), ("Electric piano", 0.02)))
    assert concept_phrases([horn], 0.0, class_tree()) == ["car horn"]
    assert concept_phrases([horn], 0.33, class_tree()) == ["musical notes"]
    assert concept_phrases([horn, piano], 0.33, class_tree()) == ["electric piano"]
    loud = replace(horn, score=0.5)
    assert concept_phrases([loud, piano], 0.33, class_tree()) == ["car horn"]


def written(services: Services, clip: AudioClip, model: ModelSpec, start: float = 0.0, end: float = 1e9) -> WrittenPrompt:
    return write_prompt(clip, start, end, model, services.runtime)


def check_closed(prompt: WrittenPrompt) -> None:
    """Nothing but known words."""
    phrases = prompt.text.split(" and ")
    assert 1 <= len(phrases) <= MAX_CONCEPTS and all(phrase in concept_by_word() for phrase in phrases)


@pytest.mark.models
@pytest.mark.parametrize(
    ("file", "closed", "open_words"),
    [
        ("birds/rooster.ogg", "rooster crowing", "a crowing rooster"),
        ("amphibians/frog.ogg", "frog croaking", "a frog"),
        ("mammals/pets/dog.ogg", "dog barking", "a dog"),
    ],
)
def test_a_sound_becomes_a_prompt(services: Services, file: str, closed: str, open_words: str) -> None:
    (path,) = STAMPS.rglob(Path(file).name)
    clip = services.clips.open(path)
    tiny, large = (written(services, clip, model) for model in (TINY_DIFFUSION, STABLE_DIFFUSION_2_1))
    assert tiny == WrittenPrompt(closed, ("tags",))
    assert large == WrittenPrompt(f"{open_words}, {QUALITY_SUFFIX}", ("tags",))


@pytest.mark.models
def test_music_is_reported_by_its_style_and_instruments(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    tiny, large = (written(services, clip, model) for model in (TINY_DIFFUSION, STABLE_DIFFUSION_2_1))
    check_closed(tiny)
    assert large.sources == ("music",)
    assert large.text.startswith("musicians playing ") and " music on " in large.text
    assert {tag.kind for tag in music_tags_between(clip, 0, 22, services.runtime)} >= {
        "genre",
        "instrument",
    }


@pytest.mark.models
def test_a_repeated_clip_costs_no_model_call(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    first = written(services, clip, STABLE_DIFFUSION_2_1)
    loads = services.runtime.cache.status().loads
    services.runtime.cache.clear()
    assert written(services, clip, STABLE_DIFFUSION_2_1) == first
    assert services.runtime.cache.status().loads == loads


@pytest.fixture
def story(services: Services, tmp_path: Path) -> AudioClip:
    """Speech, with a transcript that is already there."""
    samples, rate = soundfile.read(EXAMPLES / "speech.flac")
    soundfile.write(tmp_path / "story.flac", samples[: 8 * rate], rate)
    clip = services.clips.open(tmp_path / "story.flac")
    options = TranscriptionOptions()
    choice = services.runtime.catalog.choose("transcribe", options.model)
    segments = (Segment(0, 4, "There was a goat and a wolf in the valley"), Segment(4, 8, "The old piano had gone."))
    store_result(clip, options, choice, services.runtime.catalog, Transcription(duration=8.0, segments=segments, state="done"))
    return clip


@pytest.mark.models
def test_what_somebody_speaks_of_is_drawn(services: Services, story: AudioClip) -> None:
    assert written(services, story, TINY_DIFFUSION) == WrittenPrompt("goat and wolf", ("transcript",))
    assert written(services, story, TINY_DIFFUSION, 4.5, 8) == WrittenPrompt("piano", ("transcript",))
    large = written(services, story, STABLE_DIFFUSION_2_1)
    assert large.text == f"a person speaking, about goat, wolf, valley, piano and gone, {QUALITY_SUFFIX}"
    assert large.sources == ("tags", "transcript")


@pytest.mark.models
def test_speech_without_a_transcript_is_speech(services: Services, speech: AudioClip) -> None:
    assert written(services, speech, TINY_DIFFUSION) == WrittenPrompt("speech", ("tags",))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3.01), (100, 200), (float("nan"), 2)])
def test_a_part_outside_the_clip_is_refused(services: Services, speech: AudioClip, start: float, end: float) -> None:
    with pytest.raises(InvalidOption):
        written(services, speech, TINY_DIFFUSION, start, end)


@pytest.mark.models
def test_a_stopped_job_writes_nothing(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    asked = count()
    with pytest.raises(JobStopped):
        write_prompt(
            clip, 0, 5, STABLE_DIFFUSION_2_1, replace(services.runtime, features=FeatureStore(10**8)), lambda: next(asked) > 2
        )
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join(GUARD_SECONDS)
            assert not thread.is_alive()
