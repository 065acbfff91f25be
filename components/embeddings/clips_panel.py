"""Several clips on one map, and the library of clips with its search by similarity."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency
from gradio.utils import get_upload_folder

from components.clip.clip_input import ClipInput
from components.embeddings import labels
from components.embeddings.controls import EmbeddingControls, encoders_within_reach
from components.embeddings.library_list import build_library_list
from components.embeddings.shown_embedding import progress_markup
from components.page.calls.callers import admit_opening
from components.page.events import QUIET
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices
from components.page.seekable import build_seekable, open_button
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.embeddings.clip_library import ClipLibrary, ClipMatch
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.encoders.registry import encoder_of
from pipelines.embeddings.library_search import clips_near_text, library_encoder, library_encoders, library_options
from pipelines.wording.times import clock_time
from services import Services

MAX_MATCHES = 8
"""Number of clips that a search lists."""
ABOUT_LIBRARY = f'<h2>{labels.LIBRARY}</h2><p class="summary">{{}}</p>'
STOPPED = f'<p class="summary" data-state="stopped">{labels.STOPPED}</p>'
ON_MAP = f'<p class="summary">{labels.ON_MAP}</p>'


def build_clips_panel(
    services: Services, clip: ClipInput, controls: EmbeddingControls, together: gr.State, model_choices: ModelChoices
) -> list[Callable[..., Dependency]]:
    """Build the inner tab; return the events after which the map has other clips.

    `together`: the clips of one map, first the one that was open when they were chosen; () for the open one alone.
    """
    with gr.Tab(labels.CLIPS) as tab:
        files = gr.File(label=labels.OTHER_FILES, file_count="multiple", height=132, elem_id="other-clips")
        compared = gr.HTML("", elem_id="compared-clips", apply_default_css=False)
        added = _build_library(services, clip, model_choices)
        build_library_list(services, [tab.select, added.then])

    def open_files(now: AudioClip | None, before: tuple[AudioClip, ...], paths: list[str] | None, person: str) -> tuple[Any, ...]:
        first = before[0] if before else now
        if not paths or first is None:
            return (), failure_markup(sentence_for(NoClip())) if paths else "", gr.skip()
        try:
            services.runtime.outputs.check_map_clips(1 + len(paths))
            for _ in paths:
                admit_opening(services.stop_flags.admission, services.clips.holdings)
            found = [services.clips.open(path, (Path(get_upload_folder()),)) for path in paths]
            for one in found if person else ():  # only then can a click on a point open it
                services.clips.keep(one, person)
        except AudioscopeError as error:
            return gr.skip(), failure_markup(sentence_for(error)), gr.skip()
        clips_by_hash = {one.content_hash: one for one in (first, *found)}
        if len(clips_by_hash) == 1:
            return (), "", gr.skip()
        return tuple(clips_by_hash.values()), ON_MAP.format(len(clips_by_hash)), "clip"

    def clear_others(now: AudioClip | None, before: tuple[AudioClip, ...]) -> tuple[Any, ...]:
        is_on_map = now is not None and now.content_hash in {one.content_hash for one in before}
        return (gr.skip(), gr.skip(), gr.skip()) if is_on_map else (None, "", ())

    chosen = {"inputs": [clip.state, together, files, clip.panes.person], "outputs": [together, compared, controls.colour]}
    changed = files.change(open_files, **chosen, **QUIET)
    clip.state.change(clear_others, inputs=[clip.state, together], outputs=[files, compared, together], queue=False, **QUIET)
    return [changed.then]


def _build_library(services: Services, clip: ClipInput, model_choices: ModelChoices) -> Dependency:
    """Build the search, and return the event after which the library may have one more clip."""
    catalog = services.runtime.catalog
    known = library_encoders(catalog)
    with_text = [encoder for encoder in known if encoder.has_text]
    default = library_encoder(catalog)
    about = labels.ABOUT_OWN_LIBRARY if services.access.accounts else labels.ABOUT_LIBRARY
    gr.HTML(ABOUT_LIBRARY.format(about), apply_default_css=False)
    with gr.Row(elem_classes="actions"):
        key = model_choices.build(
            lambda: encoders_within_reach(catalog, known), [(default.title, default.key)], labels.ENCODER, min_width=260, scale=0
        )
    with gr.Row(elem_classes="actions"):
        text = gr.Textbox(
            label=labels.SEARCH_BY_TEXT.format(with_text[0].title) if with_text else "",
            visible=bool(with_text),
            max_length=200,
            min_width=260,
            interactive=False,
        )
        model_choices.require(text, lambda: encoders_within_reach(catalog, with_text))
    with gr.Row(elem_classes="actions"):
        add = gr.Button(labels.ADD, min_width=0, elem_id="add-to-library")
        find = gr.Button(labels.FIND_SIMILAR, min_width=0, elem_id="find-similar")
        stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-library")
    found = build_seekable("near-clips")
    # Without panes: what was found stays while one after the other of its clips is opened.
    panel = _LibraryPanel(services, TabJob(services, "library", [add, find, stop]))
    added = panel.job.on(add.click, clip.state, panel.add, [clip.state, key], [found])
    panel.job.on(find.click, clip.state, panel.find, [clip.state, key], [found])
    panel.job.on(text.submit, clip.state, panel.find_by_text, [text], [found])
    return added


class _LibraryPanel:
    def __init__(self, services: Services, job: TabJob) -> None:
        self.job = job
        self._services = services

    def add(self, clip: AudioClip | None, request: gr.Request, key: str) -> Iterator[str]:
        """Handle Add to library."""
        yield from self._with_embedding(clip, request, key, add=True)

    def find(self, clip: AudioClip | None, request: gr.Request, key: str) -> Iterator[str]:
        """Handle Find similar."""
        yield from self._with_embedding(clip, request, key, add=False)

    def find_by_text(self, text: str, request: gr.Request) -> Iterator[str]:
        """Handle Enter in the text search."""
        try:
            encoder = library_encoder(self._services.runtime.catalog, needs_text=True)
            found = clips_near_text(self._services.library, text, encoder, MAX_MATCHES, self._services.runtime)
            yield matches_markup(found, f"“{text}”", self._can_open)
        except Exception as error:
            yield failure_markup(sentence_for(error))

    def _with_embedding(self, clip: AudioClip | None, request: gr.Request, key: str, add: bool) -> Iterator[str]:
        services, library = self._services, self._services.library
        try:
            if clip is None:
                raise NoClip
            if add:
                library.check_room(clip)
            options = library_options(encoder_of(services.runtime.catalog, key))
            embeddings: list[ClipEmbedding] = []
            should_stop = self.job.current(request)
            for each in options:
                for now in embed_clip(clip, each, services.runtime, should_stop):
                    embeddings += [now.embedding] if now.embedding else []
                    yield progress_markup(now, "")
            if len(embeddings) < len(options):
                yield STOPPED
                return
            if add:
                for embedding in embeddings:
                    library.add(clip, embedding)
                yield f'<p class="summary" data-state="done">{labels.ADDED.format(_count(library))}</p>'
            else:
                yield matches_markup(library.nearest(embeddings[0], MAX_MATCHES, also=embeddings[1:]), clip.name, self._can_open)
        except Exception as error:
            yield failure_markup(sentence_for(error))

    def _can_open(self, match: ClipMatch) -> bool:
        """Return whether the clip can be opened: the library keeps vectors longer than the clip store keeps audio."""
        return self._services.clips.find(match.clip.content_hash) is not None


def matches_markup(found: Sequence[ClipMatch], query: str, can_open: Callable[[ClipMatch], bool]) -> str:
    """Return a table of clips with their similarity; a click on a name opens the clip at its most similar part."""
    if not found:
        return f'<p class="summary" data-state="done">{labels.NO_OTHER_CLIP}</p>'
    rows = "".join(
        f"<tr><td>{_name(match, can_open(match))}</td>"
        f'<td class="sure"><meter max="1" value="{max(0.0, match.similarity):.2f}"></meter> {match.similarity:.2f}</td>'
        f"<td>{_part(match)}</td></tr>"
        for match in found
    )
    return (
        f'<table class="facts"><tbody>{rows}</tbody></table>'
        f'<p class="summary" data-state="done">{labels.MOST_SIMILAR.format(html.escape(query))}</p>'
    )


def _name(match: ClipMatch, can_open: bool) -> str:
    if can_open:
        return open_button(match.clip.name, match.clip.content_hash, match.start)
    return f"{html.escape(match.clip.name)} <small>{labels.EXPIRED}</small>"


def _part(match: ClipMatch) -> str:
    if match.start == 0 and match.end >= match.clip.duration - 0.01:
        return labels.WHOLE_CLIP
    start, end, duration = (clock_time(seconds, 1) for seconds in (match.start, match.end, match.clip.duration))
    return labels.PART.format(start=start, end=end, duration=duration)


def _count(library: ClipLibrary) -> str:
    count = len(library.clips())
    return labels.ONE_CLIP if count == 1 else labels.CLIPS_COUNTED.format(count)
