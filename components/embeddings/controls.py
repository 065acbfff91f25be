"""The controls of the embeddings tab, and the options that they stand for."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.embeddings.colouring import COLOURS
from models.errors import UnknownModel
from models.model_catalog import ModelCatalog
from pipelines.embeddings.colouring import MAX_CLUSTERS
from pipelines.embeddings.embed import EmbeddingOptions, Encoder, encoders
from pipelines.embeddings.map import (
    MAX_MIN_DISTANCE,
    MAX_NEIGHBOURS,
    MAX_PERPLEXITY,
    MAX_SEED,
    METHODS,
    MIN_PERPLEXITY,
    MapOptions,
)

DIMENSIONS = [("2D", 2), ("3D", 3)]
DEFAULT_LAYER = ("Its usual one", "")


@dataclass(frozen=True)
class EmbeddingControls:
    """Components whose values, in the order of `all`, the functions below read."""

    encoder: gr.Dropdown
    about: gr.HTML
    layer: gr.Dropdown
    method: gr.Dropdown
    dimensions: gr.Radio
    neighbours: gr.Slider
    perplexity: gr.Slider
    min_distance: gr.Slider
    seed: gr.Number
    colour: gr.Dropdown
    clusters: gr.Slider

    @property
    def of_map(self) -> list[gr.components.Component]:
        """What `embedding_options_of` and `map_options_of` read."""
        of_layout = [self.neighbours, self.perplexity, self.min_distance, self.seed]
        return [self.encoder, self.layer, self.method, self.dimensions, *of_layout]

    @property
    def of_colour(self) -> list[gr.components.Component]:
        """The colouring's key, and the number of clusters."""
        return [self.colour, self.clusters]


def build_embedding_controls(catalog: ModelCatalog) -> EmbeddingControls:
    """What most people need, and the rest folded away."""
    known = encoders(catalog)
    first = known[0].key
    encoder = gr.Dropdown([(one.title, one.key) for one in known], value=first, label="Encoder", elem_id="encoder")
    about = gr.HTML(about_markup(catalog, first), elem_id="about-encoder", apply_default_css=False)
    layer = gr.Dropdown(layer_choices(catalog, first), value="", label="Layer", elem_id="encoder-layer")
    method = gr.Dropdown([(title, key) for key, title in METHODS.items()], value="pca", label="Map", elem_id="map-method")
    dimensions = gr.Radio(DIMENSIONS, value=2, show_label=False, elem_id="map-dimensions")
    colour = gr.Dropdown([(title, key) for key, title in COLOURS.items()], value="time", label="Colour by", elem_id="map-colour")
    with gr.Accordion("More", open=False):
        neighbours = gr.Slider(2, MAX_NEIGHBOURS, value=MapOptions.neighbours, step=1, label="Neighbours (UMAP, spectral)")
        perplexity = gr.Slider(MIN_PERPLEXITY, MAX_PERPLEXITY, value=MapOptions.perplexity, step=1, label="Perplexity (t-SNE)")
        distance = gr.Slider(0, MAX_MIN_DISTANCE, value=MapOptions.min_distance, step=0.01, label="Smallest distance (UMAP)")
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED)
        clusters = gr.Slider(2, MAX_CLUSTERS, value=6, step=1, label="Clusters (k-means)")
    return EmbeddingControls(encoder, about, layer, method, dimensions, neighbours, perplexity, distance, seed, colour, clusters)


def embedding_options_of(values: tuple[Any, ...]) -> EmbeddingOptions:
    """The encoder and layer that the values of `EmbeddingControls.of_map` stand for."""
    encoder, layer, *_ = values
    return EmbeddingOptions(str(encoder), layer or "")


def map_options_of(values: tuple[Any, ...]) -> MapOptions:
    """The map that the values of `EmbeddingControls.of_map` stand for."""
    _, _, method, dimensions, neighbours, perplexity, distance, seed = values
    return MapOptions(
        method=method,
        dimensions=dimensions,
        neighbours=int(neighbours),
        perplexity=float(perplexity),
        min_distance=float(distance),
        seed=int(seed or 0),
    )


def encoder_of(catalog: ModelCatalog, key: str) -> Encoder:
    """The encoder with this key.

    Raises:
        UnknownModel: there is none.
    """
    known = {encoder.key: encoder for encoder in encoders(catalog)}
    if key not in known:
        raise UnknownModel(key, tuple(known))
    return known[key]


def layer_choices(catalog: ModelCatalog, key: str) -> list[tuple[str, str]]:
    """The layers of an encoder, its usual one first."""
    encoder = encoder_of(catalog, key)
    if len(encoder.layers) < 2:
        return [DEFAULT_LAYER]
    return [(f"{DEFAULT_LAYER[0]} ({encoder.default_layer})", ""), *((layer, layer) for layer in encoder.layers)]


def about_markup(catalog: ModelCatalog, key: str) -> str:
    """One line: how wide, how often, how deep, which licence; and what the encoder was trained for."""
    encoder = encoder_of(catalog, key)
    return f'<p class="summary" title="{html.escape(encoder.what)}">{html.escape(facts_of(encoder))}</p>'


def facts_of(encoder: Encoder) -> str:
    """Width, frame rate, layers and licence, for people."""
    rate = f"{encoder.frame_rate:.3g} frames a second" if encoder.frame_rate else "one frame for each token"
    layers = f"{len(encoder.layers)} layers" if len(encoder.layers) > 1 else "one layer"
    return f"{encoder.width} wide · {rate} · {layers} · {encoder.licence.split(' (')[0]}"
