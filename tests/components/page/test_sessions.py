"""Sessions: what Gradio would begin, and nothing of another session."""

from __future__ import annotations

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from components.page.server.sessions import QuickSessions


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    with gr.Blocks() as page:
        gr.Textbox("nothing yet", label="Title")
        gr.State({"count": 0})
        gr.Image()
    return page


def test_a_session_begins_as_gradio_would_begin_it(page: gr.Blocks) -> None:
    began, wanted = QuickSessions(page)["one"], SessionState(page)
    assert began.config_values == wanted.config_values
    assert began.blocks_config.blocks == wanted.blocks_config.blocks
    assert (began.state_data, began.is_closed) == ({}, False)


def test_sessions_share_nothing_that_one_changes(page: gr.Blocks) -> None:
    sessions = QuickSessions(page)
    title, state, _ = [key for key, block in page.blocks.items() if not isinstance(block, gr.Blocks)][:3]
    sessions["one"][title] = gr.Textbox("A waltz", label="Title", render=False)
    sessions["one"]._update_value_in_config(title, "A waltz")
    sessions["one"][state]["count"] = 1
    sessions["one"].is_closed = True
    other = sessions["two"]
    assert other.config_values[title]["props"]["value"] == "nothing yet"
    assert other[title].value == "nothing yet"
    assert (other[state], other.is_closed) == ({"count": 0}, False)
    assert sessions["one"][state] == {"count": 1}


def test_a_further_session_describes_no_component(page: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = QuickSessions(page)
    sessions["first"]
    monkeypatch.setattr(gr.Textbox, "get_config", None)
    assert sessions["one"] is sessions["one"]


def test_a_description_is_copied_when_a_session_uses_it(page: gr.Blocks) -> None:
    sessions = QuickSessions(page)
    title = next(key for key, block in page.blocks.items() if isinstance(block, gr.Textbox))
    one, two = (dict.values(sessions[name].config_values) for name in ("one", "two"))
    assert all(mine is other for mine, other in zip(one, two, strict=True)), "none is copied before"
    sessions["one"].config_values[title]["props"]["label"] = "Composer"
    assert sessions["two"].config_values[title]["props"]["label"] == "Title"
    assert sessions["one"].config_values[title]["props"]["label"] == "Composer"
