"""Sessions of the page's visitors and of clients, begun quickly."""

from __future__ import annotations

from copy import copy
from functools import cached_property

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
        session.config_values = {key: _copied(config) for key, config in self._new.config_values.items()}
        session.state_data = {}
        session._state_ttl = {}
        return session


def _copied(config: dict[str, object]) -> dict[str, object]:
    """Return the description of a component, whose value a session may replace."""
    props = config.get("props")
    return {**config, "props": dict(props)} if isinstance(props, dict) else dict(config)


def begin_sessions_quickly(app: gr.routes.App, page: gr.Blocks) -> None:
    """Let `app`, which serves `page` and has no sessions yet, begin them quickly."""
    app.state_holder = QuickSessions(page)
