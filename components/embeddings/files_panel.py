"""Export of the embedding and its map as files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from components.embeddings.shown_embedding import ShownEmbedding
from components.embeddings.views_panel import LazyView
from components.page.downloads import new_files_folder
from pipelines.clip.clip_names import safe_stem
from pipelines.embeddings.colouring import Colouring, colourings
from pipelines.embeddings.export import (
    export_metadata,
    save_map,
    save_npz,
    save_parquet,
    save_projector_files,
)
from pipelines.embeddings.map_image import map_image, save_map_image

FORMATS = ("NPZ", "Parquet", "TSV for TensorBoard", "Map as PNG", "Map as JSON")
ABOUT = """<p class="summary">NPZ and Parquet have every frame with its time; the TSV files are for TensorBoard's projector;
PNG and JSON have the map.</p>"""


def build_files_panel() -> LazyView:
    """Build the inner tab; its files are written when it is opened."""
    with gr.Tab("Export") as tab:
        gr.HTML(ABOUT, apply_default_css=False)
        with gr.Row(elem_classes="actions downloads"):
            buttons = [gr.DownloadButton(name, interactive=False, min_width=0, size="sm") for name in FORMATS]
    return LazyView(tab, list(buttons), _downloads)


def _downloads(shown: ShownEmbedding | None) -> list[Any]:
    if shown is None:
        return [gr.DownloadButton(value=None, interactive=False) for _ in FORMATS]
    return [gr.DownloadButton(value=path, interactive=True) for path in embedding_files(shown)]


def embedding_files(shown: ShownEmbedding) -> list[str]:
    """Write a file for each of `FORMATS` to the clip's folder, with which they are deleted, and return their paths."""
    clip, first = shown.clip, shown.embedding
    folder = new_files_folder(clip)
    stem, name = safe_stem(clip.name), clip.name
    endings = (".npz", ".parquet", " projector.zip", ".png", ".json")
    npz, parquet, projector, picture, document = paths = [folder / f"{stem}{ending}" for ending in endings]
    own = _own_colourings(shown)
    clips = [(one.name, embedding) for one, embedding in zip(shown.clips, shown.embeddings, strict=True)]
    save_npz(npz, first, name, shown.map if len(clips) == 1 else None)
    save_parquet(parquet, first, name, own)
    save_projector_files(projector, first, name, own)
    clip_index = shown.stacked().clip_index if len(clips) > 1 else None
    metadata = {**export_metadata(first, name), "map": asdict(shown.map.options)}
    save_map_image(picture, map_image(shown.map, shown.colouring, f"{name}: {shown.title}", clip_index=clip_index), metadata)
    save_map(document, shown.map, clips, own if len(clips) == 1 else ())
    return [str(path) for path in paths]


def _own_colourings(shown: ShownEmbedding) -> tuple[Colouring, ...]:
    """Return the colourings of the clip on the player."""
    analyses = shown.analyses[0]
    return colourings(shown.clip, shown.embedding.times, analyses.tags, analyses.facts, analyses.words)
