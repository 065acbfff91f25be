"""Markup of pictures: the preview, the gallery, the concepts, and the line that says how they were made."""

from __future__ import annotations

import html
import re

from components.page.markup import chips_markup
from components.pictures.files import KeptPicture, preview_url
from pipelines.pictures.options import Drawing
from pipelines.wording.times import clock_time

WAITING = {
    "loading": "Loading the model …",
    "encoding": "Encoding the sound …",
    "drawing": "Drawing …",
    "stopped": "Stopped before the first preview.",
}


def pictures_markup(now: Drawing, kept: tuple[KeptPicture, ...], asked: int = 1) -> str:
    """Return the finished pictures with seed and file, then the preview of the one that is being drawn or was stopped.

    `asked`: the number of pictures to leave room for.
    """
    figures = [_figure(each) for each in kept]
    if now.preview and now.picture > len(kept):
        figures.append(f'<li><img src="{preview_url(now.preview)}" alt="Preview of step {now.step}"></li>')
    elif not figures:
        figures.append(f'<li><p class="sheet">{WAITING.get(now.state, "")}</p></li>')
    return f'<ul class="pictures" data-asked="{asked}">{"".join(figures)}</ul>'


def concepts_markup(now: Drawing) -> str:
    """Return the concepts of the audio embeds as chips."""
    return chips_markup("Concepts", [(each.concept, min(1.0, each.weight)) for each in now.concepts]) if now.concepts else ""


def drawing_summary(now: Drawing) -> str:
    """Return one line: progress, segment, models, licences, seeds, number format, device, time."""
    running = now.state not in ("done", "stopped")
    bar = _progress(now) if running else ""
    step = f"step {now.step} of {now.steps}" if now.step else ""
    doing = {"drawing": step, "done": "", "stopped": f"stopped at {step}" if step else "stopped"}.get(now.state, now.state)
    window = f"segment {clock_time(now.start, 1)}–{clock_time(now.end, 1)}" if now.end else ""
    facts = [
        doing,
        window,
        html.escape(now.model),
        html.escape(short_licences(now.licence)),
        _seeds([picture.seed for picture in now.pictures]),
        f"{now.dtype} on {now.device}" if now.device else "",
        f"{now.elapsed:.1f} s",
    ]
    reasons = [now.model_reason, now.licence]
    why = f'<details class="why"><summary>Why this model, and its licence</summary>{html.escape("; ".join(reasons))}</details>'
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(part for part in facts if part)}</p>{why}'


def short_licences(licence: str) -> str:
    """Return the names of licences without what stands in brackets, each once."""
    return ", ".join(dict.fromkeys(re.sub(r" \([^)]*\)", "", licence).split(", ")))


def _seeds(seeds: list[int]) -> str:
    return f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else "".join(f"seed {seed}" for seed in seeds)


def _progress(now: Drawing) -> str:
    value = f' value="{now.step}"' if now.step else ""
    return f'<progress max="{max(1, now.steps)}"{value} aria-label="Progress"></progress>'


def _figure(kept: KeptPicture) -> str:
    picture, settings, url = kept.picture, kept.picture.settings, html.escape(kept.url)
    words = (text for text in (settings.prompt or "", *settings.concepts[:1], settings.extra_prompt, settings.style) if text)
    alt = html.escape(", ".join(words))
    width, height = picture.image.size
    return f"""
<li>
  <a href="{url}" target="_blank" title="Open in full size"><img src="{url}" width="{width}" height="{height}" alt="{alt}"></a>
  <p class="picture-line">
    <button type="button" data-seed="{picture.seed}" title="Reuse this seed">Seed {picture.seed}</button>
    <a href="{url}" download="{html.escape(kept.path.name)}" title="Export the picture with its settings">PNG</a>
  </p>
</li>"""
