"""The offline captions of music: kind of piece, players and vocals, harmony and form."""

from __future__ import annotations

import random

from pipelines.description import music_phrases as phrases
from pipelines.description.caption_sentence import CaptionSentence, choose
from pipelines.description.findings import ClipFindings
from pipelines.description.harmony_sentences import chord_ends, chord_pace, main_chords
from pipelines.description.music_opening import opening_sentence
from pipelines.description.player_sentences import clearest_player, players_and_vocals, vocals
from pipelines.music.decisions import level, spread
from pipelines.wording.certainty import MIN_PROBABLE
from pipelines.wording.grammar import counted
from pipelines.wording.times import clock_time, length

MAX_PARTS = 8
"""Maximum number of sections of a clip whose form is described."""
RETURNS_RATE = 0.6
"""How often the form is described by its letters where a section returns."""


def music_sentences(findings: ClipFindings, rng: random.Random, max_sentences: int = 4) -> list[CaptionSentence]:
    """Return two to `max_sentences` sentences on the music of a clip."""
    opening, names_players = opening_sentence(findings, rng)
    result = vocals(findings, rng) if names_players else players_and_vocals(findings, rng)
    details = [*main_chords(findings, rng), *_form(findings, rng)]
    rng.shuffle(details)
    extras = [*chord_ends(findings, rng), *chord_pace(findings, rng), *clearest_player(findings, rng), *_loudness(findings, rng)]
    rng.shuffle(extras)
    result += details[: max(1, 3 - len(result))]
    result += extras[: max(0, 2 - len(result))]
    if not result:
        result = [choose(rng, phrases.LENGTHS, (0.0, findings.duration), length=length(findings.duration))]
    return [opening, *result][:max_sentences]


def _form(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    sections = findings.facts.sections if findings.facts else ()
    if not 2 <= len(sections) <= MAX_PARTS:
        return []
    confidence = sum(section.confidence for section in sections if section.confidence is not None) / len(sections)
    if confidence < MIN_PROBABLE:
        return []
    span, parts = (sections[1].start, sections[1].end), counted(len(sections), "part")
    labels = "".join(section.label for section in sections)
    if len(set(labels)) < len(labels) and rng.random() < RETURNS_RATE:
        return [choose(rng, phrases.RETURNS, span, confidence, parts=parts, plan=labels)]
    templates = phrases.TWO_PARTS if len(sections) == 2 else phrases.MANY_PARTS
    return [choose(rng, templates, span, confidence, parts=parts, time=clock_time(sections[1].start))]


def _loudness(findings: ClipFindings, rng: random.Random) -> list[CaptionSentence]:
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None or loudness.integrated_lufs is None:
        return []
    varies = spread(loudness.range_lu) if loudness.range_lu is not None else "moderate"
    templates = phrases.LEVELS[level(loudness.integrated_lufs)] if varies != "wide" else ()
    templates = templates or phrases.SPREADS[varies]
    return [choose(rng, templates, (0.0, findings.duration))] if templates else []
