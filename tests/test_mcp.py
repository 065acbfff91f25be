"""Audioscope's tools used by the client of the `mcp` package, as docs/mcp.md configures it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import CallToolResult, TextContent

from tests.app_process import RunningApp, running_app
from tests.recordings import EXAMPLES

pytestmark = pytest.mark.models
GUIDE = Path(__file__).parent.parent / "docs" / "mcp.md"
MAX_BRIEF_CHARACTERS = 4000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app


def configuration(app: RunningApp, folder: Path) -> dict[str, Any]:
    """Return the guide's servers without accounts, at the address of `app` and with `folder` for the recordings."""
    block, *_ = re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    text = block.replace("http://127.0.0.1:7860", app.address).replace("/home/me/recordings", str(folder))
    servers: dict[str, Any] = json.loads(text)["mcpServers"]
    return servers


async def uploaded(server: dict[str, Any], file: Path) -> CallToolResult:
    """Call the tool that hands over a file, through the server for uploads."""
    command = Path(sys.executable).with_name(server["command"])
    async with (
        stdio_client(StdioServerParameters(command=str(command), args=server["args"])) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return await session.call_tool("upload_file_to_gradio", {"file": str(file)})


async def called(url: str, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[float, str]]]:
    """Return the JSON object that a tool answers with, and the progress that came before."""
    notes: list[tuple[float, str]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append((progress, message or ""))

    async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        result = await session.call_tool(tool, arguments, progress_callback=note)
    assert not result.isError, text_of(result)
    return json.loads(text_of(result)), notes


def text_of(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if isinstance(part, TextContent))


def test_a_local_file_is_handed_over_and_transcribed_briefly_or_in_full(app: RunningApp) -> None:
    servers = configuration(app, EXAMPLES)
    link = text_of(asyncio.run(uploaded(servers["audioscope-upload"], EXAMPLES / "speech.flac")))
    assert link.startswith(f"{app.address}/gradio_api/file=")
    url = servers["audioscope"]["url"]
    found, progress = asyncio.run(called(url, "transcribe", {"audio": link}))
    assert next(iter(found)) == "summary" and "Dashwood" in found["summary"]
    assert found["left_out"]["segments[].words"] > 30
    assert len(json.dumps(found)) < MAX_BRIEF_CHARACTERS
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert any(re.search(r"decoding: Step \d+ of 100", message) for _, message in progress), progress
    full, _ = asyncio.run(called(url, "transcribe", {"audio": link, "details": True}))
    assert "summary" not in full and full["segments"][0]["words"][0]["text"] == "And"


def test_long_results_are_brief(app: RunningApp) -> None:
    servers = configuration(app, EXAMPLES)
    link = text_of(asyncio.run(uploaded(servers["audioscope-upload"], EXAMPLES / "music.ogg")))
    found, _ = asyncio.run(called(servers["audioscope"]["url"], "music_facts", {"audio": link}))
    assert found["key"]["tonic"] == "C" and found["tempo"]["bpm"] == pytest.approx(96, rel=0.02)
    assert len(json.dumps(found)) < MAX_BRIEF_CHARACTERS


def test_a_file_outside_the_folder_is_not_handed_over(app: RunningApp, tmp_path: Path) -> None:
    server = configuration(app, tmp_path)["audioscope-upload"]
    result = asyncio.run(uploaded(server, EXAMPLES / "speech.flac"))
    assert result.isError and "is not in" in text_of(result)
