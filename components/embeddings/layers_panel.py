"""Comparison of layers, of one or of two encoders, by linear CKA."""

from __future__ import annotations

import html
from collections.abc import Callable, Generator, Iterator

import gradio as gr

from components.clip.clip_input import ClipInput
from components.embeddings import labels
from components.embeddings.controls import EmbeddingControls
from components.embeddings.shown_embedding import progress_markup
from components.page.markup import failure_markup
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.embeddings.analysis import LayerFrames, layer_cka
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.encoders.registry import encoder_of, encoders
from services import Services

SAME_ENCODER = "same"
EMPTY = f'<p class="empty">{labels.NO_LAYERS}</p>'
MAX_LAYERS_WITH_NUMBERS = 14
"""A larger table has colours only, with the numbers as tooltips."""


def build_layers_panel(services: Services, clip: ClipInput, controls: EmbeddingControls) -> None:
    """Build the inner tab: the other encoder, a button, and the table."""
    with gr.Tab(labels.LAYERS):
        others = [(encoder.title, encoder.key) for encoder in encoders(services.runtime.catalog) if encoder.frame_rate]
        with gr.Row(elem_classes="actions"):
            choices = [(labels.SAME_ENCODER, SAME_ENCODER), *others]
            other = gr.Dropdown(choices, value=SAME_ENCODER, label=labels.COMPARE_WITH, min_width=260, scale=0)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.COMPARE_LAYERS, min_width=0, elem_id="compare-layers")
            stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-comparing")
        table = gr.HTML(EMPTY, elem_id="embedding-layers", apply_default_css=False)
    panel = _LayersPanel(services, TabJob(services, "layers", [run, stop], panes=clip.panes))
    panel.job.keep([table], lambda opened, request: (EMPTY,))
    panel.job.on(run.click, clip.state, panel.compare, [clip.state, controls.encoder, other], [table])


class _LayersPanel:
    def __init__(self, services: Services, job: TabJob) -> None:
        self.job = job
        self._services = services

    def compare(self, clip: AudioClip | None, request: gr.Request, key: str, other: str) -> Iterator[str]:
        """Stream progress, then the table."""
        try:
            if clip is None:
                raise NoClip
            catalog = self._services.runtime.catalog
            encoder = encoder_of(catalog, key)
            other_encoder = None if other == SAME_ENCODER else encoder_of(catalog, other)
            should_stop = self.job.current(request)
            rows = yield from self._layers(clip, encoder, should_stop)
            columns = (yield from self._layers(clip, other_encoder, should_stop)) if other_encoder else None
            if rows is None or (other_encoder and columns is None):
                yield f'<p class="summary" data-state="stopped">{labels.STOPPED}</p>'
            else:
                yield cka_markup(encoder.title, rows, other_encoder.title if other_encoder else "", columns)
        except Exception as error:
            yield failure_markup(sentence_for(error))

    def _layers(
        self, clip: AudioClip, encoder: Encoder, should_stop: Callable[[], bool]
    ) -> Generator[str, None, list[LayerFrames] | None]:
        """Embed the clip with every layer of `encoder`; return None after a Stop."""
        services, found = self._services, []
        for layer in encoder.layers:
            options = EmbeddingOptions(encoder.key, layer)
            embedding: ClipEmbedding | None = None
            for now in embed_clip(clip, options, services.runtime, should_stop):
                embedding = now.embedding
                yield progress_markup(now, f"{encoder.title}, {layer}" if layer else encoder.title)
            if embedding is None:
                return None
            found.append(LayerFrames(layer or encoder.title, embedding.frames, embedding.times))
        return found


def cka_markup(title: str, rows: list[LayerFrames], other_title: str, columns: list[LayerFrames] | None) -> str:
    """Return a table of CKA values; higher values are darker."""
    table = layer_cka(rows, columns)
    columns_shown = columns or rows
    with_numbers = max(len(rows), len(columns_shown)) <= MAX_LAYERS_WITH_NUMBERS
    head = "".join(f'<th scope="col">{html.escape(layer.name)}</th>' for layer in columns_shown)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row.name)}</th>'
        + "".join(
            f'<td style="--level:{value:.3f}" title="{html.escape(f"{row.name} · {column.name}")}: {value:.3f}">'
            f"{f'{value:.2f}' if with_numbers else ''}</td>"
            for column, value in zip(columns_shown, values.tolist(), strict=True)
        )
        + "</tr>"
        for row, values in zip(rows, table, strict=True)
    )
    caption = html.escape(labels.ROWS_AND_COLUMNS.format(title, other_title) if columns else title)
    return (
        f'<div class="cka"><table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="summary" data-state="done">{caption}. {labels.ABOUT_CKA}</p>'
    )
