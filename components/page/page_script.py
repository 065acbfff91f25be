"""Our scripts as they are sent to the page."""

from __future__ import annotations

from pathlib import Path

import rjsmin

COMPONENTS = Path(__file__).parent.parent


def page_script(name: str) -> str:
    """`components/<name>.js` (`timeline/timeline`) without the comments and the white space that are for its readers here."""
    return str(rjsmin.jsmin((COMPONENTS / f"{name}.js").read_text(encoding="utf-8")))
