"""Who is signed in, and how to sign out."""

from __future__ import annotations

import html

import gradio as gr

from components.page.events import QUIET
from services import Services


def build_account_line(services: Services, page: gr.Blocks) -> None:
    """Build the line; without accounts there is none."""
    if not services.access.accounts:
        return
    line = gr.HTML("", elem_id="account", apply_default_css=False)

    def shown() -> str:
        account = services.access.account
        return account_markup(account.name, account.role) if account else ""

    page.load(shown, outputs=line, queue=False, **QUIET)


def account_markup(name: str, role: str) -> str:
    """Return the line for an account. The address is below that of the page, wherever a proxy puts it."""
    return (
        f'<form method="post" action="logout" class="foot-line">Signed in as <b>{html.escape(name)}</b>, {role} · '
        "<button>Sign out</button></form>"
    )
