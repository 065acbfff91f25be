"""Status of the models: a pill in the header, and the tab Models with residents, waiting jobs, memory and the catalogue."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from accounts.access import UNLOAD_MODELS
from components.model_status.catalogue import catalogue_markup, filter_markup
from components.model_status.labels import IN_MEMORY, KEEPERS_ONLY, NO_MODEL, RESIDENT_COLUMNS, UNLOAD
from components.model_status.memory import memory_markup, unloaded_sentence
from components.page.page_script import page_script
from components.page.user_errors import report_errors
from models.cache.status import PLACED, CacheStatus, ResidentStatus
from models.errors import as_size
from pipelines.wording.grammar import counted
from services import Services

REFRESH_SECONDS = 3.0
CATALOGUE_SECONDS = 30.0
"""Where the models are changes when one was downloaded, or the hub comes within reach."""
COMMIT = re.compile(r"\b[0-9a-f]{40}\b")
DEVICE_NAMES = {"cpu": "CPU", "cuda": "GPU", "mps": "Apple GPU"}


@dataclass(frozen=True)
class StatusPill:
    """The component in the header, with the clock of the whole status: inside a tab it would stand still while that is hidden."""

    html: gr.HTML
    timer: gr.Timer


def build_status_pill() -> StatusPill:
    """Build an empty pill; `build_model_status` fills it."""
    return StatusPill(gr.HTML("", elem_id="status-pill", apply_default_css=False), gr.Timer(REFRESH_SECONDS))


def build_model_status(services: Services, pill: StatusPill, page: gr.Blocks) -> None:
    """Build the panel of the Models tab and its button; panel and pill are kept up to date."""
    with gr.Column(elem_classes="card", elem_id="model-status"):
        panel = gr.HTML("", elem_id="residents", apply_default_css=False)
        with gr.Row(elem_classes="actions"):
            free = gr.Button(UNLOAD, min_width=0, elem_id="free-models")
            came_back = gr.HTML("", elem_id="came-back", apply_default_css=False)
    with gr.Column(elem_classes="card"):
        gr.HTML(filter_markup(), elem_id="catalogue-filter", apply_default_css=False)
        catalogue = gr.HTML("", elem_id="catalogue", js_on_load=page_script("model_status/catalogue"), apply_default_css=False)

    def refresh() -> tuple[str, str]:
        status = services.runtime.cache.status()
        status = replace(status, residents=(*services.placed, *status.residents))
        warning = services.stop_flags.admission.disk_warning()
        return pill_markup(status, warning), status_markup(status) + memory_markup(services.runtime.memory())

    @report_errors
    def free_all() -> tuple[str, str, str]:
        services.access.require_keeper(UNLOAD_MODELS)
        unloaded = services.runtime.unload_idle()
        return *refresh(), f'<p class="summary" role="status">{unloaded_sentence(unloaded)}</p>'

    shown = [pill.html, panel]
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    page.load(refresh, outputs=shown, **quiet)
    pill.timer.tick(refresh, outputs=shown, **quiet)
    free.click(free_all, outputs=[*shown, came_back], **quiet)
    if services.access.accounts:
        page.load(lambda: _for_keepers(services), outputs=[free, came_back], **quiet)
    for event in (page.load, gr.Timer(CATALOGUE_SECONDS).tick):
        event(lambda: catalogue_markup(services), outputs=catalogue, **quiet)


def _for_keepers(services: Services) -> tuple[gr.Button, str]:
    """Return the button for unloading as it is for whoever asks, and a sentence beside it."""
    is_keeper = services.access.is_keeper()
    return gr.Button(interactive=is_keeper), "" if is_keeper else f'<p class="summary">{KEEPERS_ONLY}</p>'


def pill_markup(status: CacheStatus, warning: str = "") -> str:
    """Return one line: a warning, device, models and their memory, waiting jobs."""
    count = len(status.residents)
    models = f"{count} model{'s' if count != 1 else ''}, {as_size(sum(r.size_bytes for r in status.residents))}"
    waiting = f"{status.waiting} waiting" if status.waiting else "nothing waiting"
    device = " and ".join(dict.fromkeys((DEVICE_NAMES[status.device], *(r.place for r in status.residents if r.state == PLACED))))
    busy = any(resident.state not in ("idle", PLACED) for resident in status.residents)
    return (
        f'<span class="pill" data-busy="{str(busy).lower()}">{f"<b>{warning}</b> " if warning else ""}<b>{device}</b> · '
        f'{models if count else "no model loaded"}<span class="long"> · {waiting}</span></span>'
    )


def status_markup(status: CacheStatus) -> str:
    """Return the residents as a table, and the memory in words."""
    device = DEVICE_NAMES[status.device]
    reserved = f", {as_size(status.reserved_bytes)} reserved for work" if status.reserved_bytes else ""
    memory = (
        f"{as_size(status.free_bytes)} of {as_size(status.total_bytes)} free on this {device}{reserved} · "
        f"{status.waiting} waiting · {counted(status.loads, 'load')} and {counted(status.evictions, 'eviction')} so far"
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in RESIDENT_COLUMNS)
    rows = "".join(_resident_row(resident) for resident in status.residents)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else f'<p class="empty">{NO_MODEL}</p>'
    return f'<h2>{IN_MEMORY}</h2>{table}<p class="summary">{memory}</p>'


def _resident_row(resident: ResidentStatus) -> str:
    state = f"idle for {resident.idle_seconds:.0f} s" if resident.state == "idle" else resident.state
    return (
        f"<tr><td>{html.escape(resident.title)} <small>{html.escape(resident.dtype)}, "
        f"{html.escape(_short(resident.revision))}</small></td><td>{as_size(resident.size_bytes)}</td>"
        f"<td>{resident.place}</td><td>{state}</td></tr>"
    )


def _short(revision: str) -> str:
    """Return the first ten digits of a commit's hash; a version as it is."""
    return COMMIT.sub(lambda commit: commit[0][:10], revision)
