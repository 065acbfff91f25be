"""Which account the request that is being served belongs to."""

from __future__ import annotations

import gradio as gr
from gradio.context import LocalContext

from accounts.access import Access
from accounts.accounts import Accounts
from components.page.calls.callers import caller_name
from settings import Settings


def access_of(settings: Settings) -> Access:
    """Return the accounts of the settings, of which the one asks whose request is being served.

    Raises:
        WrongAccounts: see `Accounts.read`.
    """
    accounts = Accounts.read(settings.auth.get_secret_value(), settings.api_keys.get_secret_value())
    return Access(accounts, asking_account, lambda: caller_name(asking_account()))


def asking_account() -> str | None:
    """Return the name of the account whose call runs in this context; None outside of calls."""
    request = LocalContext.request.get(None)
    if isinstance(request, gr.Request) and request.username:
        return str(request.username)
    # MCP calls that do not wait in the queue come with the request as Starlette has it.
    scope = getattr(getattr(request, "request", None) or request, "scope", {})
    user = scope.get("user")
    return str(user.display_name) if user is not None and user.is_authenticated else None
