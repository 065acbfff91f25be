"""Our scripts as they are sent to the page."""

from __future__ import annotations

from pathlib import Path

import rjsmin

HERE = Path(__file__).parent


def page_script(name: str) -> str:
    """`components/<name>.js` without the comments and the white space that are for its readers here."""
    return str(rjsmin.jsmin((HERE / f"{name}.js").read_text(encoding="utf-8")))
