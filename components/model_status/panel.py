"""Status of the models: a pill in the header, and the tab Models with residents, leases, waiting jobs and free memory."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from models.cache.status import PLACED, CacheStatus, ResidentStatus
from models.errors import as_size
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource, ModelSpec, RepositorySource
from pipelines.wording.grammar import sentence
from services import Services

REFRESH_SECONDS = 3.0
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
            free = gr.Button("Unload idle models", min_width=0, elem_id="free-models")
    with gr.Column(elem_classes="card"):
        catalog = gr.HTML("", elem_id="catalog", apply_default_css=False)

    def refresh() -> tuple[str, str, str]:
        status = services.runtime.cache.status()
        status = replace(status, residents=(*services.placed, *status.residents))
        return pill_markup(status), status_markup(status), catalog_markup(services)

    def free_all() -> tuple[str, str, str]:
        services.runtime.cache.clear()
        services.runtime.features.clear()
        return refresh()

    shown = [pill.html, panel, catalog]
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    page.load(refresh, outputs=shown, **quiet)
    pill.timer.tick(refresh, outputs=shown, **quiet)
    free.click(free_all, outputs=shown, **quiet)


def pill_markup(status: CacheStatus) -> str:
    """Return one line: device, models and their memory, waiting jobs."""
    count = len(status.residents)
    models = f"{count} model{'s' if count != 1 else ''}, {as_size(sum(r.size_bytes for r in status.residents))}"
    waiting = f"{status.waiting} waiting" if status.waiting else "nothing waiting"
    device = " and ".join(dict.fromkeys((DEVICE_NAMES[status.device], *(r.place for r in status.residents if r.state == PLACED))))
    busy = any(resident.state not in ("idle", PLACED) for resident in status.residents)
    return (
        f'<span class="pill" data-busy="{str(busy).lower()}"><b>{device}</b> · '
        f'{models if count else "no model loaded"}<span class="long"> · {waiting}</span></span>'
    )


def status_markup(status: CacheStatus) -> str:
    """Return the residents as a table, and the memory in words."""
    device = DEVICE_NAMES[status.device]
    memory = (
        f"{as_size(status.free_bytes)} of {as_size(status.total_bytes)} free on this {device}, "
        f"{as_size(status.reserved_bytes)} reserved for work · {status.waiting} waiting · "
        f"{status.loads} loads and {status.evictions} evictions so far"
    )
    rows = "".join(_resident_row(resident) for resident in status.residents)
    table = (
        '<table><thead><tr><th scope="col">Model</th><th scope="col">Memory</th><th scope="col">Where</th>'
        f'<th scope="col">State</th></tr></thead><tbody>{rows}</tbody></table>'
        if rows
        else '<p class="empty">No model is loaded. The first job loads what it needs.</p>'
    )
    return f'<h2>In memory</h2>{table}<p class="summary">{memory}</p>'


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


def catalog_markup(services: Services) -> str:
    """Return every model with its source, licence, size and availability, as far as known without asking the hub."""
    rows = "".join(_catalog_row(services, spec) for spec in ALL_MODELS)
    hub = sentence(services.files.hub_state(ask_hub=False).words)
    return (
        '<h2>Catalogue</h2><table><thead><tr><th scope="col">Model</th><th scope="col">Download</th>'
        f'<th scope="col">Licence</th><th scope="col">Available</th></tr></thead><tbody>{rows}</tbody></table>'
        f'<p class="summary">{html.escape(services.whisper_engine)}</p><p class="summary">{html.escape(hub)}</p>'
    )


def _catalog_row(services: Services, spec: ModelSpec) -> str:
    if isinstance(spec.source, HubSource):
        source = spec.source.repository
    elif isinstance(spec.source, RepositorySource):
        source = "in this repository"
    else:
        source = ", ".join(sorted({part.distribution for file in spec.source.files for part in file.parts}))
    availability = services.files.availability(spec, ask_hub=False)
    return (
        f"<tr><td>{html.escape(spec.title)} <small>{html.escape(source)}</small></td><td>{as_size(spec.download_bytes)}</td>"
        f'<td><a href="{html.escape(spec.licence_url)}" target="_blank" rel="noreferrer">{html.escape(spec.licence)}</a></td>'
        f"<td>{html.escape(availability.words)}</td></tr>"
    )
