"""A clip with a result of every kind, none of them made by a model."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from models.arrays import AnyArray
from pipelines.bundle.contents import AskedQuestion, BundleContents, BundledMap, BundledPicture, OwnWords
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.description.caption import CheckedCaption, CheckedSentence
from pipelines.description.description import ClipDescription
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.encoders.registry import encoders
from pipelines.embeddings.map import MapOptions, map_embeddings
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.music.harmony.types import Chord, ChordCandidate
from pipelines.notes.notes import Note, NotePart, NoteTranscription
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import png_bytes
from pipelines.questions.label_matching import MatchedLabels, MatchedWords
from pipelines.speech.edits.versions import TranscriptVersion
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions, Word
from pipelines.tagging.zero_shot import LabelScore, LabelScores
from services import Services
from tests.pipelines.description.example_findings import WALTZ
from tests.pipelines.embeddings.embedding_examples import embedding, walk
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

RATE = 8000
SECONDS = 48.0
"""Duration of the waltz in seconds."""
WORDS = (Word(1.0, 1.4, "Hello,", 0.9), Word(1.5, 2.0, "you", 0.8))


def toy_clip(store: ClipStore, name: str = "Waltz") -> AudioClip:
    """A tone of as many seconds as the waltz."""
    tone = 0.3 * np.sin(np.arange(round(SECONDS * RATE)) * 2 * np.pi * 392 / RATE)
    return store.open_waveform(tone.astype(np.float32), RATE, name)


def toy_contents(services: Services) -> BundleContents:
    """A result of every kind."""
    encoder = next(one for one in encoders(services.runtime.catalog) if one.key == "yamnet")
    frames = walk(24, width=encoder.width)
    made = replace(embedding(frames), encoder=encoder, layer=encoder.default_layer, model=encoder.spec.title)
    spoken = Transcription(duration=SECONDS, segments=(Segment(1.0, 2.0, "Hello, you", WORDS),), state="done", model="Whisper")
    caption = CheckedCaption(sentences=(CheckedSentence("A waltz in G major.", 0.0, SECONDS, ()),), state="done")
    described = ClipDescription(
        SECONDS,
        sounds=WALTZ.sounds,
        music=WALTZ.music,
        facts=WALTZ.facts,
        caption=caption,
        state="done",
        model="YAMNet (offline)",
    )
    picture = Picture(Image.linear_gradient("L").resize((16, 16)).convert("RGB"), 7, DRAWN_FROM_TEXT)
    scores = (np.zeros(1, np.float32), np.ones((1, 1), np.float32), np.full((1, 1), 0.4, np.float32))
    return BundleContents(
        transcript=TranscriptVersion(id="one", made=0.0, options=TranscriptionOptions(), transcription=spoken),
        description=described,
        notes=NoteTranscription(SECONDS, (Note(0.0, 1.0, 60, 80, "Piano"),), (NotePart("Piano", 0),), state="done"),
        questions=(AskedQuestion("Is it fast?", "It is a waltz.", "From the measurements.", ((0.0, 2.0),)),),
        own_words=OwnWords(
            LabelScores(SECONDS, ("a waltz",), *scores, clip=(LabelScore("a waltz", 1.0, 0.4),), state="done"),
            MatchedLabels((MatchedWords("a hound", ("Dog",), 0.7, 3.0),), model="MiniLM", state="done"),
        ),
        storyboard=Storyboard(
            duration=SECONDS,
            seed=7,
            scenes=(Scene(0.0, SECONDS, "A"),),
            entries=(StoryboardEntry(0.0, SECONDS, "A", ("dog",), "a dog", picture, 0.5),),
            position=1.0,
            state="done",
        ),
        pictures=(BundledPicture(png_bytes(picture), 7, "a dog", 0.5, 2.0),),
        map=BundledMap(
            made,
            map_embeddings(made.frames, MapOptions()),
            EmbeddingOptions(encoder.key, encoder.default_layer),
            "chord",
            ClipAnalyses(WALTZ.sounds, WALTZ.facts, WORDS),
        ),
    )


NAMES = ("state", "kind", "verdict", "method", "mode", "task", "encoder", "layer", "colour")
"""Fields whose texts are names out of a short list, or stand for something."""


def with_every_text(found: Any, text: str) -> Any:
    """Return `found` with `text` in place of every free text of its dataclasses."""
    if isinstance(found, str):
        return text
    if isinstance(found, tuple):
        return tuple(with_every_text(one, text) for one in found)
    if is_dataclass(found) and not isinstance(found, type) and not hasattr(found, "family"):
        changed = {
            field.name: with_every_text(getattr(found, field.name), text)
            for field in fields(found)
            if field.name not in NAMES and field.name != "classes" and field.init
        }
        if isinstance(found, Chord | ChordCandidate):  # others than real names of chords are refused
            del changed["name"]
        return replace(found, **changed)
    return found


def same(found: Any, other: Any) -> bool:
    """Whether two results are equal, arrays included."""
    if is_dataclass(found) and type(found) is type(other) and not hasattr(found, "family"):
        return all(same(getattr(found, field.name), getattr(other, field.name)) for field in fields(found))
    if isinstance(found, np.ndarray):
        return _same_arrays(found, other)
    if isinstance(found, Image.Image):
        return bool(found.mode == other.mode and found.tobytes() == other.tobytes())
    if isinstance(found, tuple) and isinstance(other, tuple):
        return len(found) == len(other) and all(map(same, found, other))
    if hasattr(found, "family"):
        return bool(found.key == other.key)
    return bool(found == other)


def _same_arrays(found: AnyArray, other: Any) -> bool:
    return found.dtype == other.dtype and np.array_equal(found, other)
