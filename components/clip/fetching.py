"""How far the download of a link has come, beside the note of the clip bar."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from uuid import uuid4

from components.timeline.timeline import Value
from models.errors import as_size
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.links.downloads import Fetched, LinkDownloads, open_link
from pipelines.jobs.background import in_background, reported_steps

MARKUP = """<span class="clip-fetch" hidden><progress aria-label="Progress"></progress><span></span>
  <button type="button" class="clip-fetch-stop">Stop</button></span>"""


def opened_link(
    link: str, clips: ClipStore, links: LinkDownloads, should_stop: Callable[[], bool]
) -> Iterator[Fetched | AudioClip | None]:
    """Yield how far the download is, None between, and at the end the clip; end at once when `should_stop()` says so.

    Raises:
        LinkError, ClipError: see `open_link`.
    """

    def steps(stopped: Callable[[], bool]) -> Generator[Fetched | AudioClip, None, None]:
        return reported_steps(lambda report: report(open_link(link, clips, links, stopped, report)), stopped)

    return in_background(steps, should_stop)


def fetched_value(fetched: Fetched, wish: int) -> Value:
    """Return the bar's value while the link of the request `wish` is fetched."""
    size, total = as_size(fetched.size_bytes), fetched.total_bytes
    text = f"{size} of {as_size(total)}" if total else size
    return {"fetched": {"text": text, "share": fetched.size_bytes / total if total else None}, "wish": wish, "id": uuid4().hex}
