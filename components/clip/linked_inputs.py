"""Links that API and MCP callers give as files, fetched within the same limits as those of the page.

Gradio would fetch them itself: into memory, without a limit of size or time, from shared addresses (CGNAT) too, and although the
operator has switched links off.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
from gradio.blocks import Block
from gradio.utils import get_upload_folder

from components.page.user_errors import errors_as_sentences
from pipelines.clip.clip_names import ENDING, safe_stem
from pipelines.clip.links.downloads import LinkDownloads

UPLOADED_HERE = "/gradio_api/file="
"""What stands before the path of an uploaded file in the link that Gradio's tool for uploads gives to MCP clients."""

SCHEMES = ("http://", "https://")
"""What Gradio takes for a link."""

MoveToCache = Callable[[str | Path | None], Awaitable[str | None]]


def fetch_linked_inputs(page: gr.Blocks, links: LinkDownloads) -> None:
    """Let every component of `page` fetch links that are given as its files by `links`."""
    for block in page.blocks.values():
        move: MoveToCache = partial(_move_to_cache, block, block.async_move_resource_to_block_cache, links)
        block.async_move_resource_to_block_cache = move


async def _move_to_cache(block: Block, move: MoveToCache, links: LinkDownloads, file: str | Path | None) -> str | None:
    """Do what Gradio's method of this name does, but for links."""
    if not isinstance(file, str) or not file.startswith(SCHEMES):
        return await move(file)
    if uploaded := _uploaded_here(file):
        return await move(uploaded)
    left = threading.Event()
    try:
        with errors_as_sentences():
            path = await asyncio.to_thread(_fetch, links, file, left.is_set)
    finally:
        left.set()
    block.temp_files.add(path)
    return path


def _uploaded_here(link: str) -> Path | None:
    """Return the file if it was uploaded to this server: a server need not reach itself by the name in the link."""
    _, is_file, path = link.partition(UPLOADED_HERE)
    file = Path(unquote(path)).resolve()
    return file if is_file and file.is_file() and file.is_relative_to(Path(get_upload_folder()).resolve()) else None


def _fetch(links: LinkDownloads, link: str, should_stop: Callable[[], bool]) -> str:
    """Return the path of the downloaded file, in a folder of its own among the uploads."""
    uploads = Path(get_upload_folder())
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        found = links.download(link, folder, should_stop)
        ending = ENDING.search(found.name)
        return str(found.path.rename(folder / f"{safe_stem(found.name)}{ending[0] if ending else ''}"))
    except Exception:
        shutil.rmtree(folder)
        raise
