"""Pictures as the person sees them: the preview, the gallery, what was heard, and the line that says how it was made."""

from __future__ import annotations

import html

from components.page.markup import chips_markup
from components.pictures.files import KeptPicture, preview_url
from pipelines.pictures.options import Drawing
from pipelines.wording.times import clock_time

WAITING = {
    "loading": "Getting the model ready …",
    "listening": "Listening …",
    "drawing": "Drawing …",
    "stopped": "Stopped before there was anything to see.",
}


def pictures_markup(now: Drawing, kept: tuple[KeptPicture, ...], asked: int = 1) -> str:
    """Every finished picture with its seed and its file, then the one that is being drawn, or was when it was stopped.

    `asked`: for how many pictures there is to be room.
    """
    figures = [_figure(each) for each in kept]
    if now.preview and now.picture > len(kept):
        figures.append(f'<li><img src="{preview_url(now.preview)}" alt="Preview of step {now.step}"></li>')
    elif not figures:
        figures.append(f'<li><p class="sheet">{WAITING.get(now.state, "")}</p></li>')
    return f'<ul class="pictures" data-asked="{asked}">{"".join(figures)}</ul>'


def heard_markup(now: Drawing) -> str:
    """The words of which the sound's states are made, as chips."""
    return chips_markup("Heard", [(word.concept, min(1.0, word.share)) for word in now.heard]) if now.heard else ""


def drawing_summary(now: Drawing) -> str:
    """One line: how far, from which part of the sound, by which models, in what time."""
    running = now.state not in ("done", "stopped")
    bar = _progress(now) if running else ""
    step = f"step {now.step} of {now.steps}" if now.step else ""
    doing = {"drawing": step, "done": "", "stopped": f"stopped at {step}" if step else "stopped"}.get(now.state, now.state)
    window = f"heard {clock_time(now.start, 1)}–{clock_time(now.end, 1)}" if now.end else ""
    facts = [
        doing,
        window,
        html.escape(now.model),
        html.escape(now.aligner),
        ", ".join(dict.fromkeys(html.escape(licence.split(" (")[0]) for licence in now.licences)),
        _seeds([picture.seed for picture in now.pictures]),
        f"{now.dtype} on {now.device}" if now.device else "",
        f"{now.elapsed:.1f} s",
    ]
    told = [now.model_reason, *now.licences]
    why = f'<details class="why"><summary>Why this model, and its licence</summary>{html.escape("; ".join(told))}</details>'
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(part for part in facts if part)}</p>{why}'


def _seeds(seeds: list[int]) -> str:
    """They follow each other."""
    return f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else "".join(f"seed {seed}" for seed in seeds)


def _progress(now: Drawing) -> str:
    value = f' value="{now.step}"' if now.step else ""
    return f'<progress max="{max(1, now.steps)}"{value} aria-label="Progress"></progress>'


def _figure(kept: KeptPicture) -> str:
    picture, settings, url = kept.picture, kept.picture.settings, html.escape(kept.url)
    words = (text for text in (settings.prompt or "", *settings.heard[:1], settings.own_words, settings.style) if text)
    alt = html.escape(", ".join(words))
    width, height = picture.image.size
    return f"""
<li>
  <a href="{url}" target="_blank" title="Open in full size"><img src="{url}" width="{width}" height="{height}" alt="{alt}"></a>
  <p class="picture-line">
    <button type="button" data-seed="{picture.seed}" title="Draw with this seed again">Seed {picture.seed}</button>
    <a href="{url}" download="{html.escape(kept.path.name)}" title="With all settings inside">PNG</a>
  </p>
</li>"""
