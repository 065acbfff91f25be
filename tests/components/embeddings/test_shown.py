"""What the tab shows: the line below the map, and a map of several clips after another of them was opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np

from components.embeddings.colouring import Knowledge
from components.embeddings.map import map_value
from components.embeddings.shown import (
    ShownEmbedding,
    map_view,
    mapping_markup,
    track_feed,
    with_first,
)
from components.embeddings.views_panel import (
    NO_MOMENT,
    NOTHING_LISTED,
    Listed,
    kept_moments,
    moments_of,
)
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import clip_colouring
from pipelines.embeddings.embed import EmbeddingOptions
from pipelines.embeddings.map import (
    EmbeddingMap,
    MapOptions,
    map_embeddings,
    stacked,
)
from tests.pipelines.embeddings.embedding_examples import embedding, walk

FRAMES = {"a": 5, "b": 7, "c": 3}


def shown_map() -> ShownEmbedding:
    """Three clips, each frame with a text of its own."""
    clips = tuple(AudioClip(name * 32, 16_000, 10.0, 1, "wav", "pcm", Path(name), name) for name in FRAMES)
    embeddings = tuple(
        embedding(walk(count, seed=seed), content_hash=name * 32) for seed, (name, count) in enumerate(FRAMES.items())
    )
    rows = stacked([(one.frames, one.times) for one in embeddings])
    made: EmbeddingMap = map_embeddings(rows.rows, MapOptions())
    texts = tuple(f"{name} {frame}" for name, count in FRAMES.items() for frame in range(count))
    colouring = clip_colouring(rows.clip, list(FRAMES))
    return ShownEmbedding(clips, embeddings, made, "m", EmbeddingOptions("yamnet"), (Knowledge(),) * 3, colouring, texts)


def test_a_method_that_gets_ready_says_so():
    assert "UMAP …" in mapping_markup("UMAP")
    assert "Preparing UMAP, once after a start …" in mapping_markup("UMAP", is_preparing=True)


def test_another_clip_of_the_map_comes_first_with_all_that_belongs_to_its_rows():
    before = shown_map()
    after = with_first(before, before.clips[1])
    assert [clip.name for clip in after.clips] == ["b", "a", "c"]
    assert after.starts == (0, 7, 12)
    assert after.texts[:2] == ("b 0", "b 1")
    places = [before.texts.index(text) for text in after.texts]
    np.testing.assert_array_equal(after.map.points, before.map.points[places])
    np.testing.assert_array_equal(after.colouring.values, before.colouring.values[places])
    np.testing.assert_array_equal(after.stacked().rows, before.stacked().rows[places])
    value = map_value(map_view(after))
    assert (value["id"], value["own"], value["hashes"][0]) == ("m", 7, "b" * 32)
    assert track_feed(after).value()["token"] == "b" * 32
    assert with_first(after, before.clips[0]).texts == before.texts


def test_moments_like_a_point_are_sought_in_its_own_clip():
    listed, of = moments_of(shown_map(), gr.EventData(None, {"row": 6}))
    assert of == Listed("m", clip="b" * 32, player="a" * 32)
    assert "b 4" in listed
    assert "a 1" not in listed
    refused, of = moments_of(shown_map(), gr.EventData(None, {"row": 15}))
    assert "takes 0 to 14" in refused
    assert of == NOTHING_LISTED


def test_a_list_of_moments_stays_while_its_clip_is_on_its_way_to_the_player_and_on_it():
    before = shown_map()
    there = with_first(before, before.clips[1])
    _, listed = moments_of(before, gr.EventData(None, {"row": 6}))
    still, of = kept_moments(before, listed)  # a job on the map ends just now
    assert (still, of) == (gr.skip(), listed)
    still, of = kept_moments(there, of)
    assert (still, of) == (gr.skip(), Listed("m", clip="b" * 32, player="b" * 32))
    assert kept_moments(before, of) == (NO_MOMENT, NOTHING_LISTED)
    assert kept_moments(replace(there, map_id="another"), of) == (NO_MOMENT, NOTHING_LISTED)
    assert kept_moments(None, of) == (NO_MOMENT, NOTHING_LISTED)
