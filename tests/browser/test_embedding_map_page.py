"""The map of an embedding as a web page of its own: from disk, without a network, it shows the map and plays the sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from components.embeddings import files_panel, labels
from components.embeddings.files_panel import map_page
from components.embeddings.shown_embedding import ShownEmbedding
from pipelines.clip.clip_store import ClipStore
from pipelines.embeddings.colouring import ClipAnalyses, Colouring
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.map import MapOptions, map_embeddings
from tests.browser.conftest import NewPage
from tests.browser.test_embedding_map import SPEECH
from tests.pipelines.embeddings.embedding_examples import embedding, walk

pytestmark = pytest.mark.browser
FRAMES = 14
HOSTILE = "</script><script>document.title = 'taken'</script><b>bold</b>"


def shown(folder: Path) -> ShownEmbedding:
    clip = ClipStore(folder / "clips").open(SPEECH).named(f"{HOSTILE}.wav")
    frames = walk(FRAMES)
    words = [number // 7 for number in range(FRAMES)]
    return ShownEmbedding(
        clips=(clip,),
        embeddings=(embedding(frames, clip.content_hash),),
        map=map_embeddings(frames, MapOptions()),
        map_id="page",
        options=EmbeddingOptions("yamnet", ""),
        analyses=(ClipAnalyses(),),
        colouring=Colouring("word", "Word", "categorical", np.array(words, dtype=np.int32), (HOSTILE, "second")),
        texts=tuple((HOSTILE, "second")[word] for word in words),
    )


def until(page: Page, condition: str) -> None:
    """Wait for a condition; `wait_for_function` would evaluate a text in the page, which its policy forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def test_an_exported_map_plays_from_disk_and_shows_texts_as_texts(new_page: NewPage, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    file.write_text(map_page(shown(tmp_path)), encoding="utf-8")
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url[:5]))
    page.context.set_offline(True)
    page.goto(file.as_uri())
    expect(page.locator("h1")).to_contain_text(HOSTILE)
    expect(page.locator(".em-legend")).to_contain_text(HOSTILE)
    expect(page.locator("b:has-text('bold')")).to_have_count(0)
    until(page, "document.querySelector('audio').duration > 6")
    until(page, "document.querySelector('.em').map.state.x[0] > 0")
    x, y = page.evaluate("(({x, y}) => [x[9], y[9]])(document.querySelector('.em').map.state)")
    page.locator(".em-over").click(position={"x": x, "y": y})
    until(page, "!document.querySelector('audio').paused && document.querySelector('audio').currentTime > 4.3")
    until(page, "document.querySelector('.em').map.state.time > 4.3")
    page.get_by_role("button", name="Isolate neighbours").click()
    until(page, "document.querySelector('.em').map.state.isolated?.every(Boolean)")  # 13 others are all that there are
    page.get_by_role("button", name="Isolate neighbours").click()
    page.get_by_role("searchbox").fill("second")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".em-now")).to_have_text("1 stretch, 3.3 s, in a loop")
    page.evaluate("document.querySelector('audio').currentTime = 1")
    until(page, "document.querySelector('audio').currentTime >= 3.3")
    assert page.title().startswith("</script>")
    assert set(asked) <= {"file:", "data:"}


def test_a_clip_that_is_too_long_is_exported_without_its_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_panel, "MAX_SOUND_BYTES", 1000)
    document = map_page(shown(tmp_path))
    assert labels.NO_SOUND in document
    assert "<audio" not in document
