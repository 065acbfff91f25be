"""For whom a call counts: who sent it, whatever its headers say, and by whichever way it came."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from app import guards
from components.page.endpoints import add_endpoint
from pipelines.jobs.admission import Admission, JobLimits
from pipelines.jobs.stop_flags import StopFlags
from settings import Settings
from tests.components.page.steps import free_line

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="this machine has one address")
STRANGER, PROXY = "127.0.0.2", "127.0.0.1"
"""Addresses of this machine. The server trusts the second one."""
HEADERS = [
    ("", ""),
    ("203.0.113.9", "203.0.113.9"),
    ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
    ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
    ("203.0.113.9, 127.0.0.1", "203.0.113.9"),
    ("2001:db8::7", "2001:db8::7"),
]
"""What arrives as X-Forwarded-For, and the address that the proxy added last."""


class Counted(Admission):
    """Admission that keeps for whom calls counted."""

    def __init__(self) -> None:
        super().__init__(JobLimits())
        self.callers: list[str] = []

    def count_call(self, caller: str) -> None:
        self.callers.append(caller)


@pytest.fixture(scope="module")
def counted() -> Counted:
    return Counted()


@pytest.fixture(scope="module")
def address(counted: Counted) -> Iterator[str]:
    def hello(name: str, should_stop: object) -> str:
        """Greet."""
        return f"Hello {name}"

    with gr.Blocks() as page:
        add_endpoint(hello, StopFlags(admission=counted), free_line())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FORWARDED_ALLOW_IPS", raising=False)
        options = {"server_name": PROXY, "quiet": True, "prevent_thread_lock": True, "mcp_server": True}
        _, address, _ = page.launch(**options, app_kwargs={"middleware": guards(Settings())})
    yield address
    page.close(verbose=False)


def client_at(host: str, forwarded: str) -> httpx.AsyncClient:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    transport = httpx.AsyncHTTPTransport(local_address=host)
    return httpx.AsyncClient(transport=transport, headers=headers, follow_redirects=True, timeout=30)


async def call(address: str, host: str, forwarded: str) -> None:
    async with client_at(host, forwarded) as client:
        event = (await client.post(f"{address}gradio_api/call/hello", json={"data": ["Ann"]})).json()["event_id"]
        assert "Hello Ann" in (await client.get(f"{address}gradio_api/call/hello/{event}")).text


async def call_tool(address: str, host: str, forwarded: str) -> None:
    def factory(
        headers: dict[str, str] | None = None, timeout: httpx.Timeout | None = None, auth: httpx.Auth | None = None
    ) -> httpx.AsyncClient:
        client = client_at(host, forwarded)
        client.headers.update(headers or {})
        return client

    async with (
        streamablehttp_client(f"{address}gradio_api/mcp/", httpx_client_factory=factory) as (reader, writer, _),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        assert "Hello Ann" in str((await session.call_tool("hello", {"name": "Ann"})).content)


@pytest.mark.parametrize("way", [call, call_tool])
@pytest.mark.parametrize(("forwarded", "added"), HEADERS)
def test_a_call_counts_for_who_sent_it(address: str, counted: Counted, way: object, forwarded: str, added: str) -> None:
    assert callable(way)
    asyncio.run(way(address, STRANGER, forwarded))
    asyncio.run(way(address, PROXY, forwarded))
    assert counted.callers[-2:] == [STRANGER, added or PROXY]
