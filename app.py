"""Compose the page and the queue, and launch the server."""

from __future__ import annotations

import gc
import os
from typing import Any

if __name__ == "__main__":
    # Little is garbage while modules are imported and the page is built, and looking for it takes a sixth of the start.
    gc.disable()

# Read when gradio is imported, so it stands before the imports.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from starlette.middleware import Middleware

from accounts.accounts import WrongAccounts
from components.clip.api import add_clip_endpoints
from components.clip.clip_input import build_clip_input
from components.clip.linked_inputs import fetch_linked_inputs
from components.clip.open_panel import EXAMPLES_DIRECTORY
from components.clip.refused_inputs import refuse_inputs_in_words
from components.embeddings.tab import build_embedding_tab
from components.everything.api import add_everything_endpoint
from components.everything.panel import build_everything_row, connect_everything
from components.export.api import add_export_endpoint
from components.export.bundle_api import add_bundle_endpoints
from components.export.events import add_export_events
from components.export.opening import add_bundle_opening
from components.library.api import add_library_endpoints
from components.login.account_line import build_account_line
from components.login.asking import access_of
from components.login.login import Login, build_login
from components.model_status.panel import build_model_status, build_status_pill
from components.music.tab import build_music_tab
from components.notes.panel import build_notes_panel
from components.page.keys import keys_markup
from components.page.model_choices import ModelChoices
from components.page.page_script import page_script
from components.page.server.broken_requests import BrokenRequests
from components.page.server.caller_addresses import CallerAddresses
from components.page.server.closed_routes import ClosedRoutes
from components.page.server.compression import Compression
from components.page.server.request_ids import identified, identify_requests
from components.page.server.security_headers import security_headers
from components.page.server.serving import end_signal, finish_jobs_and_exit, service_routes
from components.page.server.sessions import begin_sessions_quickly
from components.page.server.shared_answers import SharedAnswers
from components.page.server.upload_room import UploadRoom
from components.page.tabs import build_tab, build_tabs
from components.page.theme import build_theme, style_markup
from components.pictures.tab import build_picture_tab
from components.transcription.dictation_api import add_dictation_endpoint
from components.transcription.tab import build_transcription_tab
from models.cache.allocator import bound_allocator
from models.files.hub_lock import HubLockUnreadable
from pipelines.telemetry.logs import configure_logging, join_server_log
from services import Services, build_services, start_background_work
from settings import Settings

HEADER = """<h1><svg viewBox="0 0 26 26" aria-hidden="true"><path d="M3 11v4M8 7v12M13 3v20M18 8v10M23 11v4"/></svg>
Audioscope</h1>"""

FOOTER = """<p class="foot-line"><a href="?view=api" target="_blank">API and MCP</a>
· Every model and its licence: see the tab Models
<span class="for-keys">· <button type="button" class="keys-open">Keys</button></span></p>"""


def build_page(services: Services) -> gr.Blocks:
    """Build the page: header, the shared clip, and the tabs that work on it."""
    with gr.Blocks(title="Audioscope", delete_cache=(3600, round(services.settings.clip_age_seconds))) as page:
        with gr.Row(elem_id="header"):
            gr.HTML(HEADER + keys_markup(), js_on_load=page_script("page/page"), apply_default_css=False)
            pill = build_status_pill()
        clip = build_clip_input(services)
        everything = build_everything_row()
        model_choices = ModelChoices()
        add_clip_endpoints(services)
        add_export_endpoint(services)
        add_bundle_endpoints(services)
        add_everything_endpoint(services)
        add_library_endpoints(services)
        add_dictation_endpoint(services)
        with build_tabs():
            with build_tab("transcribe"):
                build_transcription_tab(services, clip, model_choices)
            with build_tab("music"):
                build_music_tab(services, clip, model_choices)
                build_notes_panel(services, clip)
            with build_tab("pictures"):
                build_picture_tab(services, clip, model_choices)
            with build_tab("embeddings"):
                build_embedding_tab(services, clip, model_choices)
            with build_tab("models"):
                build_model_status(services, pill, page)
        connect_everything(services, clip, everything)
        add_export_events(services, clip)
        add_bundle_opening(services, clip)
        model_choices.connect(page)
        clip.panes.connect()
        build_account_line(services, page)
        gr.HTML(FOOTER, js_on_load=page_script("page/api_page"), apply_default_css=False)
        _end_jobs_of_closed_pages(page, services)
    fetch_linked_inputs(page, services.links)
    refuse_inputs_in_words(page)
    identify_requests(page, services.metrics)
    # Instead of `page.queue(max_size=...)`, which builds all routes of the server once more: a twentieth of the start.
    page._queue.max_size = services.settings.max_waiting
    return page


def _end_jobs_of_closed_pages(page: gr.Blocks, services: Services) -> None:
    def forget(request: gr.Request) -> None:
        services.stop_flags.forget(str(request.session_hash))

    page.unload(forget)


def serving_options(services: Services, login: Login | None = None) -> dict[str, Any]:
    """Return the arguments with which Gradio serves the page, by itself or in an app that it is mounted in.

    An app with a login also gets the arguments of `server_parts`.
    """
    services.clips.directory.mkdir(parents=True, exist_ok=True)
    return {
        "theme": build_theme(),
        "head": style_markup(),
        "allowed_paths": [str(services.clips.directory), str(EXAMPLES_DIRECTORY)],
        "max_file_size": services.settings.max_clip_bytes,
        "footer_links": ["api"],  # whose button opens the API page; hidden, as FOOTER has a link
        "ssr_mode": False,
        "mcp_server": True,
        "run_history": False,  # Gradio would keep all inputs and results of a person in the browser
        **({"auth_dependency": login.user_of} if login else {}),
    }


def guards(settings: Settings) -> list[Middleware]:
    """Return the middleware that bounds what strangers reach and say, and what a browser does with the answers."""
    return [
        Middleware(CallerAddresses),
        security_headers(settings.frame_ancestors, is_space=bool(settings.space_id)),
        Middleware(ClosedRoutes),
        Middleware(BrokenRequests),
    ]


def server_parts(services: Services, login: Login | None) -> dict[str, Any]:
    """Return what the server has besides Gradio, as arguments of FastAPI: routes and middleware, the outermost first."""
    gate = login.middleware if login else []
    middleware = [
        identified(services.metrics),
        *gate,
        Middleware(Compression),
        Middleware(SharedAnswers),
        *guards(services.settings),
        Middleware(UploadRoom, check_disk=services.stop_flags.admission.check_disk),
    ]
    return {"routes": service_routes(services), "middleware": middleware}


def launch(page: gr.Blocks, services: Services) -> str:
    """Serve the page and return its address. `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` are honoured by Gradio."""
    login = build_login(services.access.accounts)
    server, address, _ = page.launch(
        **serving_options(services, login), prevent_thread_lock=True, app_kwargs=server_parts(services, login)
    )
    begin_sessions_quickly(server, page)
    if login:
        login.let_tools_in(page)
    return str(address)


def main() -> None:
    """Run the server: `python app.py`."""
    bound_allocator()
    settings = Settings()
    configure_logging(settings.log_format, settings.log_level)
    told_to_end = end_signal()
    try:
        access = access_of(settings)
        services = build_services(settings, access)
    except (WrongAccounts, HubLockUnreadable) as error:
        raise SystemExit(f"Audioscope cannot start: {error}") from None
    page = build_page(services)
    launch(page, services)
    join_server_log()
    gc.freeze()
    gc.enable()
    start_background_work(services)
    told_to_end.wait()
    finish_jobs_and_exit(services.stop_flags, page)


if __name__ == "__main__":
    main()
