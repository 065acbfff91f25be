"""Several clips: those of one map, and the library, which finds clips that sound alike."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency
from gradio.utils import get_upload_folder

from components.clip.clip_input import ClipInput
from components.embeddings.controls import EmbeddingControls, encoder_of
from components.embeddings.shown import progress_markup
from components.page.events import QUIET
from components.page.markup import failure_markup
from components.page.seekable import build_seekable, open_button
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.embeddings.embed import (
    ClipEmbedding,
    EmbeddingOptions,
    Encoder,
    embed_clip,
    embed_texts,
    encoders,
)
from pipelines.embeddings.encoders.base import TEXT_SPACE
from pipelines.embeddings.library import ClipLibrary, NearClip
from pipelines.wording.times import clock_time
from services import Services

MAX_OTHERS = 8
NEAR_CLIPS = 8
BESIDE_YAMNET = EmbeddingOptions("whisper-base-encoder", "layer 5")
ABOUT_LIBRARY = '<h2>Library</h2><p class="summary">Whoever uses this page finds what is added, and can open it.</p>'
STOPPED = '<p class="summary" data-state="stopped">Stopped.</p>'
COMPARED = '<p class="summary">{} clips in one map, coloured by Clip or by what is heard; a press on a point opens its clip.</p>'


def build_clips_panel(
    services: Services, clip: ClipInput, controls: EmbeddingControls, together: gr.State
) -> list[Callable[..., Dependency]]:
    """The inner tab; the value are the events after which the map shall have other clips in it.

    `together`: the clips of one map, that which was open when they were chosen first; () for the open one alone.
    """
    with gr.Tab("Clips"):
        files = gr.File(label="More clips in this map", file_count="multiple", height=132, elem_id="other-clips")
        compared = gr.HTML("", elem_id="compared-clips", apply_default_css=False)
        _build_library(services, clip)

    def opened(now: AudioClip | None, before: tuple[AudioClip, ...], paths: list[str] | None) -> tuple[Any, ...]:
        first = before[0] if before else now
        if not paths or first is None:
            return (), failure_markup(sentence_for(NoClip())) if paths else "", gr.skip()
        try:
            found = [services.clips.open(path, (Path(get_upload_folder()),)) for path in paths[:MAX_OTHERS]]
        except AudioscopeError as error:
            return gr.skip(), failure_markup(sentence_for(error)), gr.skip()
        all_of_them = {one.content_hash: one for one in (first, *found)}
        if len(all_of_them) == 1:
            return (), "", gr.skip()
        return tuple(all_of_them.values()), COMPARED.format(len(all_of_them)), "clip"

    def left(now: AudioClip | None, before: tuple[AudioClip, ...]) -> tuple[Any, ...]:
        is_among_them = now is not None and now.content_hash in {one.content_hash for one in before}
        return (gr.skip(), gr.skip(), gr.skip()) if is_among_them else (None, "", ())

    chosen = {"inputs": [clip.state, together, files], "outputs": [together, compared, controls.colour]}
    changed = files.change(opened, **chosen, **QUIET)
    clip.state.change(left, inputs=[clip.state, together], outputs=[files, compared, together], queue=False, **QUIET)
    return [changed.then]


def _build_library(services: Services, clip: ClipInput) -> None:
    known = [encoder for encoder in encoders(services.runtime.catalog) if encoder.frame_rate]
    readers = [encoder for encoder in known if encoder.has_text]
    gr.HTML(ABOUT_LIBRARY, apply_default_css=False)
    with gr.Row(elem_classes="actions"):
        choices = [(encoder.title, encoder.key) for encoder in known]
        key = gr.Dropdown(choices, value=best_for_clips(known).key, label="Compared by", min_width=260, scale=0)
    with gr.Row(elem_classes="actions"):
        words = gr.Textbox(
            label=f"Find by words, with {readers[0].title}" if readers else "",
            visible=bool(readers),
            max_length=200,
            min_width=260,
        )
    with gr.Row(elem_classes="actions"):
        add = gr.Button("Add this clip", min_width=0, elem_id="add-to-library")
        find = gr.Button("Find similar", min_width=0, elem_id="find-similar")
        stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-library")
    found = build_seekable("near-clips")
    panel = _LibraryPanel(services, TabJob(services, "library", [add, find, stop]))
    panel.job.on(add.click, clip.state, panel.add, [clip.state, key], [found])
    panel.job.on(find.click, clip.state, panel.find, [clip.state, key], [found])
    panel.job.on(words.submit, clip.state, panel.find_by_words, [words], [found])


class _LibraryPanel:
    def __init__(self, services: Services, job: TabJob) -> None:
        self.job = job
        self._services = services

    def add(self, clip: AudioClip | None, request: gr.Request, key: str) -> Iterator[str]:
        """A press on Add."""
        yield from self._with_embedding(clip, request, key, add=True)

    def find(self, clip: AudioClip | None, request: gr.Request, key: str) -> Iterator[str]:
        """A press on Find similar."""
        yield from self._with_embedding(clip, request, key, add=False)

    def find_by_words(self, text: str, request: gr.Request) -> Iterator[str]:
        """Enter in the line of words."""
        try:
            encoder = next(encoder for encoder in encoders(self._services.runtime.catalog) if encoder.has_text)
            found = near_words(self._services, text, encoder, NEAR_CLIPS)
            yield near_markup(found, f"“{text}”", self._is_kept)
        except Exception as error:
            yield failure_markup(sentence_for(error))

    def _with_embedding(self, clip: AudioClip | None, request: gr.Request, key: str, add: bool) -> Iterator[str]:
        services, library = self._services, self._services.library
        try:
            if clip is None:
                raise NoClip
            options = library_options(encoder_of(services.runtime.catalog, key))
            heard: list[ClipEmbedding] = []
            should_stop = self.job.current(request)
            for each in options:
                for now in embed_clip(clip, each, services.runtime, should_stop):
                    heard += [now.embedding] if now.embedding else []
                    yield progress_markup(now, "")
            if len(heard) < len(options):
                yield STOPPED
                return
            if add:
                for embedding in heard:
                    library.add(clip, embedding)
                yield f'<p class="summary" data-state="done">Added: {_count(library)} in the library.</p>'
            else:
                yield near_markup(library.nearest(heard[0], NEAR_CLIPS, also=heard[1:]), clip.name, self._is_kept)
        except Exception as error:
            yield failure_markup(sentence_for(error))

    def _is_kept(self, near: NearClip) -> bool:
        """Whether the clip can be opened: the library remembers clips longer than their sound is kept."""
        return self._services.clips.find(near.clip.content_hash) is not None


def best_for_clips(known: Sequence[Encoder]) -> Encoder:
    """The encoder whose neighbours are most often of the same kind: YAMNet, trained to tell sounds apart."""
    return next((encoder for encoder in known if encoder.key == "yamnet"), known[0])


def library_options(encoder: Encoder) -> tuple[EmbeddingOptions, ...]:
    """What clips are compared in: the space of texts where the encoder has one; YAMNet decides with a layer of Whisper.

    `training.evaluate_retrieval` has the figures of the pair and of YAMNet alone.
    """
    own = EmbeddingOptions(encoder.key, TEXT_SPACE if encoder.has_text else "")
    return (own, BESIDE_YAMNET) if encoder.key == "yamnet" else (own,)


def near_words(services: Services, text: str, encoder: Encoder, count: int) -> tuple[NearClip, ...]:
    """The clips of the library that fit `text` best.

    Raises:
        InvalidOption: the encoder has no texts, or there is no text.
        ModelError: the model cannot be had.
    """
    vector = embed_texts((text,), encoder, services.runtime.cache)[0]
    return services.library.by_text(vector, encoder, count)


def near_markup(found: Sequence[NearClip], asked: str, is_kept: Callable[[NearClip], bool]) -> str:
    """A list of names with their similarity; a press on a name opens that clip where it fits best, if it is still kept."""
    if not found:
        return (
            '<p class="summary" data-state="done">No other clip in the library was heard by this encoder yet: '
            "load some and add them.</p>"
        )
    rows = "".join(
        f"<tr><td>{_name(near, is_kept(near))}</td>"
        f'<td class="sure"><meter max="1" value="{max(0.0, near.similarity):.2f}"></meter> {near.similarity:.2f}</td>'
        f"<td>{_where(near)}</td></tr>"
        for near in found
    )
    return (
        f'<table class="facts"><tbody>{rows}</tbody></table>'
        f'<p class="summary" data-state="done">Nearest to {html.escape(asked)}, by cosine similarity; a press opens one.</p>'
    )


def _name(near: NearClip, is_kept: bool) -> str:
    if is_kept:
        return open_button(near.clip.name, near.clip.content_hash, near.start)
    return f"{html.escape(near.clip.name)} <small>(no longer kept)</small>"


def _where(near: NearClip) -> str:
    is_whole = near.start == 0 and near.end >= near.clip.duration - 0.01
    return (
        "as a whole"
        if is_whole
        else f"{clock_time(near.start, 1)}–{clock_time(near.end, 1)} of {clock_time(near.clip.duration, 1)}"
    )


def _count(library: ClipLibrary) -> str:
    count = len(library.clips())
    return f"{count} clip{'s' if count != 1 else ''}"
