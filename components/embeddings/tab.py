"""The tab Embeddings: a map of the frames of an encoder, further views of them, the library, and the logit lens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
from gradio.events import Dependency

from components.clip.clip_input import ClipInput
from components.embeddings import labels
from components.embeddings.api import add_embedding_endpoints
from components.embeddings.clip_analysis import analyse_clip
from components.embeddings.clips_panel import build_clips_panel
from components.embeddings.controls import (
    EmbeddingControls,
    build_advanced_controls,
    build_main_controls,
    embedding_options_of,
    encoder_markup,
    layer_choices,
    map_options_of,
)
from components.embeddings.files_panel import build_files_panel
from components.embeddings.layers_panel import build_layers_panel
from components.embeddings.logit_lens_panel import build_logit_lens_panel
from components.embeddings.map import build_embedding_map, map_value, new_map_id
from components.embeddings.point_colours import colour_map, wanted_colour
from components.embeddings.shown_embedding import (
    ShownEmbedding,
    analysing_markup,
    map_view,
    mapping_markup,
    progress_markup,
    shown_summary,
    stopped_markup,
    track_feed,
    with_first,
    without_others,
)
from components.embeddings.views_panel import (
    build_similar_frames_panel,
    build_views,
    connect_similar_frames,
    connect_views,
)
from components.page.events import QUIET, QUIET_EACH
from components.page.jobs.live_jobs import reported
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices
from components.page.tab_job import Buttons, TabJob
from components.page.user_errors import sentence_for
from models.errors import AudioscopeError
from pipelines.bundle.contents import BundleContents, BundledMap
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.embeddings.colouring import ClipAnalyses, ClusterOptions
from pipelines.embeddings.embed import check_duration, embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.registry import choose_encoder
from pipelines.embeddings.map import (
    METHODS,
    EmbeddingMap,
    MapOptions,
    stored_map,
)
from pipelines.embeddings.projections import warm_up_umap
from pipelines.jobs.background import Preparation, in_background
from services import Services

Update = tuple[Any, ...]
"""(map, summary, shown, timeline)."""
NO_UPDATE: Update = (gr.skip(),) * 4
MODEL_FREE_COLOURINGS = ("time", "loudness", "k-means", "hdbscan", "clip")
"""Colourings that need no other model."""


@dataclass(frozen=True)
class _MapRequest:
    """The values of the controls."""

    clips: tuple[AudioClip, ...]
    encoding: EmbeddingOptions
    projection: MapOptions
    colour: str
    clusters: int


def build_embedding_tab(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the tab, with controls on the left and the map with further views on the right, and add its endpoints."""
    shown, together = gr.State(None), gr.State(())
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            main = build_main_controls(services.runtime.catalog, model_choices)
            with gr.Row(elem_classes="actions"):
                run = gr.Button(labels.SHOW, variant="primary", min_width=0, elem_id="show-embedding")
                stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-embedding")
            controls = EmbeddingControls(**main, **build_advanced_controls())
        with gr.Column(elem_classes="card results", min_width=260):
            map_view_html = build_embedding_map()
            summary = gr.HTML("", elem_id="embedding-summary", apply_default_css=False)
            with gr.Tabs(elem_id="embedding-views"):
                similar = build_similar_frames_panel(map_view_html, shown)
                views = build_views()
                build_layers_panel(services, clip, controls)
                other_clips = build_clips_panel(services, clip, controls, together, model_choices)
                with gr.Tab(labels.LOGIT_LENS):
                    build_logit_lens_panel(services, clip)
                views.append(build_files_panel())
    job = TabJob(services, "embedding", [run, stop], panes=clip.panes)
    handlers = _Handlers(services, job)
    values = [clip.state, shown, together, *controls.of_map, *controls.of_colour]
    panes = [map_view_html, summary, shown, clip.timeline]
    changed_controls = [
        *(control.input for control in (controls.layer, controls.method, controls.dimensions, controls.colour, controls.seed)),
        *(slider.release for slider in (controls.neighbours, controls.perplexity, controls.min_distance, controls.clusters)),
    ]
    ends = [job.on(run.click, clip.state, handlers.show, values, panes)]
    state = [clip.state, shown]
    recoloured = map_view_html.recoloured(wanted_colour, None, controls.colour, queue=False, **QUIET_EACH)
    ends += [
        job.follow(change, handlers.begin_change, state, handlers.show, values, panes)
        for change in (partial(gr.on, changed_controls), *other_clips, recoloured.then)
    ]
    plain: dict[str, Any] = {"queue": False, **QUIET}
    controls.encoder.input(handlers.about_encoder, inputs=controls.encoder, outputs=[controls.about, controls.layer], **plain)
    controls.method.input(handlers.prepare_method, inputs=controls.method, **plain)
    job.keep([map_view_html, summary, shown], handlers.otherwise, inputs=[shown])
    job.run_when_wanted("embeddings", shown)
    clip.bundled.add([shown], _collected, panes, partial(_restored, services.runtime.outputs.map_points))

    def connect(restored: Dependency) -> None:
        connect_views(views, shown, [restored, *ends])
        connect_similar_frames(similar, shown, [restored, *ends])

    clip.panes.after_restore(connect)
    add_embedding_endpoints(services)


class _Handlers:
    """The handlers of the tab's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job
        self._umap = Preparation(warm_up_umap)

    def about_encoder(self, key: str) -> tuple[str, gr.Dropdown]:
        """Return what is shown beside an encoder, and the choice of its layers."""
        catalog = self._services.runtime.catalog
        return encoder_markup(catalog, key), gr.Dropdown(layer_choices(catalog, key), value="")

    def prepare_method(self, method: str) -> None:
        """Start to compile UMAP when it is chosen, before Show is pressed."""
        if method == "umap":
            self._umap.begin()

    def otherwise(self, clip: AudioClip | None, request: gr.Request, shown: ShownEmbedding | None) -> Update:
        """Return the panes of a clip of which no map is kept, and its track: it may be on the map of the clip before."""
        if clip is None or shown is None or clip.content_hash not in _hashes(shown.clips):
            return None, "", None, gr.skip()
        if shown.clip.content_hash == clip.content_hash:
            return NO_UPDATE
        now = with_first(shown, clip)
        return map_value(map_view(now)), gr.skip(), now, track_feed(now).value()

    def begin_change(self, clip: AudioClip | None, shown: ShownEmbedding | None, request: gr.Request) -> Buttons:
        """Begin a job for a changed control if there is a map or a job that makes one; otherwise wait for Show."""
        is_shown = clip is not None and shown is not None and shown.clip.content_hash == clip.content_hash
        return self._job.begin(clip, request) if is_shown or self._job.keep_running(clip, request) else gr.skip()

    def show(
        self,
        clip: AudioClip | None,
        request: gr.Request,
        shown: ShownEmbedding | None,
        together: tuple[AudioClip, ...],
        *controls: Any,
    ) -> Iterator[Update]:
        """Embed the clips that are not embedded yet, project them, and then run the other pipelines for their colours."""
        try:
            if clip is None:
                raise NoClip
            *of_map, colour, clusters = controls
            encoding, projection = embedding_options_of(tuple(of_map)), map_options_of(tuple(of_map))
            wanted = _MapRequest(_clips_on_map(clip, together, shown), encoding, projection, str(colour), int(clusters))
            should_stop = self._job.current(request)
            yield from self._show(wanted, shown, should_stop)
        except Exception as error:
            yield _summary_update(failure_markup(sentence_for(error)))

    def _show(self, wanted: _MapRequest, shown: ShownEmbedding | None, should_stop: Callable[[], bool]) -> Iterator[Update]:
        embeddings = yield from self._embed(wanted, shown, should_stop)
        embedding_map = (yield from self._project(embeddings, wanted.projection, shown, should_stop)) if embeddings else None
        if not embeddings or embedding_map is None:
            yield _summary_update(stopped_markup())
            return
        before = {} if shown is None else dict(zip(_hashes(shown.clips), shown.analyses, strict=True))
        analyses = tuple(before.get(content_hash, ClipAnalyses()) for content_hash in _hashes(wanted.clips))
        first_colour = wanted.colour if wanted.colour in MODEL_FREE_COLOURINGS else "time"
        colouring, texts = colour_map(wanted.clips, embeddings, analyses, first_colour, wanted.clusters)
        is_same_map = shown is not None and embedding_map is shown.map
        now = ShownEmbedding(
            clips=wanted.clips,
            embeddings=embeddings,
            map=embedding_map,
            map_id=shown.map_id if shown is not None and is_same_map else new_map_id(),
            options=wanted.encoding,
            analyses=analyses,
            colouring=colouring,
            texts=texts,
            max_points=self._services.runtime.outputs.map_points,
        )
        yield from self._analyse(now, wanted, should_stop)

    def _embed(
        self, wanted: _MapRequest, shown: ShownEmbedding | None, should_stop: Callable[[], bool]
    ) -> Generator[Update, None, tuple[ClipEmbedding, ...]]:
        """Return the embeddings of all clips, reusing those that are shown; () after a Stop."""
        services, embeddings = self._services, []
        encoder, _ = choose_encoder(wanted.encoding.encoder, services.runtime.catalog)
        check_duration(encoder, sum(clip.duration for clip in wanted.clips))
        is_same = shown is not None and shown.options == wanted.encoding
        before = dict(zip(_hashes(shown.clips), shown.embeddings, strict=True)) if shown is not None and is_same else {}
        for clip in wanted.clips:
            found = before.get(clip.content_hash)
            if found is None:
                snapshots = embed_clip(clip, wanted.encoding, services.runtime, should_stop)
                for now in reported(snapshots, lambda now: now.position / now.duration):
                    found = now.embedding
                    if found is None:
                        yield _summary_update(progress_markup(now, clip.name if len(wanted.clips) > 1 else ""))
            if found is None:
                return ()
            embeddings.append(found)
        return tuple(embeddings)

    def _project(
        self,
        embeddings: tuple[ClipEmbedding, ...],
        projection: MapOptions,
        shown: ShownEmbedding | None,
        should_stop: Callable[[], bool],
    ) -> Generator[Update, None, EmbeddingMap | None]:
        """Return the map, reusing the one that is shown if nothing changes; None after a Stop."""
        if shown is not None and shown.embeddings == embeddings and shown.map.options == projection:
            return shown.map
        self.prepare_method(projection.method)

        def work(_: Callable[[], bool]) -> Generator[EmbeddingMap, None, None]:
            yield stored_map(embeddings, projection, self._services.runtime.features)

        for embedding_map in in_background(work, should_stop):
            if embedding_map is not None:
                return embedding_map
            is_preparing = projection.method == "umap" and self._umap.is_under_way
            yield _summary_update(mapping_markup(METHODS[projection.method], is_preparing))
        return None

    def _analyse(self, now: ShownEmbedding, wanted: _MapRequest, should_stop: Callable[[], bool]) -> Iterator[Update]:
        """Show the map in a model-free colouring, then run the other pipelines and show the chosen colouring."""
        timeline = track_feed(now)
        if not now.is_analysed:
            yield map_value(map_view(now)), analysing_markup(now), now, timeline.value()
        note = ""
        try:
            analyses = []
            for clip, before in zip(now.clips, now.analyses, strict=True):
                steps = analyse_clip(self._services, clip, before, wanted.colour == "word", should_stop)
                analyses.append((yield from _progress_updates(steps, analysing_markup(now))))
            now = replace(now, analyses=tuple(analyses))
            now = _recoloured(now, wanted.colour, wanted.clusters)
        except AudioscopeError as error:
            note, now = str(error), _recoloured(now, now.colouring.key, wanted.clusters)
        yield map_value(map_view(now)), shown_summary(now, note), now, timeline.value()


def _progress_updates(steps: Generator[None, None, ClipAnalyses], markup: str) -> Generator[Update, None, ClipAnalyses]:
    """Turn the steps of an analysis into updates of the summary, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            analyses: ClipAnalyses = end.value
            return analyses
        yield _summary_update(markup)


def _summary_update(summary: str) -> Update:
    """Return an update of the summary alone."""
    return gr.skip(), summary, gr.skip(), gr.skip()


def _recoloured(now: ShownEmbedding, colour: str, clusters: int) -> ShownEmbedding:
    colouring, texts = colour_map(now.clips, now.embeddings, now.analyses, colour, clusters)
    return replace(now, colouring=colouring, texts=texts)


def _clips_on_map(clip: AudioClip, together: tuple[AudioClip, ...], shown: ShownEmbedding | None) -> tuple[AudioClip, ...]:
    """Return the clips of the map: `clip` first, the others in the order in which they are shown, then new ones."""
    before = _hashes(shown.clips) if shown else []
    others = [other for other in together if other.content_hash != clip.content_hash]
    return clip, *sorted(others, key=lambda one: before.index(one.content_hash) if one.content_hash in before else len(before))


def _collected(clip: AudioClip, shown: ShownEmbedding | None) -> dict[str, Any]:
    is_own = shown is not None and shown.clip.content_hash == clip.content_hash
    return {"map": _bundled_map(shown) if shown and is_own else None}


def _restored(max_points: int, clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
    """Return what showing a map would have written at its end."""
    if contents.map is None:
        return None
    now = replace(_unbundled_map(clip, contents.map), max_points=max_points)
    return map_value(map_view(now)), shown_summary(now), now, track_feed(now).value()


def _bundled_map(shown: ShownEmbedding) -> BundledMap:
    """Return the map of the clip on the player for a bundle."""
    own = without_others(shown)
    return BundledMap(own.embedding, own.map, own.options, own.colouring.key, own.analyses[0])


def _unbundled_map(clip: AudioClip, found: BundledMap) -> ShownEmbedding:
    """Return the map of a bundle, coloured as it was where that colouring needs no other clip."""
    embedding = replace(found.embedding, content_hash=clip.content_hash, duration=clip.duration)
    colour = "time" if found.colour == "clip" else found.colour
    clips, embeddings, analyses = (clip,), (embedding,), (found.analyses,)
    colouring, texts = colour_map(clips, embeddings, analyses, colour, ClusterOptions().count)
    return ShownEmbedding(clips, embeddings, found.map, new_map_id(), found.options, analyses, colouring, texts)


def _hashes(clips: tuple[AudioClip, ...]) -> list[str]:
    return [clip.content_hash for clip in clips]
