"""The state of the tab: the summary, and a map of several clips after another of them was opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from components.embeddings.map import map_value
from components.embeddings.shown_embedding import (
    ShownEmbedding,
    embedding_track,
    map_view,
    mapping_markup,
    track_feed,
    with_first,
    without_others,
)
from components.embeddings.views_panel import (
    CONSTANT,
    NO_OTHER_FRAME,
    NO_POINT,
    NO_SOURCE,
    ListSource,
    dimensions_markup,
    kept_list,
    neighbours_of_point,
    similar_frames_markup,
    similar_to_point,
)
from components.page.jobs.kept_panes import KeptValues
from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import ClipAnalyses, clip_colouring
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.encoders.registry import encoders
from pipelines.embeddings.map import (
    EmbeddingMap,
    MapOptions,
    map_embeddings,
    stack_frames,
)
from services import build_services
from settings import Settings
from tests.pipelines.embeddings.embedding_examples import embedding, walk

FRAMES = {"a": 5, "b": 7, "c": 3}


def shown_map() -> ShownEmbedding:
    """Three clips, each frame with its own text."""
    clips = tuple(AudioClip(name * 32, 16_000, 10.0, 1, "wav", "pcm", Path(name), name) for name in FRAMES)
    embeddings = tuple(
        embedding(walk(count, seed=seed), content_hash=name * 32) for seed, (name, count) in enumerate(FRAMES.items())
    )
    stacked = stack_frames([(one.frames, one.times) for one in embeddings])
    embedding_map: EmbeddingMap = map_embeddings(stacked.frames, MapOptions())
    texts = tuple(f"{name} {frame}" for name, count in FRAMES.items() for frame in range(count))
    colouring = clip_colouring(stacked.clip_index, list(FRAMES))
    return ShownEmbedding(
        clips, embeddings, embedding_map, "m", EmbeddingOptions("yamnet"), (ClipAnalyses(),) * 3, colouring, texts
    )


def test_a_method_that_is_compiled_says_so():
    assert "UMAP …" in mapping_markup("UMAP")
    assert "Preparing UMAP, once after a start …" in mapping_markup("UMAP", is_preparing=True)


def test_an_outlier_leaves_the_colours_of_the_track_apart():
    shown = shown_map()
    rng = np.random.default_rng(0)
    points = np.append(rng.uniform(-1, -0.9, (999, 2)), [[1, 1]], axis=0).astype(np.float32)
    many = embedding(walk(len(points)))
    track = embedding_track(replace(shown, embeddings=(many,), map=replace(shown.map, points=points)))
    assert track is not None
    assert (np.ptp(np.percentile(track.colours, (5, 95), axis=0), axis=0) > 100).all()


def test_the_clip_on_the_player_alone_has_its_own_points_only():
    alone = without_others(shown_map())
    value = map_value(map_view(alone))
    assert (value["clips"], value["own"], value["texts"]) == (["a"], 5, [f"a {frame}" for frame in range(5)])
    assert len(alone.map.points) == len(alone.colouring.values) == 5


def test_an_opened_clip_and_its_points_come_first():
    before = shown_map()
    after = with_first(before, before.clips[1])
    assert [clip.name for clip in after.clips] == ["b", "a", "c"]
    assert after.starts == (0, 7, 12)
    assert after.texts[:2] == ("b 0", "b 1")
    indices = [before.texts.index(text) for text in after.texts]
    np.testing.assert_array_equal(after.map.points, before.map.points[indices])
    np.testing.assert_array_equal(after.colouring.values, before.colouring.values[indices])
    np.testing.assert_array_equal(after.stacked().frames, before.stacked().frames[indices])
    value = map_value(map_view(after))
    assert (value["id"], value["own"], value["hashes"][0]) == ("m", 7, "b" * 32)
    assert track_feed(after).value()["token"] == "b" * 32
    assert with_first(after, before.clips[0]).texts == before.texts


def test_similar_frames_are_those_of_the_points_clip():
    markup, source = similar_to_point(shown_map(), gr.EventData(None, {"row": 6}))
    assert source == ListSource("m", clip="b" * 32, player="a" * 32)
    assert "b 4" in markup
    assert "a 1" not in markup
    refused, source = similar_to_point(shown_map(), gr.EventData(None, {"row": 15}))
    assert "takes 0 to 14" in refused
    assert source == NO_SOURCE


def test_neighbours_are_those_of_the_embedding_and_of_all_clips():
    shown = shown_map()
    found = neighbours_of_point(shown, gr.EventData(None, {"row": 6}))
    assert (found["map"], found["row"], set(found["rows"])) == ("m", 6, set(range(15)) - {6})
    assert neighbours_of_point(shown, gr.EventData(None, {"row": 15})) == neighbours_of_point(None, gr.EventData(None, {}))


def test_a_list_stays_while_its_clip_is_opened_and_on_the_player():
    before = shown_map()
    there = with_first(before, before.clips[1])
    _, source = similar_to_point(before, gr.EventData(None, {"row": 6}))
    kept, unchanged = kept_list(before, source)  # a job on the map has just ended
    assert (kept, unchanged) == (gr.skip(), source)
    kept, source = kept_list(there, source)
    assert (kept, source) == (gr.skip(), ListSource("m", clip="b" * 32, player="b" * 32))
    assert kept_list(before, source) == (NO_POINT, NO_SOURCE)
    assert kept_list(replace(there, map_id="another"), source) == (NO_POINT, NO_SOURCE)
    assert kept_list(None, source) == (NO_POINT, NO_SOURCE)


def shown_frames(frames: FloatArray) -> ShownEmbedding:
    """One clip with these frames."""
    one = embedding(frames)
    return replace(with_first(shown_map(), shown_map().clips[0]), embeddings=(one,), texts=("",) * len(frames))


@pytest.mark.parametrize("count", [1, 5, 40])
def test_constant_frames_have_views_that_say_so(count: int):
    assert CONSTANT in dimensions_markup(shown_frames(np.full((count, 8), 3, dtype=np.float32)))


def test_a_clip_without_another_frame_says_so():
    assert similar_frames_markup(shown_frames(walk(1)), 0) == NO_OTHER_FRAME


def test_a_map_comes_back_after_a_restart_of_the_server(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data", clip_dir=tmp_path / "clips")
    before = build_services(settings)
    clip = before.clips.open_waveform(np.sin(np.arange(8000), dtype=np.float32), 8000)
    before.clips.keep(clip, "ann")
    encoder = next(one for one in encoders(before.runtime.catalog) if one.key == "yamnet")
    frames = walk(20_000, width=1024)  # 82 MB
    found = replace(embedding(frames, clip.content_hash), encoder=encoder)
    texts, colouring = tuple(map(str, range(len(frames)))), clip_colouring(np.zeros(len(frames), np.int32), ["clip"])
    shown = ShownEmbedding(
        (clip,),
        (found,),
        map_embeddings(frames, MapOptions()),
        "m",
        EmbeddingOptions("yamnet"),
        (ClipAnalyses(),),
        colouring,
        texts,
    )
    before.kept.store(clip, "ann", "embedding", KeptValues({0: map_value(map_view(shown)), 2: shown}))
    after = build_services(settings)
    same = after.clips.find_kept(clip.content_hash, "ann")
    assert same
    kept = after.kept.find(same, "ann", "embedding")
    assert isinstance(kept, KeptValues)
    assert kept.values[0]["id"] == "m"
    back = kept.values[2]
    assert np.array_equal(back.embedding.frames, frames)
    assert np.array_equal(back.map.points, shown.map.points)
    assert back.embedding.encoder.key == "yamnet"
    assert back.clip.name == clip.name
    assert after.kept.find(same, "bob", "embedding") is None
