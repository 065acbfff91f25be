"""The tab Music & sound: caption, facts and tags of a clip with their confidence, and their tracks on the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.clip.clip_input import ClipInput
from components.music import labels
from components.music.api import add_music_endpoints
from components.music.caption_markup import caption_markup
from components.music.files import description_file
from components.music.markup import description_summary, facts_markup, tags_markup
from components.music.question_panel import build_question_panel
from components.music.tracks import put_facts, put_music, put_sounds
from components.music.zero_shot_panel import build_zero_shot_panel
from components.page.events import QUIET
from components.page.gpu_estimate import build_gpu_estimate, connect_gpu_estimate
from components.page.jobs.live_jobs import reported
from components.page.jobs.sent_values import SentValues
from components.page.markup import failure_markup
from components.page.model_choices import ModelChoices, Offer, titled, within_reach
from components.page.seekable import build_seekable
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.timeline.timeline import TimelineFeed
from models.model_catalog import ModelCatalog
from models.specs.model_spec import AUTO
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.errors import NoClip
from pipelines.description.caption import FROM_FACTS, caption_gpu_seconds
from pipelines.description.description import ClipDescription, DescriptionOptions, describe_clip
from pipelines.description.model_caption import CaptionOptions
from pipelines.music.facts import MAX_BPM, MIN_BPM, FactOptions
from services import Services

EMPTY, READY = (f'<p class="empty">{sentence}</p>' for sentence in (labels.EMPTY, labels.READY))

Update = tuple[Any, ...]
"""(caption, facts, tags, summary, timeline, description)."""


@dataclass(frozen=True)
class _Panes:
    """The components that show the result."""

    caption: gr.HTML
    facts: gr.HTML
    tags: gr.HTML
    summary: gr.HTML

    @property
    def all(self) -> list[gr.HTML]:
        return [self.caption, self.facts, self.tags, self.summary]


def build_music_tab(services: Services, clip: ClipInput, model_choices: ModelChoices) -> None:
    """Build the tab: controls on the left, results on the right."""
    with gr.Row(elem_classes="columns"):
        with gr.Column(elem_classes="card controls", min_width=260, scale=0):
            main = _build_main_controls(services.runtime.catalog, model_choices)
            with gr.Row(elem_classes="actions"):
                run = gr.Button(labels.DESCRIBE, variant="primary", min_width=0, elem_id="describe")
                stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-describing")
            estimate = build_gpu_estimate(services.runtime)
            controls = [*main, *_build_advanced_controls()]
        with gr.Column(elem_classes="card results", min_width=260):
            panes = _Panes(
                build_seekable("caption", EMPTY), build_seekable("facts"), build_seekable("tags"), build_seekable("music-summary")
            )
            with gr.Row(elem_classes="actions downloads"):
                download = gr.DownloadButton("JSON", interactive=False, min_width=0, size="sm", elem_id="description-json")
            build_question_panel(services, clip, clip.description, model_choices)
            build_zero_shot_panel(services, clip, model_choices)
    connect_gpu_estimate(
        estimate,
        clip.state,
        controls,
        lambda opened, *values: caption_gpu_seconds(opened, options_of(values).caption, services.runtime.catalog),
    )
    job = TabJob(services, "music", [run, stop], panes=clip.panes)
    work = _DescriptionWork(services, job)
    job.keep([*panes.all, clip.description], work.otherwise)
    job.run_when_wanted("music", clip.description)
    shown = [*panes.all, clip.timeline, clip.description]
    clip.bundled.add([clip.description], _collected, shown, _restored)
    ended = job.on(run.click, clip.state, work.run, [clip.state, *controls], shown)
    downloaded: dict[str, Any] = {"inputs": [clip.state, clip.description], "outputs": download, "queue": False, **QUIET}
    ended.then(_download, **downloaded)
    clip.panes.after_restore(lambda restored: restored.then(_download, **downloaded))
    add_music_endpoints(services)


def _build_main_controls(catalog: ModelCatalog, model_choices: ModelChoices) -> list[gr.components.Component]:
    """Build the controls that stand above the buttons; `options_of` reads their values first."""
    automatic = (labels.AUTOMATIC, AUTO)
    sounds = model_choices.build(lambda: within_reach(catalog, "tag_sounds", titled), [automatic], labels.SOUND_TAGGER)
    templates = (labels.TEMPLATES, FROM_FACTS)
    writer = model_choices.build(lambda: _writers(catalog), [automatic, templates], labels.CAPTION_MODEL)
    return [sounds, writer]


def _build_advanced_controls() -> list[gr.components.Component]:
    """Build the rest of the controls, folded away, in the order in which `options_of` reads their values."""
    with gr.Accordion(labels.ADVANCED, open=False):
        prompt = gr.Textbox(label=labels.PROMPT, lines=2, max_length=1000, placeholder=labels.USUAL_PROMPT)
        sample = gr.Checkbox(False, label=labels.RANDOM_SAMPLING)
        temperature = gr.Slider(0.1, 2.0, value=0.7, step=0.1, label=labels.TEMPERATURE)
        top_p = gr.Slider(0.05, 1.0, value=0.9, step=0.05, label=labels.TOP_P)
        tokens = gr.Slider(16, 512, value=256, step=16, label=labels.MAX_NEW_TOKENS)
        seed = gr.Number(0, label=labels.SEED, precision=0, minimum=0)
        names = gr.Slider(1, 10, value=5, step=1, label=labels.TAGS_PER_KIND)
        metre = gr.Dropdown(labels.METRES, value=0, label=labels.METRE)
        slowest = gr.Slider(MIN_BPM, MAX_BPM / 2, value=MIN_BPM, step=5, label=labels.MIN_BPM)
        fastest = gr.Slider(2 * MIN_BPM, MAX_BPM, value=MAX_BPM, step=5, label=labels.MAX_BPM)
    return [prompt, sample, temperature, top_p, tokens, seed, names, metre, slowest, fastest]


def _writers(catalog: ModelCatalog) -> Offer:
    """Return the audio language models, then the text models, which get the facts."""
    audio = within_reach(catalog, "describe_music", titled)
    text = within_reach(catalog, "write_text", lambda spec: labels.FROM_FACTS.format(model=spec.title))
    return Offer([*audio.choices, *text.choices], (*audio.missing, *text.missing))


def options_of(values: tuple[Any, ...]) -> DescriptionOptions:
    """Return the options for the values of the controls."""
    sounds, writer, prompt, sample, temperature, top_p, tokens, seed, names, metre, slowest, fastest = values
    caption = CaptionOptions(
        model=writer,
        prompt=prompt or "",
        do_sample=bool(sample),
        temperature=float(temperature),
        top_p=float(top_p),
        max_new_tokens=int(tokens),
        seed=int(seed or 0),
    )
    return DescriptionOptions(sounds, int(names), FactOptions(float(slowest), float(fastest), int(metre) or None), caption)


class _DescriptionWork:
    """The handlers of the tab's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job

    def otherwise(self, clip: AudioClip | None, request: gr.Request) -> Update:
        """Return the panes of a clip that has not been described."""
        return READY if clip else EMPTY, "", "", "", None

    def run(self, clip: AudioClip | None, request: gr.Request, *controls: Any) -> Iterator[Update]:
        """Stream the results into the page."""
        try:
            if clip is None:
                raise NoClip
            services = self._services
            should_stop = self._job.current(request)
            snapshots = describe_clip(clip, options_of(controls), services.runtime, should_stop)
            yield from _streamed(clip, reported(snapshots, lambda now: now.position))
        except Exception as error:
            yield gr.skip(), gr.skip(), gr.skip(), failure_markup(sentence_for(error)), gr.skip(), gr.skip()


def _collected(clip: AudioClip, description: ClipDescription | None) -> dict[str, Any]:
    return {"description": description}


def _restored(clip: AudioClip, contents: BundleContents, person: str) -> Update | None:
    """Return what describing a clip would have written at its end."""
    if contents.description is None:
        return None
    *_, last = _streamed(clip, iter([contents.description]))
    return last


def _download(clip: AudioClip | None, description: ClipDescription | None) -> gr.DownloadButton:
    if clip is None or description is None:
        return gr.DownloadButton(value=None, interactive=False)
    return gr.DownloadButton(value=str(description_file(clip, description)), interactive=True)


def _streamed(clip: AudioClip, snapshots: Iterator[ClipDescription]) -> Iterator[Update]:
    """Yield snapshots as updates of the page; unchanged values are not sent again."""
    timeline = TimelineFeed(clip.content_hash, "music")
    sent = SentValues()
    drawn: dict[str, object] = {}
    for now in snapshots:
        new = _draw(timeline, now, drawn)
        yield (
            sent.changed("caption", caption_markup(now.caption) if now.caption else ""),
            sent.changed("facts", facts_markup(now.facts) if now.facts else ""),
            sent.changed("tags", tags_markup(now.sounds, now.music)),
            description_summary(now),
            timeline.value() if new else gr.skip(),
            now if now.state in ("done", "stopped") else gr.skip(),
        )


def _draw(timeline: TimelineFeed, now: ClipDescription, drawn: dict[str, object]) -> bool:
    """Put new results on the timeline; return whether there were any."""
    wanted = {
        "sounds": now.sounds if now.sounds and now.sounds.state == "done" else None,
        "music": now.music if now.music and now.music.state == "done" else None,
        "facts": now.facts if now.facts and now.facts.state == "done" else None,
    }
    new = {name: found for name, found in wanted.items() if found is not None and name not in drawn}
    if "sounds" in new and now.sounds:
        put_sounds(timeline, now.sounds)
    if "music" in new and now.music:
        put_music(timeline, now.music)
    if "facts" in new and now.facts:
        put_facts(timeline, now.facts)
    drawn.update(new)
    return bool(new)
