"""Markup of pictures: the preview, the gallery, the concepts, and the line that says how they were made."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from components.page.jobs.waiting import loading_words
from components.page.markup import chips_markup, fold_markup, short_licences
from components.pictures import labels
from components.pictures.files import DrawnPicture, KeptPicture, drawn_picture, file_url, preview_url
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import ConceptWeight, Drawing
from pipelines.wording.certainty import sure
from pipelines.wording.grammar import listed, share
from pipelines.wording.times import clock_time

MIN_CLEAR_WEIGHT = 0.8
"""Weight of the first concept from which it is clear. Of 16 sounds tried the first was wrong for three, with weights of 0.46 to
0.54, and right from 0.77 on."""
MAX_QUOTED_CHARACTERS = 300
"""Words that had no effect are quoted up to this length, from both ends."""


def pictures_markup(now: Drawing, kept: tuple[KeptPicture, ...], asked: int = 1) -> str:
    """Return the finished pictures with seed and file, then the preview of the one that is being drawn or was stopped.

    `asked`: the number of pictures to leave room for.
    """
    figures = [_figure(drawn_picture(each)) for each in kept]
    if now.preview and now.picture > len(kept):
        figures.append(f'<li><img src="{preview_url(now.preview)}" alt="{labels.PREVIEW_OF_STEP.format(now.step)}"></li>')
    elif not figures:
        figures.append(f'<li><p class="sheet">{loading_words(labels.WAITING.get(now.state, ""))}</p></li>')
    return f'<ul class="pictures" data-asked="{asked}">{"".join(figures)}</ul>'


def drawn_markup(pictures: Sequence[DrawnPicture]) -> str:
    """Return finished pictures with seed and file."""
    return f'<ul class="pictures" data-asked="{len(pictures)}">{"".join(map(_figure, pictures))}</ul>'


def concepts_markup(now: Drawing) -> str:
    """Return the concepts of the audio embeds as chips; where the first is not clear, the others are buttons that draw them."""
    unsure = f'<p class="summary" role="status">{_unsure(now)}</p>' if now.is_unsure else ""
    if not now.concepts:
        return unsure
    if not now.is_unsure and now.concepts[0].weight >= MIN_CLEAR_WEIGHT:
        return chips_markup(labels.CONCEPTS, [(each.concept, min(1.0, each.weight)) for each in now.concepts])
    first, *others = now.concepts
    chips = "".join(_alternative(each) for each in others)
    drawn = (
        f'<li style="--level:{min(1.0, first.weight):.2f}">{html.escape(first.concept)} <span>{share(first.weight)}</span></li>'
    )
    hint = f'<p class="summary">{labels.OTHER_CONCEPTS if others else labels.ONLY_CONCEPT}</p>'
    return f'<div class="chips"><h2>{labels.CONCEPTS}</h2><ul>{drawn}{chips}</ul></div>{unsure or hint}'


def _unsure(now: Drawing) -> str:
    certainty = sure(now.certainty or 0.0)
    return labels.UNSURE.format(certainty=certainty, prompt=html.escape(now.prompt)) if now.prompt else labels.UNSURE_YET


def _alternative(concept: ConceptWeight) -> str:
    name = html.escape(concept.concept)
    return (
        f'<li><button type="button" data-concept="{name}" style="--level:{min(1.0, concept.weight):.2f}" '
        f'title="{labels.DRAW_INSTEAD.format(concept=name)}">{name} <span>{share(concept.weight)}</span></button></li>'
    )


def drawing_summary(now: Drawing) -> str:
    """Return one line: progress, segment, models, licences, seeds, number format, device, time."""
    running = now.state not in ("done", "stopped")
    bar = _progress(now) if running else ""
    step = labels.STEP_OF.format(now.step, now.steps) if now.step else ""
    stopped = labels.STOPPED_AT.format(step) if step else labels.STOPPED
    doing = {"drawing": step, "done": "", "stopped": stopped}.get(now.state, now.state)
    window = labels.SEGMENT_SHOWN.format(clock_time(now.start, 1), clock_time(now.end, 1)) if now.end else ""
    facts = [
        doing,
        window,
        html.escape(now.model),
        html.escape(short_licences(now.licence)),
        _seeds([picture.seed for picture in now.pictures]),
        html.escape(labels.ON_DEVICE.format(dtype=now.dtype, device=now.device)) if now.device else "",
        labels.TOOK.format(now.elapsed),
    ]
    why = fold_markup(labels.WHY_MODEL, now.model_reason, now.licence)
    line = f'<p class="summary" data-state="{now.state}">{" · ".join(part for part in facts if part)}</p>'
    return f"{bar}{line}{overflow_markup(now)}{why}"


def overflow_markup(now: Drawing) -> str:
    """Return a line for each prompt that is longer than the text encoder takes, with the words that had no effect."""
    cut = {labels.PROMPT_OVERFLOW: now.prompt_overflow, labels.NEGATIVE_PROMPT_OVERFLOW: now.negative_prompt_overflow}
    return "".join(
        f'<p class="overflow" role="status">{sentence.format(words=html.escape(_quoted(words)))}</p>'
        for sentence, words in cut.items()
        if words
    )


def _quoted(words: str) -> str:
    """Return the words, or their start and their end if they are many."""
    half = MAX_QUOTED_CHARACTERS // 2
    return (
        words if len(words) <= MAX_QUOTED_CHARACTERS else f"{words[:half].rsplit(' ', 1)[0]} … {words[-half:].split(' ', 1)[-1]}"
    )


def foreign_markup(foreign: ForeignSettings) -> str:
    """Return the sentences that say what was restored from a file of another tool, and what was not."""
    titles = {"negative_prompt": "negative prompt", "guidance_scale": "guidance scale", "scheduler": "scheduler"}
    restored = listed([titles.get(name, name) for name, value in foreign.values.items() if value != ""])
    text = "; the picture is based on text" if foreign.prompt else ""
    left_out = f" Not restored: {html.escape(', '.join(foreign.left_out))}." if foreign.left_out else ""
    return f'<p class="summary" role="status">Restored from {foreign.tool}: {restored}{text}.{left_out}</p>'


def _seeds(seeds: list[int]) -> str:
    """Return 'seed 7', 'seeds 7 to 9', or all of them where the last seed is followed by 0."""
    if len(seeds) > 1 and seeds[-1] > seeds[0]:
        return labels.SEED_RANGE.format(seeds[0], seeds[-1])
    named = labels.SEEDS if len(seeds) > 1 else labels.ONE_SEED
    return named.format(", ".join(map(str, seeds))) if seeds else ""


def _progress(now: Drawing) -> str:
    value = f' value="{now.step}"' if now.step else ""
    return f'<progress max="{max(1, now.steps)}"{value} aria-label="{labels.PROGRESS}"></progress>'


def gallery_markup(pictures: Sequence[DrawnPicture]) -> str:
    """Return the pictures of earlier runs, the latest first."""
    if not pictures:
        return ""
    figures = "".join(_figure(picture) for picture in reversed(pictures))
    return (
        f'<h2 class="gallery-title">{labels.EARLIER} <span>{len(pictures)}</span></h2><ul class="pictures gallery">{figures}</ul>'
    )


def _figure(picture: DrawnPicture) -> str:
    url, name = html.escape(file_url(Path(picture.path))), html.escape(Path(picture.path).name)
    alt = html.escape(picture.words)
    return f"""
<li>
  <a href="{url}" target="_blank" title="{labels.OPEN}"><img src="{url}" width="{picture.width}" height="{picture.height}"
    alt="{alt}" loading="lazy"></a>
  <p class="picture-line">
    <button type="button" data-seed="{picture.seed}" title="{labels.REUSE_SEED}">{labels.SEED} {picture.seed}</button>
    <button type="button" data-vary="{html.escape(picture.path)}" title="{labels.VARIATIONS_HINT}">{labels.VARIATIONS}</button>
    <a href="{url}" download="{name}" title="{labels.EXPORT_HINT}">PNG</a>
  </p>
</li>"""
