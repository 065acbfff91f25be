"""Write docs/api.md, the reference of all endpoints and tools: `python -m docs.make_api_reference`."""

from __future__ import annotations

import inspect
import re
import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from app import build_page
from services import build_services
from settings import Settings

REFERENCE = Path(__file__).with_name("api.md")
COMMAND = "python -m docs.make_api_reference"
HEAD = f"""# Endpoints and tools

Written by `{COMMAND}` from the running app; a test compares them. Each endpoint is a tool of the Model Context
Protocol under the same name; [mcp.md](mcp.md) says how to connect a client. A file is uploaded (`handle_file` of gradio_client),
or a link where the server [fetches links](inputs.md#links). What is refused gets one sentence. All times are in seconds.
Where the server has a [login](hosting.md#login), an API key is sent with each call:
`Client(address, headers={{"Authorization": "Bearer KEY"}})`.

"Growing" endpoints send what there is so far, again and again; the last one is the result. Every call can be cancelled
(`job.cancel()`), which ends its work.
"""
SECTION = re.compile(r"^(Args|Returns):$", re.MULTILINE)
ARGUMENT = re.compile(r"^ {4}(\w+): ")


def api_reference(page: gr.Blocks) -> str:
    """Return the reference of the public endpoints of `page`, in Markdown."""
    functions = {f"/{function.api_name}": function.fn for function in page.fns.values() if function.api_visibility == "public"}
    endpoints = page.get_api_info()["named_endpoints"]
    names = sorted(endpoints)
    contents = "\n".join(f"- [{name}](#{name[1:]}): {_parts(functions[name])[0].splitlines()[0]}" for name in names)
    chapters = "\n".join(_chapter(name, functions[name], endpoints[name]["parameters"]) for name in names)
    return f"{HEAD}\n{contents}\n\n{chapters}"


def _chapter(name: str, function: Any, parameters: list[dict[str, Any]]) -> str:
    summary, arguments, returns = _parts(function)
    described = _descriptions(arguments)
    growing = "Growing. " if inspect.isasyncgenfunction(function) else ""
    rows = [_row(one, described[one["parameter_name"]]) for one in parameters]
    table = "\n".join(["| argument | type | default | |", "|---|---|---|---|", *rows, ""]) if rows else ""
    return f"## {name}\n\n{summary}\n\n{table}\n{growing}Returns: {_cell(returns)}\n"


def _parts(function: Any) -> tuple[str, str, str]:
    """Return summary, arguments and result of a docstring."""
    pieces = SECTION.split(inspect.getdoc(function) or "")
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    return pieces[0].strip(), sections.get("Args", ""), sections["Returns"]


def _descriptions(arguments: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(str.strip, arguments.splitlines()):
        if match := ARGUMENT.match(line):
            name = match[1]
            found[name] = line[match.end() :]
        else:
            found[name] += f" {line.strip()}"
    return {name: _cell(text) for name, text in found.items()}


def _row(parameter: dict[str, Any], description: str) -> str:
    return f"| `{parameter['parameter_name']}` | {_type(parameter)} | {_default(parameter)} | {description} |"


def _type(parameter: dict[str, Any]) -> str:
    kind = str(parameter["python_type"]["type"])
    return "file" if "path" in kind else _cell(kind)


def _default(parameter: dict[str, Any]) -> str:
    return f"`{parameter['parameter_default']!r}`" if parameter["parameter_has_default"] else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder:
        page = build_page(build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips")))
    REFERENCE.write_text(api_reference(page), encoding="utf-8")


if __name__ == "__main__":
    main()
