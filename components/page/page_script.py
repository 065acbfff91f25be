"""Bundles of the page's scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import rjsmin

COMPONENTS = Path(__file__).parent.parent
IMPORT = re.compile(r"^import \{[^}]*\} from '(?P<path>[^']+)';\n", re.MULTILINE)
EXPORT = re.compile(r"^export ", re.MULTILINE)


def page_script(name: str) -> str:
    """Return the script `components/<name>.js` with the modules that it imports, in one piece and without comments.

    Gradio runs a component's script as the body of a function, where `import` is not allowed. The modules share one scope, so
    their top-level names differ.
    """
    return "'use strict';" + str(rjsmin.jsmin("\n".join(_body(path) for path in modules_of(name))))


def modules_of(name: str) -> list[Path]:
    """Return the modules of the script `components/<name>.js` in the order in which a browser runs them.

    Each stands there once, after those that it imports.
    """
    return list(_imported_first((COMPONENTS / f"{name}.js"), set()))


def _imported_first(path: Path, seen: set[Path]) -> Iterator[Path]:
    """Return the modules that `path` imports, then `path` itself, without those in `seen`."""
    seen.add(path)
    for found in IMPORT.finditer(path.read_text(encoding="utf-8")):
        imported = (path.parent / found["path"]).resolve()
        if imported not in seen:
            yield from _imported_first(imported, seen)
    yield path


def _body(path: Path) -> str:
    """Return a module without its imports and the word `export`."""
    return EXPORT.sub("", IMPORT.sub("", path.read_text(encoding="utf-8")))
