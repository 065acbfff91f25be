"""The page on which people sign in: a form without scripts, in the colours of the app."""

from __future__ import annotations

import html
from pathlib import Path

from components.page.theme import ACCENT, ACCENT_HOVER, CARD, INK, LINE, ON_ACCENT, PAGE, SOFT

STYLE = Path(__file__).with_name("sign_in.css")
ERROR = ("#b3261e", "#f2b8b5")
COLOURS = {
    "page": PAGE,
    "card": CARD,
    "ink": INK,
    "soft": SOFT,
    "line": LINE,
    "accent": ACCENT,
    "accent-hover": ACCENT_HOVER,
    "on-accent": ON_ACCENT,
    "error": ERROR,
}
LOGO = '<svg viewBox="0 0 26 26" aria-hidden="true"><path d="M3 11v4M8 7v12M13 3v20M18 8v10M23 11v4"/></svg>'


def sign_in_page(action: str, after: str, name: str = "", failure: str = "") -> str:
    """Return the page.

    Args:
        action: address that takes the form.
        after: path of the page to show afterwards.
        name: what stands in the field of the name.
        failure: sentence about the last attempt.
    """
    alert = f'<p role="alert">{html.escape(failure)}</p>' if failure else ""
    on_name, on_password = ("", " autofocus") if name else (" autofocus", "")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Audioscope</title><style>{_colours()}{STYLE.read_text(encoding="utf-8")}</style></head>
<body><main><h1>{LOGO}Audioscope</h1>{alert}
<form method="post" action="{html.escape(action)}">
<label>Name<input name="name" value="{html.escape(name)}" autocomplete="username" autocapitalize="none" required{on_name}></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required{on_password}></label>
<input type="hidden" name="after" value="{html.escape(after)}">
<button>Sign in</button></form></main></body></html>"""


def _colours() -> str:
    light, dark = ("".join(f"--{name}:{pair[which]};" for name, pair in COLOURS.items()) for which in (0, 1))
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
