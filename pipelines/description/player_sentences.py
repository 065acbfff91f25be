"""Sentences of a music caption about instruments and vocals."""

from __future__ import annotations

import random

from pipelines.clip.chunking import Span
from pipelines.description import music_phrases as phrases
from pipelines.description.caption_sentence import CaptionSentence, choose
from pipelines.description.findings import ClipFindings, Detection
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE, hedge
from pipelines.wording.grammar import listed, with_article
from pipelines.wording.times import clock_time

OPENING_SECONDS = 8.0
"""Length of the place that is shown where a finding has none of its own."""
MAX_PLAYERS = 3
MIN_THROUGHOUT_FRACTION = 0.8
"""Fraction of the clip with vocals from which a sentence calls them continuous."""
MIN_TIMED_VOCALS_SECONDS = 2.0
"""Duration of vocals from which their times are given."""
EDGE_SECONDS = 3.0
"""Distance from the beginning or end of the clip that counts as at it."""
SEPARATE_RATE = 0.4
"""How often instruments and vocals have a sentence each."""
SINGULAR_NAMES = ("brass", "bagpipes")


def players(findings: ClipFindings) -> list[Detection]:
    """Return the instruments; a choir only where there are vocals."""
    return [one for one in findings.detections("instrument") if one.name != "choir" or findings.has_vocals]


def certain_players(findings: ClipFindings) -> list[Detection]:
    """Return the instruments that need no hedge, at most `MAX_PLAYERS`."""
    return [one for one in players(findings) if one.confidence >= MIN_CERTAIN][:MAX_PLAYERS]


def is_plural(named: list[Detection]) -> bool:
    """Return whether the verb of these instruments is 'play'."""
    return len(named) > 1 or (named[0].name.endswith("s") and named[0].name not in SINGULAR_NAMES)


def players_and_vocals(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the sentences on instruments and vocals; where both are certain, often one on both."""
    apart = _players(findings, rng) + vocals(findings, rng)
    certain = certain_players(findings)
    if not certain or findings.vocals_probability is None or rng.random() < SEPARATE_RATE:
        return apart
    names, play = listed([one.name for one in certain]), "play" if is_plural(certain) else "plays"
    if findings.has_vocals and findings.vocals_probability >= MIN_CERTAIN:
        return [choose(rng, phrases.PLAYERS_AND_SINGER, _vocal_span(findings), when=_when(findings), players=names)]
    if findings.has_vocals is False and 1 - findings.vocals_probability >= MIN_CERTAIN:
        return [choose(rng, phrases.PLAYERS_ALONE, _place(findings, certain[0].span), players=names, play=play)]
    return apart


def vocals(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the sentence on vocals, or on their absence; none where it is not clear."""
    probability = findings.vocals_probability
    if probability is None or findings.has_vocals is None:
        return []
    if not findings.has_vocals:
        return [choose(rng, phrases.NO_VOCALS, (0.0, findings.duration), 1 - probability)]
    return [choose(rng, phrases.VOCALS, _vocal_span(findings), probability, when=_when(findings))]


def clearest_player(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    """Return the moment at which a certain instrument is clearest, if that is less than half of the clip."""
    for player in certain_players(findings):
        if player.span and not is_plural([player]) and player.span[1] - player.span[0] < findings.duration / 2:
            return [choose(rng, phrases.CLEAREST, player.span, player=player.name, time=clock_time(player.span[0]))]
    return []


def _players(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    certain = certain_players(findings)
    unsure = [one for one in players(findings) if one.confidence < MIN_CERTAIN]
    if certain:
        probable = [one for one in unsure if one.confidence >= MIN_PROBABLE][: MAX_PLAYERS - len(certain)]
        also = f", {hedge(MIN_PROBABLE)}with {listed([one.name for one in probable])}" if probable else ""
        names = listed([one.name for one in certain]) if len(certain) > 1 else _articled(certain[0].name)
        play = "play" if is_plural(certain) else "plays"
        return [choose(rng, phrases.PLAYERS, _place(findings, certain[0].span), players=names, play=play, also=also)]
    if not unsure:
        return []
    best = unsure[0]
    return [choose(rng, phrases.UNSURE_PLAYERS, _place(findings, best.span), best.confidence, players=_articled(best.name))]


def _articled(name: str) -> str:
    """Return 'a piano', but 'drums' and 'percussion'."""
    return name if name.endswith("s") or "percussion" in name else with_article(name)


def _place(findings: ClipFindings, span: Span | None) -> Span:
    return span or (0.0, min(findings.duration, OPENING_SECONDS))


def _vocal_span(findings: ClipFindings) -> Span:
    return findings.vocal_spans[0] if findings.vocal_spans else (0.0, findings.duration)


def _when(findings: ClipFindings) -> str:
    """Return when there are vocals, with a blank before it: ' from 0:12 on'."""
    spans = findings.vocal_spans
    if not spans:
        return ""
    if sum(end - start for start, end in spans) >= MIN_THROUGHOUT_FRACTION * findings.duration:
        return " throughout"
    start, end = spans[0]
    if end - start < MIN_TIMED_VOCALS_SECONDS:
        return ""
    if len(spans) == 1 and end >= findings.duration - EDGE_SECONDS:
        return f" from {clock_time(start)} on" if start >= EDGE_SECONDS else ""
    return f"{', first' if len(spans) > 1 else ''} from {clock_time(start)} to {clock_time(end)}"
