"""The list of the library's clips, in which they are opened, renamed and deleted."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gradio as gr
from gradio.events import Dependency

from accounts.access import DELETE_CLIPS
from components.page.events import QUIET, QUIET_EACH
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.user_errors import sentence_for
from components.timeline.timeline import event_field
from models.errors import InvalidOption
from pipelines.clip.clip_names import readable_name
from pipelines.embeddings.clip_library import LibraryClip
from pipelines.embeddings.encoders.registry import encoders
from pipelines.wording.times import clock_time
from services import Services

EMPTY = '<p class="empty">The library is empty. Open a clip, then press Add to library.</p>'
KEEPERS_ONLY = '<p class="summary">Only keepers can delete clips.</p>'
HEAD = """<thead><tr><th scope="col">Clip</th><th scope="col">Length</th><th scope="col">Added</th>
<th scope="col">Encoders</th><th scope="col" aria-label="Actions"></th></tr></thead>"""


def build_library_list(services: Services, shown: list[Callable[..., Dependency]]) -> None:
    """Build the list, which is made anew at the events `shown` and when a clip is renamed or deleted in it."""
    listed = gr.HTML("", elem_id="library-clips", js_on_load=page_script("embeddings/js/library_list"), apply_default_css=False)
    handlers = _LibraryHandlers(services)
    for event in shown:
        event(handlers.list_clips, outputs=listed, queue=False, **QUIET)
    listed.renamed(handlers.rename, outputs=listed, queue=False, **QUIET_EACH)
    listed.deleted(handlers.delete, outputs=listed, queue=False, **QUIET_EACH)


class _LibraryHandlers:
    def __init__(self, services: Services) -> None:
        self._services = services

    def list_clips(self) -> str:
        """Return the markup of the list."""
        services = self._services
        try:
            titles = {encoder.key: encoder.title for encoder in encoders(services.runtime.catalog)}
            return library_markup(
                services.library.clips(),
                titles,
                lambda clip: services.clips.find(clip.content_hash) is not None,
                services.access.is_keeper(),
            )
        except Exception as error:
            return failure_markup(sentence_for(error))

    def rename(self, event: gr.EventData) -> str:
        """Handle a new name."""
        return self._after(lambda: self._services.library.rename(_text(event, "hash"), _text(event, "name")))

    def delete(self, event: gr.EventData) -> str:
        """Handle a deletion."""
        return self._after(lambda: self._remove(_text(event, "hash")))

    def _remove(self, content_hash: str) -> None:
        self._services.access.require_keeper(DELETE_CLIPS)
        self._services.library.remove(content_hash)

    def _after(self, change: Callable[[], None]) -> str:
        try:
            change()
        except Exception as error:
            return failure_markup(sentence_for(error)) + self.list_clips()
        return self.list_clips()


def library_markup(
    clips: tuple[LibraryClip, ...], titles: dict[str, str], can_open: Callable[[LibraryClip], bool], can_delete: bool = True
) -> str:
    """Return the table of clips, the newest first. `titles`: of encoders by key."""
    if not clips:
        return EMPTY
    rows = "".join(_row(clip, titles, can_open(clip), can_delete) for clip in reversed(clips))
    table = f'<div class="library"><table>{HEAD}<tbody>{rows}</tbody></table></div>'
    return table if can_delete else table + KEEPERS_ONLY


def _row(clip: LibraryClip, titles: dict[str, str], can_open: bool, can_delete: bool) -> str:
    name, keys = html.escape(clip.name), (space.split("/")[0] for space in clip.spaces)
    shown = (
        f'<button type="button" class="seek" data-action="open" title="Open {name}">{name}</button>'
        if can_open
        else f'<span title="{name}">{name}</span> <small>sound expired</small>'
    )
    with_encoders = ", ".join(dict.fromkeys(titles.get(key, key) for key in keys))
    cells = (clock_time(clip.duration, 1), f"{datetime.fromtimestamp(clip.added):%Y-%m-%d}", html.escape(with_encoders))
    delete = f'<button type="button" data-action="delete" aria-label="Delete {name}">Delete</button>' if can_delete else ""
    facts = "".join(f'<td title="{cell}">{cell}</td>' for cell in cells)
    return (
        f'<tr data-hash="{clip.content_hash}" data-name="{name}"><td class="library-name">{shown}</td>{facts}'
        f'<td class="library-actions"><button type="button" data-action="rename" aria-label="Rename {name}">Rename</button>'
        f"{delete}</td></tr>"
    )


def _text(event: gr.EventData, field: str) -> str:
    """Return a text that the page sends, which may send anything; a name is made readable."""
    value: Any = event_field(event, field)
    text = readable_name(value) if isinstance(value, str) else ""
    if not text:
        raise InvalidOption(field, value, "a text")
    return text
