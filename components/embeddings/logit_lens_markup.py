"""Words on their way through the layers of a model, as the person sees them."""

from __future__ import annotations

import html
from collections import Counter

import numpy as np

from components.page.seekable import seek_button
from models.arrays import FloatArray
from pipelines.interpretability.follow_words import FollowedWords
from pipelines.interpretability.logit_lens import (
    Near,
    TokenPath,
    TokenPaths,
)
from pipelines.interpretability.token_text import is_control
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.wording.times import clock_time

UNSURE = 0.5
DOUBTFUL = 0.8
"""Probabilities below which a word is shown fainter, as in a transcript."""
STRIP_WIDTH, STRIP_HEIGHT = 1000, 48
"""Of the attention, in units of its drawing, which is stretched over the width of the page."""
MAP_WIDTH, MAP_HEIGHT, MAP_MARGIN = 480, 280, 16
MAX_POINTS = 500
"""Points of the drawn attention: more than a screen shows are joined by their maximum."""


def words_markup(now: FollowedWords, chosen: int = 0) -> str:
    """What was written, token by token; when that is all, also a table of what each layer would have written."""
    if now.paths is None or not now.paths.tokens:
        return f'<p class="empty">{_nothing_yet(now)}</p>'
    paths = now.paths
    words = "".join(_word(paths, index, chosen) for index in range(len(paths.words)))
    is_whole = now.state in ("done", "stopped")
    return f'<p class="followed" role="group" aria-label="Words" dir="auto">{words}</p>{_grid(paths) if is_whole else ""}'


def token_markup(paths: TokenPaths, index: int) -> str:
    """One token: its moment, its attention over the sound, what each layer would have written, and its path."""
    token = paths.tokens[index]
    moment = seek_button(f"▶ {clock_time(token.start, 1)}–{clock_time(token.end, 1)}", token.start, "Play this moment")
    return (
        f'<h3 class="token-head">{_name(paths, index)}</h3>'
        f'<p class="token-facts">{moment} {token.probability:.0%} sure · {_leads(token, paths)} · {token.heard:.0%} of its '
        f"attention went to the sound</p>{_strip(paths, token)}"
        f'<div class="token-columns"><div class="token-scroll">{_layers(paths, token)}</div>{_map(paths, index)}</div>'
    )


def summary_markup(now: FollowedWords) -> str:
    """One line: how far, in which language, where words form, by which model, in what time."""
    facts = []
    if now.paths is not None:
        first = now.paths.tokens[0]
        if now.paths.language:
            facts.append(f"{language_name(now.paths.language)} ({first.probability:.2f})")
        if now.state in ("done", "stopped"):
            facts.append(f"{len(now.paths.words)} words in {len(now.paths.tokens)} tokens, {_where_words_form(now.paths)}")
    facts.append(f"{html.escape(now.model)}, {now.dtype} on {now.device}, {html.escape(now.licence)}")
    heard = f"{clock_time(now.start, 1)}–{clock_time(now.end, 1)}"
    if now.state == "done":
        facts.append(f"{heard} in {now.elapsed:.1f} s{', computed before' if now.from_store else ''}")
    elif now.state == "stopped":
        facts.append(f"stopped at {clock_time(now.position, 1)} after {now.elapsed:.1f} s")
    else:
        facts.append(f"{clock_time(now.position, 1)} of {heard}, {now.elapsed:.1f} s")
    running = now.state in ("loading", "writing")
    length, done = now.end - now.start, max(0.0, now.position - now.start)
    bar = f'<progress max="{length:.2f}" value="{done:.2f}" aria-label="Progress"></progress>' if running else ""
    why = f'<details class="why"><summary>Why this model</summary>{html.escape(now.model_reason)}</details>'
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(facts)}</p>{why}'


def language_name(code: str) -> str:
    """English name of a language of Whisper."""
    return WHISPER_LANGUAGES.get(code, code)


def _nothing_yet(now: FollowedWords) -> str:
    span = f"between {clock_time(now.start, 1)} and {clock_time(now.end, 1)}"
    return {
        "loading": "Getting the model ready …",
        "writing": "Listening …",
        "stopped": "Stopped before anything was written.",
        "done": f"Nobody speaks {span}, so there are no words to follow.",
    }[now.state]


def _word(paths: TokenPaths, index: int, chosen: int) -> str:
    word = paths.words[index]
    buttons = "".join(_token(paths, number, number == chosen) for number in range(word.first, word.last))
    return f'<span class="word" data-start="{word.start:.3f}" data-end="{word.end:.3f}">{buttons}</span> '


def _token(paths: TokenPaths, index: int, is_chosen: bool) -> str:
    token = paths.tokens[index]
    faint = " w1" if token.probability < UNSURE else " w2" if token.probability < DOUBTFUL else ""
    tab, pressed = (0, "true") if is_chosen else (-1, "false")
    language = " language" if index == 0 and paths.language else ""
    return (
        f'<button type="button" class="token{faint}{language}" data-token="{index}" tabindex="{tab}" aria-pressed="{pressed}" '
        f'title="{clock_time(token.start, 1)} · {token.probability:.0%} sure">{_name(paths, index)}</button>'
    )


def _name(paths: TokenPaths, index: int) -> str:
    """A written token; the language that was heard first by its name."""
    if index == 0 and paths.language:
        return language_name(paths.language)
    return _shown(paths.tokens[index].text, paths)


def _shown(text: str, paths: TokenPaths) -> str:
    """The text of a token; of a control token its name in brackets, with languages written out."""
    if is_control(text.encode()):
        name = text[2:-2]
        return html.escape(f"⟨{language_name(name) if paths.language else name}⟩")
    return html.escape(text.strip()) or "␣"


def _grid(paths: TokenPaths) -> str:
    """All tokens, and what each layer would have written in their place."""
    head = "".join(f'<th scope="col">{_short(layer)}</th>' for layer in paths.layers)
    rows = []
    for token in paths.tokens:
        cells = "".join(_cell(near[0], paths, leads=rank == 0) for near, rank in zip(token.nearest, token.ranks, strict=True))
        rows.append(f'<tr><th scope="row">{_shown(token.text, paths)}</th>{cells}</tr>')
    return (
        '<details class="why"><summary>All words, layer by layer</summary><div class="token-scroll token-all" tabindex="0">'
        f'<table class="lens"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div></details>'
    )


def _layers(paths: TokenPaths, token: TokenPath) -> str:
    """Layers and their likeliest tokens; the layer from which on the token leads is marked."""
    rows = []
    for number, (layer, near, rank) in enumerate(zip(paths.layers, token.nearest, token.ranks, strict=True)):
        cells = "".join(_cell(other, paths, leads=other.text == token.text) for other in near)
        step = f"{token.steps[number - 1]:.0f}" if number else ""
        mark = ' class="formed" title="From here on this token leads"' if number == token.formed else ""
        rows.append(
            f'<tr{mark}><th scope="row">{layer}</th><td class="rank">{rank + 1:,}</td>{cells}'
            f'<td class="rank wide">{step}</td><td class="rank wide">{token.nearness[number]:.2f}</td></tr>'
        )
    count = len(token.nearest[0])
    return (
        '<table class="lens"><thead><tr><th></th><th scope="col" class="rank" title="Of this token among all">Place</th>'
        f'<th scope="colgroup" colspan="{count}">Would write, likeliest first</th>'
        '<th scope="col" class="rank wide" title="Distance from the layer before">Step</th>'
        '<th scope="col" class="rank wide" title="Cosine to the last layer">Nearness</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(near: Near, paths: TokenPaths, leads: bool) -> str:
    kind = ' class="own"' if leads else ""
    return (
        f'<td{kind} style="--share:{near.probability:.3f}" title="{html.escape(near.text)} · {near.probability:.1%}">'
        f"{_shown(near.text, paths)}</td>"
    )


def _short(layer: str) -> str:
    return layer.removeprefix("Layer ")


def _leads(token: TokenPath, paths: TokenPaths) -> str:
    layer = paths.layers[token.formed]
    return "leads from the embedding on" if token.formed == 0 else f"leads from {layer.lower()} of {len(paths.layers) - 1} on"


def _where_words_form(paths: TokenPaths) -> str:
    layer, count = Counter(token.formed for token in paths.tokens).most_common(1)[0]
    return f"most often formed in {paths.layers[layer].lower()} ({count / len(paths.tokens):.0%})"


def _strip(paths: TokenPaths, token: TokenPath) -> str:
    """The attention over the window; a click plays that place."""
    heights = _thinned(token.attention) / token.attention.max()
    step = STRIP_WIDTH / len(heights)
    line = " ".join(f"{step * (at + 0.5):.1f},{STRIP_HEIGHT * (1 - height):.1f}" for at, height in enumerate(heights))
    start, end = paths.start, paths.start + len(token.attention) * paths.frame_seconds
    title = f"Attention to the sound from {clock_time(start, 1)} to {clock_time(end, 1)}; highest at {clock_time(token.start, 1)}"
    return (
        f'<div class="token-strip" data-from="{start:.3f}" data-to="{end:.3f}" title="Click plays from there">'
        f'<svg viewBox="0 0 {STRIP_WIDTH} {STRIP_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<polygon points="0,{STRIP_HEIGHT} {line} {STRIP_WIDTH},{STRIP_HEIGHT}"/></svg></div>'
        f'<p class="ends"><span>{clock_time(start, 1)}</span><span>attention to the sound</span>'
        f"<span>{clock_time(end, 1)}</span></p>"
    )


def _thinned(attention: FloatArray) -> FloatArray:
    width = -(-len(attention) // MAX_POINTS)
    return np.maximum.reduceat(attention, np.arange(0, len(attention), width))


def _map(paths: TokenPaths, index: int) -> str:
    """The path of the token through the layers, over those of all others."""
    everything = np.stack([token.path for token in paths.tokens])
    low, high = everything.min(axis=(0, 1)), everything.max(axis=(0, 1))
    room = np.array([MAP_WIDTH, MAP_HEIGHT]) - 2 * MAP_MARGIN
    scale = float(np.min(room / np.maximum(high - low, 1e-6)))
    shift = MAP_MARGIN + (room - scale * (high - low)) / 2
    drawn = (everything - low) * scale + shift
    others = "".join(f'<polyline points="{_points(path)}"/>' for number, path in enumerate(drawn) if number != index)
    token, path = paths.tokens[index], drawn[index]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"{" class=last" if number == len(path) - 1 else ""}>'
        f"<title>{paths.layers[number]}: {html.escape(token.nearest[number][0].text)}</title></circle>"
        f'<text x="{x + 8:.1f}" y="{y - 6:.1f}">{number}</text>'
        for number, (x, y) in enumerate(path)
    )
    return (
        f'<figure class="token-map"><svg viewBox="0 0 {MAP_WIDTH} {MAP_HEIGHT}" role="img" '
        f'aria-label="Path of the token through the layers"><g class="others">{others}</g>'
        f'<polyline points="{_points(path)}"/>{dots}</svg>'
        "<figcaption>From the embedding (0) to the last layer, in the two widest directions of all words; the others are "
        "faint.</figcaption></figure>"
    )


def _points(path: FloatArray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
