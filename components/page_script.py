"""Our scripts as they are sent to the page."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
"""One that has its lines for itself."""


def page_script(name: str) -> str:
    """`components/<name>.js` without comment lines and indents, which are for its readers here."""
    return re.sub(r"^ +", "", COMMENT.sub("", (HERE / f"{name}.js").read_text(encoding="utf-8")), flags=re.MULTILINE)
