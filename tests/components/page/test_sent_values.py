"""Only what changed is sent to the page."""

from __future__ import annotations

import gradio as gr

from components.page.jobs.sent_values import SentValues


def test_a_value_is_sent_once_until_it_changes() -> None:
    sent = SentValues()
    assert [sent.changed("facts", value) for value in ("", "a", "a", "b", "a")] == ["", "a", gr.skip(), "b", "a"]
    assert sent.changed("tags", "a") == "a"
    assert sent.changed("tags", "a") == gr.skip()
