"""An MCP client that sends wrong types, paths and unknown arguments reads sentences."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.exceptions import McpError
from mcp.types import TextContent

from tests.hostile.answers import Answer
from tests.hostile.tally import Tally

WRONG: tuple[Any, ...] = (
    None,
    7,
    -1.5,
    True,
    "",
    "../../etc/passwd",
    "file:///etc/passwd",
    [],
    [[1]],
    {"path": "/etc/passwd"},
    "x" * 5000,
)
ARGUMENTS: tuple[dict[str, Any], ...] = ({}, {"bogus": 1}, *({"audio": value, "content_hash": value} for value in WRONG))


async def answers(address: str, cases: int) -> list[tuple[str, str, Answer]]:
    """Call each tool with wrong arguments; return its name, the arguments, and what a model would read."""
    found = []
    async with streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        for number, tool in enumerate((await session.list_tools()).tools):
            known = sorted(tool.inputSchema["properties"])
            for place in range(cases):
                # Each tool gets other ones, in turns, and each of its own arguments is wrong now and then.
                chosen = ARGUMENTS[(number + place) % len(ARGUMENTS)]
                arguments = {name: value for name, value in chosen.items() if name in (*known, "bogus")}
                arguments[known[place % len(known)]] = WRONG[(number * 3 + place) % len(WRONG)]
                found.append((tool.name, repr(arguments)[:200], await answer(session, tool.name, arguments)))
    return found


async def answer(session: ClientSession, tool: str, arguments: dict[str, Any]) -> Answer:
    """Call a tool."""
    began = time.monotonic()
    try:
        result = await session.call_tool(tool, arguments)
        text, is_error = "".join(part.text for part in result.content if isinstance(part, TextContent)), result.isError
    except McpError as error:
        text, is_error = error.error.message, True
    return Answer(200, "error" if is_error else "text", text, time.monotonic() - began)


def send_to_tools(tally: Tally, count: int) -> None:
    """Call each tool `count` times."""
    for tool, arguments, found in asyncio.run(answers(tally.app.address, count)):
        tally.take_text("tools", f"{tool} {arguments}", found)
