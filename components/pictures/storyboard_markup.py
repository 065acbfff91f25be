"""Markup of a storyboard."""

from __future__ import annotations

import html

from components.pictures import labels
from components.pictures.files import KeptPicture, preview_url
from components.pictures.markup import overflow_markup
from pipelines.film.storyboard_types import Scene, Storyboard, StoryboardEntry
from pipelines.wording.grammar import counted
from pipelines.wording.times import clock_time


def board_markup(now: Storyboard, kept: tuple[KeptPicture, ...]) -> str:
    """Return the scenes, those that are not drawn yet with a placeholder, and the line below."""
    scenes = [_scene(entry, picture) for entry, picture in zip(now.entries, kept, strict=True)]
    running = now.state not in ("done", "stopped")
    waiting = now.scenes[len(scenes) :] if running or not scenes else ()
    scenes += [_waiting_scene(scene, now if number == 0 else None) for number, scene in enumerate(waiting)]
    board = f'<ol class="board">{"".join(scenes)}</ol>' if scenes else ""
    return board + _summary(now, running)


def _scene(entry: StoryboardEntry, kept: KeptPicture) -> str:
    url, words = html.escape(kept.url), html.escape(", ".join(entry.concepts[:2]) or entry.prompt)
    label = f"{html.escape(entry.label)} · " if entry.label else ""
    return f"""
<li>
  <button type="button" data-seek="{entry.start:.3f}" title="{labels.PLAY_FROM_HERE}"><img src="{url}" alt="{words}"></button>
  <p class="picture-line"><span>{label}{_times(entry)}<br>{words}</span>
    <a href="{url}" download="{html.escape(kept.path.name)}" title="{labels.EXPORT_HINT}">PNG</a></p>
</li>"""


def _waiting_scene(scene: Scene, now: Storyboard | None) -> str:
    preview = now.drawing.preview if now and now.drawing else None
    sheet = f'<img src="{preview_url(preview)}" alt="{labels.PREVIEW}">' if preview else '<p class="sheet">…</p>'
    return f'<li>{sheet}<p class="picture-line"><span>{_times(scene)}</span></p></li>'


def _summary(now: Storyboard, running: bool) -> str:
    bar = f'<progress max="1" value="{now.position:.3f}" aria-label="{labels.PROGRESS}"></progress>' if running else ""
    doing = labels.PICTURES_DONE.format(len(now.entries), len(now.scenes)) if now.scenes else labels.FINDING_SCENES
    joined = labels.SCENES_JOINED.format(counted(now.joined, "scene")) if now.joined else ""
    facts = [labels.STOPPED if now.state == "stopped" else "", doing, joined]
    cut = overflow_markup(now.drawing) if now.drawing else ""
    facts += [html.escape(now.model), labels.ONE_SEED.format(now.seed), labels.TOOK.format(now.elapsed)]
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(fact for fact in facts if fact)}</p>{cut}'


def _times(segment: Scene | StoryboardEntry) -> str:
    return f"{clock_time(segment.start, 1)}–{clock_time(segment.end, 1)}"
