"""Sessions of the page's visitors and of clients, begun quickly."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder


class QuickSessions(StateHolder):  # type: ignore[misc]
    """Gradio's sessions, of which each begins as a copy of one that is new.

    Gradio describes all components anew for each session, on the event loop: a tenth of a second for this page, so that fifty
    people who come at once would keep everybody waiting for five seconds.
    """

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__()
        self.set_blocks(page)

    @cached_property
    def _new(self) -> SessionState:
        """A session in which nothing happened; made with the first session, since the start need not wait for it."""
        return SessionState(self.blocks)

    def __getitem__(self, session_id: str) -> SessionState:
        """Return the session, a new one if there is none of this id."""
        if session_id not in self.session_data:
            self.session_data[session_id] = self._begun()
        return super().__getitem__(session_id)

    def _begun(self) -> SessionState:
        """Return a session in which nothing happened, and that shares nothing with another which either may change."""
        session = copy(self._new)
        session.blocks_config = copy(self.blocks.default_config)
        session.config_values = _Descriptions(self._new.config_values)
        session.state_data = {}
        session._state_ttl = {}
        return session


class _Descriptions(dict[int, dict[str, Any]]):
    """The descriptions of a session's components by their ids; one that is common to all sessions is copied when it is used."""

    def __init__(self, common: Mapping[int, dict[str, Any]]) -> None:
        super().__init__(common)
        self._common = set(common)

    def __getitem__(self, key: int) -> dict[str, Any]:
        """Return the description of a component, whose value this session may replace."""
        if key in self._common:
            found = super().__getitem__(key)
            props = found.get("props")
            self[key] = {**found, "props": dict(props)} if isinstance(props, dict) else dict(found)
        return super().__getitem__(key)

    def __setitem__(self, key: int, description: dict[str, Any]) -> None:
        """Replace the description of a component for this session."""
        self._common.discard(key)
        super().__setitem__(key, description)


def begin_sessions_quickly(app: gr.routes.App, page: gr.Blocks) -> None:
    """Let `app`, which serves `page` and has no sessions yet, begin them quickly."""
    app.state_holder = QuickSessions(page)
