"""One line per task, for notebooks and scripts: `from pipelines import transcribe`.

Each function takes the sound, the services, and the options of its pipeline, and returns the result when it is complete; the
pipelines of the same names in the rooms of this package yield what there is so far. Each result has `to_dict`.

The services are an argument: they hold the one cache of models, and a module that kept some of its own would hide where they
lie, and load each model once more. `services.build_services(Settings())` builds them in milliseconds, without loading a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from models.arrays import AnyArray
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.description.description import ClipDescription, DescriptionOptions, describe_clip
from pipelines.embeddings.clip_library import ClipLibrary, ClipMatch, LibraryClip
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.library_search import clips_near_text, library_encoder, library_options
from pipelines.everything import analysis as everything
from pipelines.everything.types import EverythingFound, EverythingOptions
from pipelines.film import film as films
from pipelines.film import storyboard as storyboards
from pipelines.film.film import Film, FilmOptions
from pipelines.film.storyboard_types import Storyboard
from pipelines.interpretability.tracing import LogitLensOptions, LogitLensProgress, trace_window
from pipelines.music import analysis
from pipelines.music.facts import FactOptions, MusicFacts
from pipelines.notes.in_bars import notes_in_bars
from pipelines.notes.notes import NoteOptions, NoteTranscription
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.options import Drawing, PictureOptions
from pipelines.questions.answering import ClipAnswer, answer_about
from pipelines.questions.from_model import QuestionOptions
from pipelines.questions.label_matching import MatchedLabels
from pipelines.questions.own_words import find_words
from pipelines.speech import transcription
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.tagging.zero_shot import LabelOptions, LabelScores

__all__ = [
    "DescriptionOptions",
    "EmbeddingOptions",
    "EverythingOptions",
    "FactOptions",
    "FilmOptions",
    "LabelOptions",
    "LogitLensOptions",
    "NoteOptions",
    "PictureOptions",
    "QuestionOptions",
    "Sound",
    "TranscriptionOptions",
    "add_to_library",
    "analyse",
    "ask",
    "describe",
    "embed",
    "make_film",
    "music_facts",
    "open_clip",
    "picture",
    "score_labels",
    "similar",
    "similar_to_text",
    "storyboard",
    "trace",
    "transcribe",
    "transcribe_notes",
]

Sound: TypeAlias = "str | PathLike[str] | tuple[AnyArray, float] | AudioClip"
"""A file; a waveform [samples] or [channels, samples] with its rate in Hz, as `librosa.load` returns them; or an open clip."""
Snapshot = TypeVar("Snapshot")


class PipelineServices(Protocol):
    """What the tasks need of `services.Services`."""

    @property
    def clips(self) -> ClipStore:
        """Decoded clips."""

    @property
    def runtime(self) -> ModelRuntime:
        """Catalogue, cache of models and feature store."""

    @property
    def library(self) -> ClipLibrary:
        """Embeddings of clips, kept between runs."""


def open_clip(sound: Sound, services: PipelineServices) -> AudioClip:
    """Decode a sound, or find the clip if it was decoded before.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: it is something else.
        ClipError, InvalidOption: see `ClipStore.open` and `ClipStore.open_waveform`.
    """
    match sound:
        case AudioClip():
            return sound
        case (np.ndarray() as waveform, rate):
            return services.clips.open_waveform(waveform, rate)
        case str() | PathLike():
            return services.clips.open(Path(sound).resolve(strict=True))
    raise TypeError("a sound is a file, a waveform with its rate, or a clip")


def transcribe(sound: Sound, services: PipelineServices, options: TranscriptionOptions = TranscriptionOptions()) -> Transcription:
    """Transcribe speech: lines and words with times in seconds, and their languages."""
    return _last(transcription.transcribe(open_clip(sound, services), options, services.runtime))


def describe(sound: Sound, services: PipelineServices, options: DescriptionOptions = DescriptionOptions()) -> ClipDescription:
    """Describe a clip: sounds, music tags and facts, and a caption whose claims are checked against them."""
    return _last(describe_clip(open_clip(sound, services), options, services.runtime))


def analyse(sound: Sound, services: PipelineServices, options: EverythingOptions = EverythingOptions()) -> EverythingFound:
    """Run all analyses that fit a clip: speech, description, notes, embeddings and a picture."""
    return _last(everything.analyse_everything(open_clip(sound, services), options, services.runtime))


def ask(sound: Sound, question: str, services: PipelineServices, options: QuestionOptions = QuestionOptions()) -> ClipAnswer:
    """Answer a question about a clip."""
    return answer_about(open_clip(sound, services), question, options, services.runtime)


def music_facts(sound: Sound, services: PipelineServices, options: FactOptions = FactOptions()) -> MusicFacts:
    """Measure tempo, beats, metre, key, chords, sections, loudness and vocals."""
    return _last(analysis.music_facts(open_clip(sound, services), options, services.runtime))


def transcribe_notes(sound: Sound, services: PipelineServices, options: NoteOptions = NoteOptions()) -> NoteTranscription:
    """Transcribe the notes of music, with its beats and key."""
    return _last(notes_in_bars(open_clip(sound, services), options, services.runtime))


def score_labels(
    sound: Sound, labels: Iterable[str], services: PipelineServices, options: LabelOptions = LabelOptions()
) -> LabelScores | MatchedLabels:
    """Score how well labels of your own fit a clip (zero-shot classification), or find known labels of like meaning."""
    return _last(find_words(open_clip(sound, services), tuple(labels), options, services.runtime))


def picture(sound: Sound, services: PipelineServices, options: PictureOptions = PictureOptions()) -> Drawing:
    """Draw pictures from a sound: `pictures[0].image` is a Pillow image."""
    return _last(audio_to_image(open_clip(sound, services), options, services.runtime))


def storyboard(sound: Sound, services: PipelineServices, options: PictureOptions = PictureOptions()) -> Storyboard:
    """Draw a picture for each scene of a clip."""
    return _last(storyboards.storyboard(open_clip(sound, services), options, services.runtime))


def make_film(
    sound: Sound, board: Storyboard, folder: Path, services: PipelineServices, options: FilmOptions = FilmOptions()
) -> Film:
    """Make the film of a storyboard of the same clip, as MP4 and GIF in `folder`."""
    return _last(films.make_film(open_clip(sound, services), board, options, folder, services.runtime))


def embed(sound: Sound, services: PipelineServices, options: EmbeddingOptions = EmbeddingOptions()) -> ClipEmbedding:
    """Return the hidden states of a layer of an encoder, one vector per frame."""
    progress = _last(embed_clip(open_clip(sound, services), options, services.runtime))
    assert progress.embedding is not None
    return progress.embedding


def similar(sound: Sound, services: PipelineServices, count: int = 5, encoder: str = AUTO) -> tuple[ClipMatch, ...]:
    """Return the clips of the library that are most similar to a clip, best first."""
    first, *others = _library_embeddings(sound, services, library_encoder(services.runtime.catalog, encoder))
    return services.library.nearest(first, count, also=others)


def similar_to_text(text: str, services: PipelineServices, count: int = 5, encoder: str = AUTO) -> tuple[ClipMatch, ...]:
    """Return the clips of the library that are most similar to a text, best first.

    Raises:
        InvalidOption: no encoder within reach shares a space with texts.
    """
    chosen = library_encoder(services.runtime.catalog, encoder, needs_text=True)
    return clips_near_text(services.library, text, chosen, count, services.runtime)


def add_to_library(sound: Sound, services: PipelineServices, encoder: str = AUTO) -> LibraryClip:
    """Add a clip to the library, in which `similar` searches."""
    clip = open_clip(sound, services)
    services.library.check_room(clip)
    embeddings = _library_embeddings(clip, services, library_encoder(services.runtime.catalog, encoder))
    return [services.library.add(clip, embedding) for embedding in embeddings][-1]


def trace(sound: Sound, services: PipelineServices, options: LogitLensOptions = LogitLensOptions()) -> LogitLensProgress:
    """Run the logit lens over a window of a clip: what each layer of the decoder would have written."""
    return _last(trace_window(open_clip(sound, services), options, services.runtime))


def _library_embeddings(sound: Sound, services: PipelineServices, encoder: Encoder) -> list[ClipEmbedding]:
    clip = open_clip(sound, services)
    return [embed(clip, services, options) for options in library_options(encoder)]


def _last(snapshots: Iterator[Snapshot]) -> Snapshot:
    """Return the last snapshot of a job, which is its result."""
    *_, last = snapshots
    return last
