"""The panel in which a clip is opened: a file, a link, or an example. It fills the card while there is no clip."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from components.page.tabs import TabId

EXAMPLES_DIRECTORY = Path(__file__).parent.parent.parent / "examples"
SOUND_FILES = (
    "audio/*,video/*,.flac,.opus,.aiff,.aif,.au,.mkv,.mka,.caf,.w64,.wma,.amr,"
    ".ac3,.eac3,.dts,.ts,.flv,.wv,.tta,.ape,.dsf,.voc,.sph,.zip"
)
ICONS = {
    "drop": '<path d="M12 16V4M7 9l5-5 5 5M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4"/>',
    "transcribe": '<path d="M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5"/>',
    "music": '<path d="M9 18V6l10-2v12"/><circle cx="6.5" cy="18" r="2.5"/><circle cx="16.5" cy="16" r="2.5"/>',
    "pictures": '<path d="M4 5h16v14H4z"/><circle cx="9" cy="10" r="1.5"/><path d="M4 17l5-4 3 2 4-4 4 4"/>',
}
"""Paths of drawings of 24 by 24."""


@dataclass(frozen=True)
class Example:
    """A clip in the repository; its licence stands in NOTICE."""

    file: str
    name: str
    about: str
    tab: TabId
    """Tab that opens with it, and whose job runs."""
    action: str
    """What that job does with it, as a button says it."""


EXAMPLES = (
    Example("speech.flac", "Speech", "three sentences of a novel, read aloud", "transcribe", "Transcribe"),
    Example("music.ogg", "Music", "piano, bass, flute and drums", "music", "Describe"),
    Example("blackbird.ogg", "A sound", "a bird singing", "pictures", "Draw"),
)


def open_panel_markup(fetches_links: bool) -> str:
    """Return the panel; without the field for a link where the server fetches none."""
    examples = "".join(_example(index, example) for index, example in enumerate(EXAMPLES))
    return f"""
<section class="clip-open" aria-label="Open a clip" hidden>
  <div class="clip-sources">
    <button type="button" class="clip-drop-zone">{_icon("drop")}
      <span><b>Drop audio or video here</b><span>or choose files; pasting works too</span></span></button>
    {LINK_FORM if fetches_links else ""}
  </div>
  <ul class="clip-examples" aria-label="Examples">{examples}</ul>
  <label class="clip-run"><input type="checkbox"> Run the open tab on every new clip</label>
  <input type="file" class="clip-file" accept="{SOUND_FILES}" multiple hidden>
</section>"""


LINK_FORM = """<form class="clip-link"><input type="url" name="link" maxlength="2000" placeholder="https://… audio or video file"
  aria-label="Link to an audio or video file" required><button>Open link</button></form>"""


def _example(index: int, example: Example) -> str:
    return (
        f'<li><button type="button" data-index="{index}" data-tab="{example.tab}">{_icon(example.tab)}'
        f"<b>{html.escape(example.name)}</b><span>{html.escape(example.about)}</span><em>{html.escape(example.action)}</em></button></li>"
    )


def _icon(name: str) -> str:
    return f'<svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[name]}</svg>'
