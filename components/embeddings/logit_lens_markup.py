"""Markup of the logit lens: the generated words, and one token in all layers."""

from __future__ import annotations

import html
from collections import Counter

import numpy as np

from components.embeddings import labels
from components.page.jobs.waiting import loading_words
from components.page.markup import fold_markup
from components.page.seekable import seek_button
from models.arrays import FloatArray
from pipelines.interpretability.logit_lens import (
    LogitLensTrace,
    TokenProb,
    TokenTrace,
)
from pipelines.interpretability.token_text import is_control
from pipelines.interpretability.tracing import LogitLensProgress
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE, sure
from pipelines.wording.grammar import share
from pipelines.wording.times import clock_time

STRIP_WIDTH, STRIP_HEIGHT = 1000, 48
"""View box of the attention curve, which is stretched over the width of the page."""
MAP_WIDTH, MAP_HEIGHT, MAP_MARGIN = 480, 280, 16
"""View box of the trajectories."""
MAX_POINTS = 500
"""Maximum number of points of the attention curve; more frames are reduced by their maximum."""


def token_words_markup(now: LogitLensProgress, chosen: int = 0) -> str:
    """Return the generated text as buttons, one per token; after the end also a table of the top token of each layer."""
    if now.trace is None or not now.trace.tokens:
        return f'<p class="empty">{_empty_message(now)}</p>'
    trace = now.trace
    words = "".join(_word(trace, index, chosen) for index in range(len(trace.words)))
    has_ended = now.state in ("done", "stopped")
    table = _grid(trace) if has_ended else ""
    return f'<p class="lens-words" role="group" aria-label="{labels.WORDS}" dir="auto">{words}</p>{table}'


def token_markup(trace: LogitLensTrace, index: int) -> str:
    """Return the markup of one token: its time, its attention to the audio, the top tokens of each layer, and its trajectory."""
    token = trace.tokens[index]
    moment = seek_button(f"▶ {clock_time(token.start, 1)}–{clock_time(token.end, 1)}", token.start, labels.PLAY_MOMENT)
    return (
        f'<h2 class="token-head">{_name(trace, index)}</h2>'
        f'<p class="token-facts">{moment} {sure(token.prob)} · {_depth(token, trace)} · '
        f"{labels.ATTENTION_SHARE.format(share(token.audio_attention))}</p>{_strip(trace, token)}"
        f'<div class="token-columns"><div class="token-scroll">{_layers(trace, token)}</div>{_trajectory(trace, index)}</div>'
    )


def lens_summary_markup(now: LogitLensProgress) -> str:
    """Return one line of markup: language, number of words, prediction depth, model, time."""
    facts = []
    if now.trace is not None:
        first = now.trace.tokens[0]
        if now.trace.language:
            facts.append(f"{html.escape(language_name(now.trace.language))} ({sure(first.prob)})")
        if now.state in ("done", "stopped"):
            facts.append(
                labels.WORDS_COUNTED.format(
                    words=len(now.trace.words), tokens=len(now.trace.tokens), depth=_common_depth(now.trace)
                )
            )
    facts.append(html.escape(labels.BY_DEVICE.format(model=now.model, dtype=now.dtype, device=now.device, licence=now.licence)))
    window = f"{clock_time(now.start, 1)}–{clock_time(now.end, 1)}"
    if now.state == "done":
        facts.append(
            labels.COMPUTED_IN.format(window=window, seconds=now.elapsed) + (labels.FROM_STORE if now.from_store else "")
        )
    elif now.state == "stopped":
        facts.append(labels.STOPPED_AT.format(position=clock_time(now.position, 1), seconds=now.elapsed))
    else:
        facts.append(labels.AT.format(position=clock_time(now.position, 1), window=window, seconds=now.elapsed))
    running = now.state in ("loading", "writing")
    length, done = now.end - now.start, max(0.0, now.position - now.start)
    bar = f'<progress max="{length:.2f}" value="{done:.2f}" aria-label="{labels.PROGRESS}"></progress>' if running else ""
    why = fold_markup(labels.WHY_MODEL, now.model_reason)
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(facts)}</p>{why}'


def language_name(code: str) -> str:
    """Return the English name of a language of Whisper."""
    return WHISPER_LANGUAGES.get(code, code)


def _empty_message(now: LogitLensProgress) -> str:
    span = labels.BETWEEN.format(clock_time(now.start, 1), clock_time(now.end, 1))
    return {
        "loading": loading_words(labels.LOADING_MODEL),
        "writing": labels.ENCODING,
        "stopped": labels.STOPPED_EARLY,
        "done": labels.NO_SPEECH.format(span),
    }[now.state]


def _word(trace: LogitLensTrace, index: int, chosen: int) -> str:
    word = trace.words[index]
    buttons = "".join(_token(trace, number, number == chosen) for number in range(word.first_token, word.end_token))
    return f'<span class="word" data-start="{word.start:.3f}" data-end="{word.end:.3f}">{buttons}</span> '


def _token(trace: LogitLensTrace, index: int, is_chosen: bool) -> str:
    token = trace.tokens[index]
    faint = " w1" if token.prob < MIN_PROBABLE else " w2" if token.prob < MIN_CERTAIN else ""
    tab, pressed = (0, "true") if is_chosen else (-1, "false")
    language = " language" if index == 0 and trace.language else ""
    return (
        f'<button type="button" class="token{faint}{language}" data-token="{index}" tabindex="{tab}" aria-pressed="{pressed}" '
        f'title="{clock_time(token.start, 1)} · {sure(token.prob)}">{_name(trace, index)}</button>'
    )


def _name(trace: LogitLensTrace, index: int) -> str:
    """Name of a token on the page; a language token at the start becomes the language's name."""
    if index == 0 and trace.language:
        return html.escape(language_name(trace.language))
    return _text(trace.tokens[index].text, trace)


def _text(text: str, trace: LogitLensTrace) -> str:
    """Return the escaped text of a token; a control token's name in brackets, with language names."""
    if is_control(text.encode()):
        name = text[2:-2]
        return html.escape(f"⟨{language_name(name) if trace.language else name}⟩")
    return html.escape(text.strip()) or "␣"


def _grid(trace: LogitLensTrace) -> str:
    """Return a table of all tokens with the top token of each layer."""
    head = "".join(f'<th scope="col">{_short(layer)}</th>' for layer in trace.layers)
    rows = []
    for token in trace.tokens:
        cells = "".join(_cell(top[0], trace, is_token=rank == 0) for top, rank in zip(token.top_tokens, token.ranks, strict=True))
        rows.append(f'<tr><th scope="row">{_text(token.text, trace)}</th>{cells}</tr>')
    return (
        f'<details class="why"><summary>{labels.ALL_TOKENS}</summary><div class="token-scroll token-all" tabindex="0">'
        f'<table class="lens"><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div></details>'
    )


def _layers(trace: LogitLensTrace, token: TokenTrace) -> str:
    """Return a table of the layers and their top tokens; the prediction depth is marked."""
    rows = []
    for number, (layer, top, rank) in enumerate(zip(trace.layers, token.top_tokens, token.ranks, strict=True)):
        cells = "".join(_cell(one, trace, is_token=one.text == token.text) for one in top)
        step = f"{token.step_norms[number - 1]:.0f}" if number else ""
        mark = f' class="formed" title="{labels.PREDICTION_DEPTH}"' if number == token.prediction_depth else ""
        rows.append(
            f'<tr{mark}><th scope="row">{layer}</th><td class="rank">{rank + 1:,}</td>{cells}'
            f'<td class="rank wide">{step}</td><td class="rank wide">{token.final_similarity[number]:.2f}</td></tr>'
        )
    count = len(token.top_tokens[0])
    return (
        f'<table class="lens"><thead><tr><th></th><th scope="col" class="rank" title="{labels.ABOUT_RANK}">{labels.RANK}</th>'
        f'<th scope="colgroup" colspan="{count}">{labels.TOP_TOKENS}</th>'
        f'<th scope="col" class="rank wide" title="{labels.ABOUT_STEP}">{labels.STEP}</th>'
        f'<th scope="col" class="rank wide" title="{labels.ABOUT_COSINE}">{labels.COSINE}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(top: TokenProb, trace: LogitLensTrace, is_token: bool) -> str:
    kind = ' class="own"' if is_token else ""
    title = f"{html.escape(top.text)} · {100 * top.prob:.1f} %"
    return f'<td{kind} style="--level:{top.prob:.3f}" title="{title}">{_text(top.text, trace)}</td>'


def _short(layer: str) -> str:
    return layer.removeprefix("Layer ")


def _depth(token: TokenTrace, trace: LogitLensTrace) -> str:
    layer = trace.layers[token.prediction_depth]
    count = labels.OF_LAYERS.format(len(trace.layers) - 1) if token.prediction_depth else ""
    return labels.TOP_FROM.format(layer=layer.lower(), count=count)


def _common_depth(trace: LogitLensTrace) -> str:
    layer, count = Counter(token.prediction_depth for token in trace.tokens).most_common(1)[0]
    return labels.COMMON_DEPTH.format(layer=trace.layers[layer].lower(), share=share(count / len(trace.tokens)))


def _strip(trace: LogitLensTrace, token: TokenTrace) -> str:
    """Return the attention over the window; a click plays from there."""
    heights = _reduced(token.attention) / token.attention.max()
    step = STRIP_WIDTH / len(heights)
    line = " ".join(f"{step * (at + 0.5):.1f},{STRIP_HEIGHT * (1 - height):.1f}" for at, height in enumerate(heights))
    start, end = trace.start, trace.start + len(token.attention) * trace.frame_seconds
    title = labels.ATTENTION_SPAN.format(clock_time(start, 1), clock_time(end, 1), clock_time(token.start, 1))
    return (
        f'<div class="token-strip" data-from="{start:.3f}" data-to="{end:.3f}" title="{labels.PLAY_FROM_HERE}">'
        f'<svg viewBox="0 0 {STRIP_WIDTH} {STRIP_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">'
        f'<polygon points="0,{STRIP_HEIGHT} {line} {STRIP_WIDTH},{STRIP_HEIGHT}"/></svg></div>'
        f'<p class="ends"><span>{clock_time(start, 1)}</span><span>{labels.AUDIO_ATTENTION}</span>'
        f"<span>{clock_time(end, 1)}</span></p>"
    )


def _reduced(attention: FloatArray) -> FloatArray:
    width = -(-len(attention) // MAX_POINTS)
    return np.maximum.reduceat(attention, np.arange(0, len(attention), width))


def _trajectory(trace: LogitLensTrace, index: int) -> str:
    """Return the trajectory of the token through the layers, over those of all others."""
    points = np.stack([token.trajectory for token in trace.tokens])
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    room = np.array([MAP_WIDTH, MAP_HEIGHT]) - 2 * MAP_MARGIN
    scale = float(np.min(room / np.maximum(high - low, 1e-6)))
    shift = MAP_MARGIN + (room - scale * (high - low)) / 2
    drawn = (points - low) * scale + shift
    others = "".join(f'<polyline points="{_points(path)}"/>' for number, path in enumerate(drawn) if number != index)
    token, path = trace.tokens[index], drawn[index]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"{" class=last" if number == len(path) - 1 else ""}>'
        f"<title>{trace.layers[number]}: {html.escape(token.top_tokens[number][0].text)}</title></circle>"
        f'<text x="{x + 8:.1f}" y="{y - 6:.1f}">{number}</text>'
        for number, (x, y) in enumerate(path)
    )
    return (
        f'<figure class="token-map"><svg viewBox="0 0 {MAP_WIDTH} {MAP_HEIGHT}" role="img" '
        f'aria-label="{labels.TRAJECTORY}"><g class="others">{others}</g>'
        f'<polyline points="{_points(path)}"/>{dots}</svg>'
        f"<figcaption>{labels.ABOUT_TRAJECTORY}</figcaption></figure>"
    )


def _points(path: FloatArray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
