"""Transcription of several files: a queue table, a Stop button, and a ZIP with every format of every transcript."""

from __future__ import annotations

import html
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from components.page.events import QUIET
from components.page.jobs.kept_panes import KeptPanes
from components.page.markup import failure_markup
from components.page.page_script import page_script
from components.page.tab_job import TabJob
from components.page.user_errors import sentence_for
from components.transcription import labels
from components.transcription.controls import TranscriptionControls, cue_options_of, options_of
from pipelines import APP_VERSION
from pipelines.clip.clip_names import free_stem, name_key, readable_name, safe_stem
from pipelines.clip.errors import NoClip
from pipelines.speech.batch import QueuedFile, transcribe_files
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.subtitles.formats import FORMATS, Subtitles
from pipelines.wording.times import clock_time
from services import Services


def build_transcription_queue(services: Services, controls: TranscriptionControls, panes: KeptPanes) -> None:
    """Build the folded section below a transcript; it uses the same controls, and comes back after a reload by `panes`."""
    with gr.Accordion(labels.SEVERAL_FILES, open=False, elem_id="queue") as section:
        files = gr.File(file_count="multiple", label=labels.RECORDINGS, height=120)
        with gr.Row(elem_classes="actions"):
            run = gr.Button(labels.TRANSCRIBE_ALL, variant="primary", min_width=0, elem_id="transcribe-all")
            stop = gr.Button(labels.STOP, interactive=False, min_width=0, elem_id="stop-queue")
            archive = gr.DownloadButton(labels.ZIP, interactive=False, min_width=0, elem_id="queue-zip")
        table = gr.HTML(
            "", elem_id="queue-table", js_on_load=page_script("transcription/js/queue_table"), apply_default_css=False
        )
    job, no_clip = TabJob(services, "queue", [run, stop], "speech", panes), gr.State(None)
    work = _QueueWork(services, job)
    run.click(lambda: gr.DownloadButton(value=None, interactive=False), outputs=archive, queue=False, **QUIET)
    job.on(run.click, no_clip, work.run, [files, panes.person, *controls.decoding, *controls.cues], [table, archive])
    panes.bring_back(job, [table, archive], section)


class _QueueWork:
    """The handler of the section's events."""

    def __init__(self, services: Services, job: TabJob) -> None:
        self._services = services
        self._job = job

    def run(self, files: list[str] | None, person: str, request: gr.Request, *values: Any) -> Iterator[tuple[Any, Any]]:
        """Stream the queue table; at the end return a ZIP of the finished transcripts."""
        cue_values, decoding = values[-3:], values[:-3]
        services = self._services
        try:
            if not files:
                raise NoClip
            options = options_of(decoding)
            waiting = tuple(QueuedFile(Path(file), readable_name(Path(file).name)) for file in files)
            roots, queue = (Path(get_upload_folder()),), waiting
            should_stop = self._job.current(request)
            for queue in transcribe_files(waiting, options, services.clips, roots, services.runtime, should_stop, person):
                yield queue_markup(queue), gr.skip()
            archive = write_archive(queue, options, cue_values)
            yield gr.skip(), gr.DownloadButton(value=str(archive), interactive=True) if archive else gr.skip()
        except Exception as error:
            yield failure_markup(sentence_for(error)), gr.skip()


def queue_markup(queue: tuple[QueuedFile, ...]) -> str:
    """Make the table: a row for each file."""
    done = sum(file.state == "done" for file in queue)
    rows = "".join(_row(file) for file in queue)
    head = "".join(f"<th>{column}</th>" for column in labels.QUEUE_COLUMNS)
    return (
        f'<table class="queue"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="summary" role="status">{done} of {len(queue)} done</p>'
    )


def _row(file: QueuedFile) -> str:
    now = file.transcription
    cells = ["", "", "", ""]
    if now is not None:
        language = WHISPER_LANGUAGES.get(now.language, now.language) if now.segments else ""
        cells = [clock_time(now.duration, 1), language, str(len(now.text.split())), f"{now.elapsed:.1f} s"]
    state = file.problem or (f"{clock_time(now.position, 1)} …" if now and file.state == "running" else file.state)
    if now is not None and file.state == "done" and not now.segments:
        sound = now.non_speech[0].sound if now.non_speech else ""
        state = f"no speech: this sounds like {sound}" if sound else "no speech"
    texts = "".join(f"<td>{html.escape(cell)}</td>" for cell in (state, *cells))
    return f'<tr data-state="{file.state}"><th scope="row">{_name(file)}</th>{texts}</tr>'


def _name(file: QueuedFile) -> str:
    """Return the file's name, which opens its clip once it is transcribed."""
    name = html.escape(file.name)
    if file.state not in ("done", "stopped") or not file.content_hash:
        return name
    return f'<button type="button" data-hash="{file.content_hash}" title="{labels.OPEN_FILE}">{name}</button>'


def write_archive(queue: tuple[QueuedFile, ...], options: TranscriptionOptions, cue_values: tuple[Any, ...]) -> Path | None:
    """Write a ZIP with every format of every transcript into Gradio's upload folder; None if there is no transcript."""
    finished = [(file, file.transcription) for file in queue if file.transcription and file.transcription.segments]
    if not finished:
        return None
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=folder)) / "transcripts.zip"
    taken: set[str] = set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, transcription in finished:
            stem = free_stem(safe_stem(file.name), taken)
            taken.add(name_key(stem))
            subtitles = Subtitles(transcription, options, cue_options_of(cue_values), file.name, APP_VERSION)
            for file_format in FORMATS.values():
                archive.writestr(f"{stem}{file_format.ending}", file_format.encode(subtitles))
    return path
