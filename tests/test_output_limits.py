"""What a job may give: what can be counted before the work is refused before it, and nothing that was made is lost."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.embeddings.map import map_value
from components.embeddings.shown_embedding import map_view
from components.transcription.summary import transcription_summary
from models.output_limits import OutputLimits, TooMuchOutput
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.embeddings.clip_library import ClipLibrary
from pipelines.film.film import FilmOptions, make_film
from pipelines.film.scenes import even_scenes
from pipelines.film.storyboard_types import Scene
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.options import PictureOptions
from pipelines.speech import transcription
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions, Word
from pipelines.speech.transcription import find_stored, transcribe
from pipelines.storage.folder_storage import FolderStorage
from services import Services, build_services
from settings import Settings
from tests.components.embeddings.test_shown_embedding import shown_map
from tests.pipelines.embeddings.embedding_examples import embedding

OPTIONS = TranscriptionOptions(model="whisper-base-offline", language="en")
LINES = tuple(
    Segment(
        float(second),
        second + 0.9,
        "one two",
        (Word(second, second + 0.4, "one", 1.0), Word(second + 0.5, second + 0.9, "two", 1.0)),
    )
    for second in range(5)
)


def limited(services: Services, **limits: Any) -> ModelRuntime:
    return replace(services.runtime, outputs=OutputLimits(**limits))


def noise(store: ClipStore, seed: int = 0) -> AudioClip:
    return store.open_waveform(np.random.default_rng(seed).normal(0, 0.1, 5 * 16_000).astype(np.float32), 16_000)


def test_the_settings_reach_pipelines_and_libraries(tmp_path: Path) -> None:
    chosen = OutputLimits(words=7, pictures=2, film_seconds=9.0, map_points=5, map_clips=3, library_clips=1)
    settings = Settings(
        data_dir=tmp_path, clip_dir=tmp_path, **{f"max_{name}": number for name, number in asdict(chosen).items()}
    )
    services = build_services(settings)
    assert services.runtime.outputs == chosen
    services.library.add(noise(services.clips), embedding(np.ones((5, 3), np.float32), "0" * 32))
    with pytest.raises(TooMuchOutput):
        services.library.check_room(noise(services.clips, seed=1))


def test_too_many_pictures_are_refused_before_a_model_is_chosen(services: Services, store: ClipStore) -> None:
    options = PictureOptions(model="none such", pictures=3)
    with pytest.raises(TooMuchOutput, match=r"At most 2 pictures can be drawn at once, not 3: ask for fewer\."):
        next(audio_to_image(noise(store), options, limited(services, pictures=2)))


def test_a_storyboard_has_no_more_scenes_than_pictures_may_be_drawn() -> None:
    scenes = tuple(Scene(10.0 * n, 10.0 * (n + 1), str(n)) for n in range(8))
    assert [len(even_scenes(scenes, 80.0, most)) for most in (12, 4, 1)] == [8, 4, 1]


def test_a_film_that_would_be_too_long_is_refused_before_its_storyboard_is_read(services: Services, store: ClipStore) -> None:
    no_board: Any = None
    film = partial(make_film, noise(store), no_board, FilmOptions(), Path("nowhere"))
    with pytest.raises(TooMuchOutput, match=r"can last 4 s at most, and this clip lasts 5 s: crop it first\."):
        next(film(runtime=limited(services, film_seconds=4.0)))


def test_a_clip_for_a_full_library_is_refused(store: ClipStore, tmp_path: Path) -> None:
    library = ClipLibrary(FolderStorage(tmp_path / "library"), OutputLimits(library_clips=1))
    first, second = noise(store), noise(store, seed=1)
    library.add(first, embedding(np.ones((5, 3), np.float32), first.content_hash))
    library.add(first, embedding(np.ones((5, 3), np.float32), first.content_hash, key="another"))  # a clip that is there has room
    with pytest.raises(
        TooMuchOutput, match=r"The library has 1 clips, and can have 1 at most: delete some before you add more\."
    ):
        library.add(second, embedding(np.ones((5, 3), np.float32), second.content_hash))
    library.remove(first.content_hash)
    library.check_room(second)


def test_a_map_with_more_points_than_may_be_shown_is_thinned_and_says_so() -> None:
    shown = replace(shown_map(), max_points=6)
    value = map_value(map_view(shown))
    rows = len(shown.map.points)
    assert rows > 6
    assert len(value["times"]) < len(map_value(map_view(shown_map()))["times"])
    assert f"One frame in {-(-rows // 6)} of {rows} is drawn." in value["description"]


def test_a_transcript_ends_after_its_last_word_keeps_its_lines_and_goes_on_later(
    services: Services, store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Segment] = []

    def decode(*_: Any, **__: Any) -> Generator[Segment, None, None]:
        for line in LINES[len(decoded) :]:
            decoded.append(line)
            yield line

    monkeypatch.setattr(transcription, "_decode", decode)
    monkeypatch.setattr(transcription, "is_hallucination", lambda *_: False)
    monkeypatch.setattr(transcription, "non_speech_segments", lambda *_: ())
    clip = noise(store)
    last = last_of(transcribe(clip, OPTIONS, limited(services, words=5)))
    sentence = "The transcript ends here, since it has more than 5 words: crop the clip to what follows for the rest."
    assert (last.state, last.limit, last.segments) == ("done", sentence, LINES[:3])
    assert sentence in transcription_summary(last)
    assert last.to_dict()["limit"] == sentence
    assert find_stored(clip, OPTIONS, services.runtime.catalog) is None

    decoded[:] = LINES[:3]
    again = list(transcribe(clip, OPTIONS, limited(services, words=5)))
    assert (again[-1].segments, again[-1].limit, decoded) == (LINES[:3], sentence, list(LINES[:3]))

    more = last_of(transcribe(clip, OPTIONS, limited(services, words=10)))
    assert (more.state, more.limit, more.segments) == ("done", "", LINES)


def last_of(snapshots: Any) -> Transcription:
    found: Sequence[Transcription] = list(islice(snapshots, 10_000))
    return found[-1]
