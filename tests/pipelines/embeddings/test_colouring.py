from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.embeddings.colouring import (
    ClusterOptions,
    clip_colouring,
    cluster_colouring,
    colourings,
    hover_texts,
    loudness_colouring,
)
from pipelines.embeddings.errors import BrokenEmbedding
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import Chord
from pipelines.music.rhythm.types import Beats
from pipelines.music.sections.types import Section
from pipelines.speech.transcript import Word
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.tags import SoundTags

RATE = 8000
TIMES: Any = 0.1 * (0.5 + np.arange(40))
"""Forty frames of 0.1 s."""


@pytest.fixture
def clip(store: ClipStore, tmp_path: Path) -> AudioClip:
    """Four seconds: a second each of -6, -20, -40 and -20 dB."""
    levels = np.repeat([0.5, 0.1, 0.01, 0.1], RATE)
    tone = np.where(np.arange(4 * RATE) % 2, levels, -levels).astype(np.float32)
    soundfile.write(tmp_path / "steps.wav", tone, RATE, "FLOAT")
    return store.open(tmp_path / "steps.wav")


def facts() -> MusicFacts:
    return MusicFacts(
        4.0,
        beats=Beats((0.5, 1.0, 1.5, 2.0), (1, 2, 3, 1), 3, 4, 0.9),
        chords=(Chord(0.0, 1.0, "A:min", 0.9), Chord(1.0, 3.0, "N", 0.9), Chord(3.0, 4.0, "A:min", 0.9)),
        sections=(Section(0.0, 2.0, "A", 0.9), Section(2.0, 4.0, "B", 0.9)),
    )


def tags() -> SoundTags:
    """A dog, then rain; patches of a second that begin at 0, 1, 2 and 3 s."""
    scores = np.zeros((4, 521), dtype=np.float32)
    scores[:2, class_tree().index("Dog")] = 0.9
    scores[2:, class_tree().index("Rain")] = 0.8
    return SoundTags(4.0, np.arange(4, dtype=np.float32), scores, hop_seconds=1.0, patch_seconds=1.0)


WORDS = (Word(0.2, 0.6, " Hello,", 0.9), Word(1.0, 1.4, " you", 0.9), Word(2.0, 2.3, " hello!", 0.9))


def by_key(found: Any) -> dict[str, Any]:
    return {one.key: one for one in found}


def test_only_known_colourings_are_offered(clip: AudioClip) -> None:
    assert list(by_key(colourings(clip, TIMES))) == ["time", "loudness"]
    assert list(by_key(colourings(clip, TIMES, facts=MusicFacts(4.0), words=()))) == ["time", "loudness"]


def test_every_colouring_has_a_value_for_each_frame(clip: AudioClip) -> None:
    found = by_key(colourings(clip, TIMES, tags(), facts(), WORDS))
    assert set(found) == {"time", "loudness", "word", "chord", "beat", "section", "tag"}
    for one in found.values():
        assert one.values.shape == (40,)
        assert one.values.dtype == (np.float32 if one.kind == "continuous" else np.int32)


def test_names_are_those_at_the_time_of_the_frame(clip: AudioClip) -> None:
    found = by_key(colourings(clip, TIMES, tags(), facts(), WORDS))

    def read(key: str, *seconds: float) -> list[str]:
        return [found[key].name_of(int(np.abs(TIMES - second).argmin())) for second in seconds]

    assert read("word", 0.35, 0.85, 1.15, 2.15) == ["hello", "", "you", "hello"]
    assert found["word"].names == ("hello", "you")
    assert read("chord", 0.5, 2.0, 3.5) == ["Am", "", "Am"]
    assert read("beat", 0.2, 0.7, 1.2, 1.7, 3.9) == ["", "Beat 1", "Beat 2", "Beat 3", "Beat 1"]
    assert read("section", 0.1, 3.9) == ["A", "B"]
    assert read("tag", 0.3, 1.7, 2.3, 3.9) == ["Dog", "Dog", "Rain", "Rain"]


def test_hover_texts_join_the_known_values(clip: AudioClip) -> None:
    texts = hover_texts(colourings(clip, TIMES, tags(), facts(), WORDS))
    assert len(texts) == 40
    assert texts[3] == "0:00.35 · hello · Am · A · Dog"
    assert texts[20] == "0:02.05 · hello · Beat 1 · B · Rain"
    assert hover_texts(colourings(clip, TIMES))[3] == "0:00.35"


def test_loudness_is_the_level_around_each_frame(clip: AudioClip) -> None:
    level = loudness_colouring(clip, TIMES).values
    np.testing.assert_allclose(level[[5, 15, 25, 35]], [-6.02, -20, -40, -20], atol=0.05)
    coarse = loudness_colouring(clip, np.array([0.5, 2.0, 3.9])).values
    assert coarse[0] > coarse[2] > -21


def test_frames_beyond_the_end_are_silent(clip: AudioClip) -> None:
    assert loudness_colouring(clip, np.array([1.0, 9.0, 12.0])).values[2] == -120


def test_clips_have_their_names() -> None:
    one = clip_colouring(np.array([0, 0, 1], dtype=np.int32), ("rain.ogg", "dog.ogg"))
    assert [one.name_of(frame) for frame in range(3)] == ["rain.ogg", "rain.ogg", "dog.ogg"]


def groups() -> Any:
    rng = np.random.default_rng(0)
    centres = np.repeat(20 * rng.standard_normal((3, 12)), (60, 40, 20), axis=0)
    return (centres + rng.standard_normal((120, 12))).astype(np.float32)


@pytest.mark.parametrize("options", [ClusterOptions("k-means", 3), ClusterOptions("hdbscan")])
def test_clusters_are_sorted_by_size(options: ClusterOptions) -> None:
    found = cluster_colouring(groups(), options)
    assert found.names == ("Cluster 1", "Cluster 2", "Cluster 3")
    for place, part in enumerate((slice(60), slice(60, 100), slice(100, 120))):
        assert (found.values[part] == place).mean() > 0.95


def test_hdbscan_leaves_outliers_without_a_category() -> None:
    frames = groups()
    frames[7] = 500
    assert cluster_colouring(frames, ClusterOptions("hdbscan")).values[7] == -1


@pytest.mark.parametrize("method", ["k-means", "hdbscan"])
@pytest.mark.parametrize("frames", [np.ones((1, 4)), np.ones((30, 4)), np.eye(3)])
def test_there_are_at_most_as_many_clusters_as_distinct_frames(method: Any, frames: Any) -> None:
    found = cluster_colouring(frames.astype(np.float32), ClusterOptions(method, 8))
    assert len(found.names) <= len(np.unique(frames, axis=0))
    assert len(found.values) == len(frames)


def test_frames_beyond_the_landmarks_join_the_nearest_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.embeddings.colouring.MAX_CLUSTER_LANDMARKS", 30)
    found = cluster_colouring(groups(), ClusterOptions("k-means", 3))
    assert np.bincount(found.values).tolist() == [60, 40, 20]


@pytest.mark.parametrize("options", [ClusterOptions("k-means", 1), ClusterOptions("k-means", 51), ClusterOptions("dbscan")])  # type: ignore[arg-type]
def test_wrong_options_are_refused(options: ClusterOptions) -> None:
    with pytest.raises(InvalidOption):
        cluster_colouring(groups(), options)


def test_nan_is_refused() -> None:
    frames = groups()
    frames[0, 0] = np.nan
    with pytest.raises(BrokenEmbedding):
        cluster_colouring(frames)
