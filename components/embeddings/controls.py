"""The controls of the embeddings tab, and the options of their values."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.embeddings import labels
from components.page.model_choices import ModelChoices, Offer
from models.arrays import MAX_SEED
from models.model_catalog import ModelCatalog
from pipelines.embeddings.colouring import MAX_CLUSTERS
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.encoders.registry import encoder_of, encoders
from pipelines.embeddings.map import (
    MAX_MIN_DISTANCE,
    MAX_NEIGHBOURS,
    MAX_PERPLEXITY,
    METHODS,
    MIN_NEIGHBOURS,
    MIN_PERPLEXITY,
    MapOptions,
)


@dataclass(frozen=True)
class EmbeddingControls:
    """The components of the controls."""

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
        """Inputs of `embedding_options_of` and `map_options_of`."""
        of_layout = [self.neighbours, self.perplexity, self.min_distance, self.seed]
        return [self.encoder, self.layer, self.method, self.dimensions, *of_layout]

    @property
    def of_colour(self) -> list[gr.components.Component]:
        """The key of the colouring and the number of clusters."""
        return [self.colour, self.clusters]


def build_main_controls(catalog: ModelCatalog, model_choices: ModelChoices) -> dict[str, Any]:
    """Build the controls that stand above the buttons, and return them by field."""
    default = encoders(catalog)[0]
    first = default.key
    encoder = model_choices.build(
        lambda: encoders_within_reach(catalog, encoders(catalog)), [(default.title, first)], labels.ENCODER, "encoder"
    )
    about = gr.HTML(encoder_markup(catalog, first), elem_id="about-encoder", apply_default_css=False)
    layer = gr.Dropdown(layer_choices(catalog, first), value="", label=labels.LAYER, elem_id="encoder-layer")
    methods = [(title, key) for key, title in METHODS.items()]
    colourings = [(title, key) for key, title in labels.COLOURINGS.items()]
    method = gr.Dropdown(methods, value="pca", label=labels.PROJECTION, elem_id="map-method")
    dimensions = gr.Radio(labels.DIMENSION_CHOICES, value=2, label=labels.DIMENSIONS, elem_id="map-dimensions")
    colour = gr.Dropdown(colourings, value="time", label=labels.COLOUR_BY, elem_id="map-colour")
    return {
        "encoder": encoder,
        "about": about,
        "layer": layer,
        "method": method,
        "dimensions": dimensions,
        "colour": colour,
    }


def build_advanced_controls() -> dict[str, Any]:
    """Build the rest of the controls, folded away, and return them by field."""
    with gr.Accordion(labels.ADVANCED, open=False):
        neighbours = gr.Slider(MIN_NEIGHBOURS, MAX_NEIGHBOURS, value=MapOptions.neighbours, step=1, label=labels.NEIGHBOURS)
        perplexity = gr.Slider(MIN_PERPLEXITY, MAX_PERPLEXITY, value=MapOptions.perplexity, step=1, label=labels.PERPLEXITY)
        distance = gr.Slider(0, MAX_MIN_DISTANCE, value=MapOptions.min_distance, step=0.01, label=labels.MIN_DISTANCE)
        seed = gr.Number(0, label=labels.SEED, precision=0, minimum=0, maximum=MAX_SEED)
        clusters = gr.Slider(2, MAX_CLUSTERS, value=6, step=1, label=labels.CLUSTERS)
    return {
        "neighbours": neighbours,
        "perplexity": perplexity,
        "min_distance": distance,
        "seed": seed,
        "clusters": clusters,
    }


def encoders_within_reach(catalog: ModelCatalog, wanted: Sequence[Encoder]) -> Offer:
    """Return those of the encoders whose model can be used, and the models of the others."""
    missing = {one.spec.key: one for one in catalog.reach("embed_audio") if one.obstacle}
    choices = [(one.title, one.key) for one in wanted if one.spec.key not in missing]
    return Offer(choices, tuple(missing[key] for key in dict.fromkeys(one.spec.key for one in wanted) if key in missing))


def embedding_options_of(values: tuple[Any, ...]) -> EmbeddingOptions:
    """Return the encoder and layer from the values of `EmbeddingControls.of_map`."""
    encoder, layer, *_ = values
    return EmbeddingOptions(str(encoder), layer or "")


def map_options_of(values: tuple[Any, ...]) -> MapOptions:
    """Return the map options from the values of `EmbeddingControls.of_map`."""
    _, _, method, dimensions, neighbours, perplexity, distance, seed = values
    return MapOptions(
        method=method,
        dimensions=dimensions,
        neighbours=int(neighbours),
        perplexity=float(perplexity),
        min_distance=float(distance),
        seed=int(seed or 0),
    )


def layer_choices(catalog: ModelCatalog, key: str) -> list[tuple[str, str]]:
    """Return the choices of layers of an encoder, the default first."""
    encoder = encoder_of(catalog, key)
    if len(encoder.layers) < 2:
        return [(labels.DEFAULT_LAYER, "")]
    return [(f"{labels.DEFAULT_LAYER} ({encoder.default_layer})", ""), *((layer, layer) for layer in encoder.layers)]


def encoder_markup(catalog: ModelCatalog, key: str) -> str:
    """Return one line with the facts of the encoder, and its description as a tooltip."""
    encoder = encoder_of(catalog, key)
    return f'<p class="summary" title="{html.escape(encoder.description)}">{html.escape(encoder_facts(encoder))}</p>'


def encoder_facts(encoder: Encoder) -> str:
    """Return width, frame rate, number of layers and licence in one line."""
    rate = labels.FRAMES_PER_SECOND.format(encoder.frame_rate) if encoder.frame_rate else labels.FRAME_PER_TOKEN
    layers = labels.LAYERS_COUNTED.format(len(encoder.layers)) if len(encoder.layers) > 1 else labels.ONE_LAYER
    return " · ".join((labels.WIDTH.format(encoder.width), rate, layers, encoder.licence.split(" (")[0]))
