"""A page with only the clip and the logit lens: `python -m tests.browser.logit_lens_demo`."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from components.clip.clip_input import build_clip_input
from components.clip.open_panel import EXAMPLES_DIRECTORY
from components.embeddings.logit_lens_panel import build_logit_lens_panel
from components.page.theme import build_theme, style_markup
from services import Services, build_services
from settings import Settings


def build_demo(services: Services) -> gr.Blocks:
    with gr.Blocks(title="Logit lens") as demo:
        clip = build_clip_input(services)
        with gr.Column(elem_classes="card results"):
            build_logit_lens_panel(services, clip)
        clip.panes.connect()
    return demo


def launch(folder: Path) -> tuple[gr.Blocks, str]:
    """The page, served, and its address."""
    services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips", headroom_bytes=0))
    services.clips.directory.mkdir(parents=True, exist_ok=True)
    demo = build_demo(services)
    _, address, _ = demo.launch(
        theme=build_theme(),
        head=style_markup(),
        allowed_paths=[str(services.clips.directory), str(EXAMPLES_DIRECTORY)],
        ssr_mode=False,
        quiet=True,
        prevent_thread_lock=True,
    )
    return demo, str(address)


if __name__ == "__main__":
    page, url = launch(Path(tempfile.mkdtemp()))
    print(url, flush=True)
    page.block_thread()
