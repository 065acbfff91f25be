"""The tab that shows what the models heard: every moment of the clip as a point on a map that moves with the sound."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.embeddings.api import add_embedding_endpoints
from components.embeddings.clips_panel import build_clips_panel
from components.embeddings.colouring import Knowledge, colour_map, learn
from components.embeddings.controls import (
    about_markup,
    build_embedding_controls,
    embedding_options_of,
    layer_choices,
    map_options_of,
)
from components.embeddings.files_panel import build_files_panel
from components.embeddings.layers_panel import build_layers_panel
from components.embeddings.logit_lens_panel import build_logit_lens_panel
from components.embeddings.map import build_embedding_map, map_value, new_map_id
from components.embeddings.shown import (
    ShownEmbedding,
    learning_markup,
    map_view,
    mapping_markup,
    progress_markup,
    shown_summary,
    stopped_markup,
    track_feed,
    with_first,
)
from components.embeddings.views_panel import (
    build_moments_panel,
    build_views,
    connect_moments,
    connect_views,
)
from components.page.events import QUIET
from components.page.markup import failure_markup
from components.page.tab_job import Buttons, TabJob
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.embeddings.embed import ClipEmbedding, EmbeddingOptions, embed_clip
from pipelines.embeddings.map import (
    METHODS,
    EmbeddingMap,
    MapOptions,
    remembered_map,
    warm_up_umap,
)
from pipelines.jobs.background import Preparation, in_background
from services import Services

Update = tuple[Any, ...]
"""(map, summary, shown, timeline)."""
NOTHING_NEW: Update = (gr.skip(),) * 4
KNOWN_AT_ONCE = ("time", "loudness", "k-means", "hdbscan", "clip")
"""Colours that need no further model."""


@dataclass(frozen=True)
class _Wanted:
    """What the controls ask for."""

    clips: tuple[AudioClip, ...]
    encoding: EmbeddingOptions
    layout: MapOptions
    colour: str
    clusters: int


def build_embedding_tab(services: Services, clip: ClipInput) -> None:
    """Controls on the left, the map on the right, further views below it; and the endpoints."""
    shown, together = gr.State(None), gr.State(())
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            controls = build_embedding_controls(services.runtime.catalog)
            with gr.Row(elem_classes="actions"):
                run = gr.Button("Show", variant="primary", min_width=0, elem_id="show-embedding")
                stop = gr.Button("Stop", interactive=False, min_width=0, elem_id="stop-embedding")
        with gr.Column(elem_classes="card results", min_width=260):
            picture = build_embedding_map()
            summary = gr.HTML("", elem_id="embedding-summary", apply_default_css=False)
            with gr.Tabs(elem_id="embedding-views"):
                moments = build_moments_panel(picture, shown)
                views = build_views()
                build_layers_panel(services, clip, controls)
                regroup = build_clips_panel(services, clip, controls, together)
                with gr.Tab("Logit lens"):
                    build_logit_lens_panel(services, clip)
                views.append(build_files_panel())
    job = TabJob(services, "embedding", [run, stop])
    work = _EmbeddingWork(services, job)
    values = [clip.state, shown, together, *controls.of_map, *controls.of_colour]
    panes = [picture, summary, shown, clip.timeline]
    moved = [
        *(control.input for control in (controls.layer, controls.method, controls.dimensions, controls.colour, controls.seed)),
        *(slider.release for slider in (controls.neighbours, controls.perplexity, controls.min_distance, controls.clusters)),
    ]
    ends = [job.on(run.click, clip.state, work.show, values, panes)]
    seen = [clip.state, shown]
    ends += [job.follow(change, work.begin_change, seen, work.change, values, panes) for change in (*moved, *regroup)]
    plain: dict[str, Any] = {"queue": False, **QUIET}
    controls.encoder.input(
        lambda key: (
            about_markup(services.runtime.catalog, key),
            gr.Dropdown(layer_choices(services.runtime.catalog, key), value=""),
        ),
        inputs=controls.encoder,
        outputs=[controls.about, controls.layer],
        **plain,
    )
    controls.method.input(work.prepare, inputs=controls.method, **plain)
    new_clip = clip.state.change(work.welcome, inputs=seen, outputs=panes, **plain)
    changes = [new_clip, *(end.then(work.settle, inputs=seen, outputs=panes, **plain) for end in ends)]
    connect_views(views, shown, changes)
    connect_moments(moments, shown, changes)
    add_embedding_endpoints(services)


class _EmbeddingWork:
    """The handlers of the tab's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job
        self._umap = Preparation(warm_up_umap)

    def prepare(self, method: str) -> None:
        """Another kind of map was chosen: what the first of its kind after a start waits for is begun before Show is pressed."""
        if method == "umap":
            self._umap.begin()

    def welcome(self, clip: AudioClip | None, shown: ShownEmbedding | None, request: gr.Request) -> Update:
        """Another clip: a job on the one before ends, and nothing is known of it yet unless it is on the map, too."""
        if self._job.goes_on(clip, request):
            return NOTHING_NEW
        if clip is None or shown is None or clip.content_hash not in _hashes(shown.clips):
            return None, "", None, gr.skip()
        if shown.clip.content_hash == clip.content_hash:
            return NOTHING_NEW
        now = with_first(shown, clip)
        return map_value(map_view(now)), gr.skip(), now, track_feed(now).value()

    def settle(self, clip: AudioClip | None, shown: ShownEmbedding | None, request: gr.Request) -> Update:
        """After a job: what it said at its end may be of a clip that was left meanwhile."""
        return NOTHING_NEW if shown is None else self.welcome(clip, shown, request)

    def begin_change(self, clip: AudioClip | None, shown: ShownEmbedding | None, request: gr.Request) -> Buttons:
        """A control was moved: the map follows if there is one, or one is being made; else nothing happens before Show."""
        is_shown = clip is not None and shown is not None and shown.clip.content_hash == clip.content_hash
        return self._job.begin(clip, request) if is_shown or self._job.goes_on(clip, request) else gr.skip()

    def change(
        self,
        clip: AudioClip | None,
        request: gr.Request,
        shown: ShownEmbedding | None,
        together: tuple[AudioClip, ...],
        *controls: Any,
    ) -> Iterator[Update]:
        """After `begin_change`."""
        if self._job.goes_on(clip, request):
            yield from self.show(clip, request, shown, together, *controls)
        else:
            yield NOTHING_NEW

    def show(
        self,
        clip: AudioClip | None,
        request: gr.Request,
        shown: ShownEmbedding | None,
        together: tuple[AudioClip, ...],
        *controls: Any,
    ) -> Iterator[Update]:
        """Encode what is not encoded yet, make the map, and then find out what its moments are."""
        try:
            if clip is None:
                raise NoClip
            *of_map, colour, clusters = controls
            encoding, layout = embedding_options_of(tuple(of_map)), map_options_of(tuple(of_map))
            wanted = _Wanted(_on_map(clip, together, shown), encoding, layout, str(colour), int(clusters))
            should_stop = self._job.current(request)
            yield from self._streamed(wanted, shown, should_stop)
        except Exception as error:
            yield _told(failure_markup(sentence_for(error)))

    def _streamed(self, wanted: _Wanted, shown: ShownEmbedding | None, should_stop: Callable[[], bool]) -> Iterator[Update]:
        embeddings = yield from self._encoded(wanted, shown, should_stop)
        made = (yield from self._laid_out(embeddings, wanted.layout, shown, should_stop)) if embeddings else None
        if not embeddings or made is None:
            yield _told(stopped_markup())
            return
        before = {} if shown is None else dict(zip(_hashes(shown.clips), shown.known, strict=True))
        known = tuple(before.get(content_hash, Knowledge()) for content_hash in _hashes(wanted.clips))
        at_once = wanted.colour if wanted.colour in KNOWN_AT_ONCE else "time"
        colouring, texts = colour_map(wanted.clips, embeddings, known, at_once, wanted.clusters)
        is_same_map = shown is not None and made is shown.map
        now = ShownEmbedding(
            clips=wanted.clips,
            embeddings=embeddings,
            map=made,
            map_id=shown.map_id if shown is not None and is_same_map else new_map_id(),
            asked=wanted.encoding,
            known=known,
            colouring=colouring,
            texts=texts,
        )
        yield from self._explained(now, wanted, should_stop)

    def _encoded(
        self, wanted: _Wanted, shown: ShownEmbedding | None, should_stop: Callable[[], bool]
    ) -> Generator[Update, None, tuple[ClipEmbedding, ...]]:
        """The embeddings of all clips, those that are shown already taken over; () after a Stop."""
        services, embeddings = self._services, []
        is_same = shown is not None and shown.asked == wanted.encoding
        before = dict(zip(_hashes(shown.clips), shown.embeddings, strict=True)) if shown is not None and is_same else {}
        for clip in wanted.clips:
            found = before.get(clip.content_hash)
            if found is None:
                for now in embed_clip(clip, wanted.encoding, services.runtime, should_stop):
                    found = now.embedding
                    if found is None:
                        yield _told(progress_markup(now, clip.name if len(wanted.clips) > 1 else ""))
            if found is None:
                return ()
            embeddings.append(found)
        return tuple(embeddings)

    def _laid_out(
        self,
        embeddings: tuple[ClipEmbedding, ...],
        layout: MapOptions,
        shown: ShownEmbedding | None,
        should_stop: Callable[[], bool],
    ) -> Generator[Update, None, EmbeddingMap | None]:
        """The map, the one that is shown if nothing in it changes; None after a Stop."""
        if shown is not None and shown.embeddings == embeddings and shown.map.options == layout:
            return shown.map
        self.prepare(layout.method)

        def work(_: Callable[[], bool]) -> Generator[EmbeddingMap, None, None]:
            yield remembered_map(embeddings, layout, self._services.runtime.features)

        for made in in_background(work, should_stop):
            if made is not None:
                return made
            is_preparing = layout.method == "umap" and self._umap.is_under_way
            yield _told(mapping_markup(METHODS[layout.method], is_preparing))
        return None

    def _explained(self, now: ShownEmbedding, wanted: _Wanted, should_stop: Callable[[], bool]) -> Iterator[Update]:
        """The map at once in colours that need nobody else, then what the other pipelines say of its moments."""
        timeline = track_feed(now)
        if not now.is_explained:
            yield map_value(map_view(now)), learning_markup(now), now, timeline.value()
        note = ""
        try:
            known = []
            for clip, before in zip(now.clips, now.known, strict=True):
                learning = learn(self._services, clip, before, wanted.colour == "word", should_stop)
                known.append((yield from _telling(learning, learning_markup(now))))
            now = replace(now, known=tuple(known))
            now = _coloured(now, wanted.colour, wanted.clusters)
        except AudioscopeError as error:
            note, now = str(error), _coloured(now, now.colouring.key, wanted.clusters)
        yield map_value(map_view(now)), shown_summary(now, note), now, timeline.value()


def _telling(learning: Generator[None, None, Knowledge], markup: str) -> Generator[Update, None, Knowledge]:
    """The steps of `learning` as updates of the page."""
    while True:
        try:
            next(learning)
        except StopIteration as end:
            known: Knowledge = end.value
            return known
        yield _told(markup)


def _told(summary: str) -> Update:
    """Only the line below the map is new."""
    return gr.skip(), summary, gr.skip(), gr.skip()


def _coloured(now: ShownEmbedding, colour: str, clusters: int) -> ShownEmbedding:
    colouring, texts = colour_map(now.clips, now.embeddings, now.known, colour, clusters)
    return replace(now, colouring=colouring, texts=texts)


def _on_map(clip: AudioClip, together: tuple[AudioClip, ...], shown: ShownEmbedding | None) -> tuple[AudioClip, ...]:
    """The clips of the map, `clip` first, the others as they are shown already, then those that came since."""
    before = _hashes(shown.clips) if shown else []
    others = [other for other in together if other.content_hash != clip.content_hash]
    return clip, *sorted(others, key=lambda one: before.index(one.content_hash) if one.content_hash in before else len(before))


def _hashes(clips: tuple[AudioClip, ...]) -> list[str]:
    return [clip.content_hash for clip in clips]
