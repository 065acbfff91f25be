"""A page with the timeline and the map of an embedding alone, for the browser tests."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import numpy as np

from components.embeddings.map import (
    MapView,
    Value,
    build_embedding_map,
    map_value,
    neighbours_value,
    picked_row,
)
from components.embeddings.point_colours import wanted_colour
from components.page.page_script import page_script
from components.page.theme import build_theme, style_markup
from components.timeline.timeline import build_timeline, clip_value
from models.errors import InvalidOption
from pipelines.clip.clip_store import ClipStore
from pipelines.embeddings.colouring import Colouring

TOKEN = "5eed"
SMALL_ROWS, MANY_ROWS = 400, 20_000
FRAMES = np.random.default_rng(6).normal(size=(SMALL_ROWS, 8)).astype(np.float32)
"""Frames of an embedding, of which the small maps are no picture."""
NAMES = ("Speech", "Piano", "Applause")


def view_of(rows: int, duration: float, dimensions: int, map_id: str, categorical: bool) -> MapView:
    """A path that winds through three heaps, one for each third of the clip."""
    random = np.random.default_rng(5)
    third = np.minimum(np.arange(rows) * 3 // rows, 2).astype(np.int32)
    middles = np.array([[-0.6, -0.4, 0.3], [0.5, -0.3, -0.5], [0.0, 0.6, 0.4]])
    wander = np.cumsum(random.normal(0, 0.05, (rows, 3)), axis=0)
    points = (middles[third] + 0.25 * np.sin(wander * 3) + random.normal(0, 0.01, (rows, 3)))[:, :dimensions]
    times = (np.arange(rows) + 0.5) * duration / rows
    colouring = (
        Colouring("tag", "Tag", "categorical", third, NAMES)
        if categorical
        else Colouring("time", "Time", "continuous", times.astype(np.float32), unit="s")
    )
    return MapView(
        map_id=map_id,
        layout=map_id,
        points=points.astype(np.float32).clip(-1, 1),
        times=times,
        frame_seconds=duration / rows,
        duration=duration,
        colouring=colouring,
        texts=tuple(NAMES[place] for place in third),
        title="PCA of a demo",
    )


def build_demo(audio: Path, folder: Path) -> gr.Blocks:
    clip = ClipStore(folder / "clips").open(audio)
    views = {
        "Plane": view_of(SMALL_ROWS, clip.duration, 2, "plane", categorical=True),
        "Plane by time": view_of(SMALL_ROWS, clip.duration, 2, "plane", categorical=False),
        "Space": view_of(SMALL_ROWS, clip.duration, 3, "space", categorical=True),
        "Space by time": view_of(SMALL_ROWS, clip.duration, 3, "space", categorical=False),
        "Many": view_of(MANY_ROWS, clip.duration, 2, "many", categorical=True),
        "Many in space": view_of(MANY_ROWS, clip.duration, 3, "many-space", categorical=False),
    }
    with gr.Blocks(title="Map") as demo:
        timeline = build_timeline({TOKEN: clip}.get)
        with gr.Column(elem_classes="card"):
            shown = build_embedding_map()
        events = gr.Textbox(label="Events", elem_id="events", interactive=True)
        gr.Button("Clip").click(
            lambda: clip_value(clip, TOKEN, audio.name, clip.player_file), outputs=timeline, show_progress="hidden"
        )
        for name, view in views.items():
            gr.Button(name).click(lambda view=view: map_value(view), outputs=shown, show_progress="hidden")

        def picked(event: gr.EventData) -> str:
            try:
                return f"row {picked_row(event, SMALL_ROWS, 0)}"
            except InvalidOption as error:
                return str(error)

        gr.Button("No map").click(lambda: None, outputs=shown, show_progress="hidden")
        neighbours = gr.HTML(None, html_template="<span hidden></span>", js_on_load=page_script("embeddings/neighbours"))

        def isolated(event: gr.EventData) -> Value:
            return neighbours_value(event, "plane", FRAMES, 0)

        shown.isolated(isolated, outputs=neighbours, show_progress="hidden", queue=False)
        shown.recoloured(wanted_colour, outputs=events, show_progress="hidden")
        shown.picked(picked, outputs=events, show_progress="hidden", trigger_mode="multiple")
    return demo


def launch_demo(audio: Path, folder: Path) -> tuple[gr.Blocks, str]:
    demo = build_demo(audio, folder)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, theme=build_theme(), head=style_markup(), allowed_paths=[str(folder)]
    )
    return demo, url
