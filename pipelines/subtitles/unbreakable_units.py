"""The text of segments in pieces that stay whole, with their times and the cost of a break after each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipelines.speech.transcript import Segment
from pipelines.subtitles.cue_options import CueOptions, LineLimits, line_limits
from pipelines.wording.writing_systems import (
    are_unspaced,
    display_width,
    is_one_word,
    katakana_runs,
    may_break,
    meet_without_space,
)

PAUSE_MS = 400
"""A silence that ends a clause."""

CLAUSE_COST = 3.0
"""Cost of a break after a clause; after a sentence it is free."""
WORD_COST = 8.0
"""Cost of a break after a word."""
SHORT_WORD_COST = 12.0
"""Cost of a break after an article or a preposition."""

_SENTENCE_ENDS = frozenset(".!?…。！？｡؟۔।॥။។")
_CLAUSE_ENDS = frozenset(",;:،؛，、；：—–")
_CLOSERS = "\"'”’»)]}」』）】〉》"
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "etc.", "e.g.", "i.e.", "bzw.", "nr.", "mme."})

_NO_BREAK_SPACES = frozenset("\u00a0\u2007\u202f")
_DIRECTION_PAIRS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_PLAIN: dict[int, str | None] = {
    **{code: " " if chr(code).isspace() else None for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{code: " " for code in range(0xA0, 0x3001) if chr(code).isspace() and chr(code) not in _NO_BREAK_SPACES},
    **dict.fromkeys((*_DIRECTION_PAIRS, 0xFEFF)),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


@dataclass(frozen=True)
class CueWord:
    """A word of a cue, with its start."""

    start_ms: int
    text: str
    spaced: bool
    """Whether a space stands before it."""
    measured: bool
    """Whether the model gave the time; else it is estimated from the place in the segment."""


@dataclass(frozen=True)
class Atom:
    """Text that no break may divide: usually one word with its punctuation."""

    words: tuple[CueWord, ...]
    end_ms: int
    width: int
    """Visible characters, without the space before it."""
    limits: LineLimits
    """Those of its language."""
    ends_segment: bool = False
    break_cost: float = 0.0
    """Cost of ending a line or a cue after it."""
    must_break: bool = False
    speaker: str = ""

    @property
    def start_ms(self) -> int:
        """When it is spoken."""
        return self.words[0].start_ms

    @property
    def text(self) -> str:
        """Its words in one line."""
        return line_text(self.words)

    @property
    def spaced(self) -> bool:
        """Whether a space stands before it."""
        return self.words[0].spaced


@dataclass(frozen=True)
class _Token:
    """A piece of a segment's text, with its times in seconds as they came."""

    start: float
    end: float
    text: str
    at: int
    """Index of its first character in the segment's text."""
    spaced: bool
    measured: bool


def make_atoms(segments: Iterable[Segment], duration_ms: int, options: CueOptions) -> list[Atom]:
    """Return all text in order, in pieces that stay whole, with starts that never fall and lie within the clip."""
    atoms: list[Atom] = []
    now_ms = 0
    for segment in segments:
        text = plain_text(segment.text)
        limits = line_limits(options, segment.language)
        tokens = _tokens(text, segment)
        if atoms and tokens:
            atoms[-1] = replace(atoms[-1], ends_segment=True)
            tokens[0] = replace(tokens[0], spaced=not meet_without_space(atoms[-1].text, tokens[0].text))
        katakana = [run for run in katakana_runs(text) if run[1] - run[0] <= limits.characters_a_line]
        for place, token in enumerate(tokens):
            now_ms = min(max(now_ms, round(token.start * 1000)), duration_ms)
            word = CueWord(now_ms, token.text, token.spaced, token.measured)
            end_ms = min(max(now_ms, round(token.end * 1000)), duration_ms)
            width = display_width(token.text)
            in_katakana = any(first < token.at < end for first, end in katakana)
            if place and (in_katakana or is_one_word(atoms[-1].text, token.text, token.spaced)):
                before = atoms.pop()
                atoms.append(
                    replace(before, words=(*before.words, word), end_ms=end_ms, width=before.width + token.spaced + width)
                )
            else:
                atoms.append(Atom((word,), end_ms, width, limits, speaker=segment.speaker))
    return [_with_break(atom, after, options) for atom, after in pairwise(atoms)] + atoms[-1:]


def _tokens(text: str, segment: Segment) -> list[_Token]:
    """Return the words of a segment; pieces with estimated times where they do not spell its `text`."""
    tokens, at = [], 0
    for word in segment.words:
        if spelled := plain_text(word.text):
            spaced = text.startswith(" ", at)
            at += spaced
            if not text.startswith(spelled, at):
                return _estimated_tokens(text, segment)
            tokens.append(_Token(word.start, word.end, spelled, at, spaced, True))
            at += len(spelled)
    return tokens if at == len(text) else _estimated_tokens(text, segment)


def _estimated_tokens(text: str, segment: Segment) -> list[_Token]:
    """Return pieces of `text`, each with the part of the segment's time that its place in the text has."""
    starts = [i for i in range(len(text)) if text[i] != " " and (i == 0 or text[i - 1] == " " or may_break(text[i - 1], text[i]))]
    seconds_a_character = (segment.end - segment.start) / max(len(text), 1)
    return [
        _Token(
            segment.start + seconds_a_character * start,
            segment.start + seconds_a_character * end,
            text[start:end].rstrip(" "),
            start,
            text[start - 1 : start] == " ",
            False,
        )
        for start, end in pairwise([*starts, len(text)])
    ]


def _with_break(atom: Atom, after: Atom, options: CueOptions) -> Atom:
    """Return `atom` with the cost of a break between it and the one after it."""
    silence_ms = after.start_ms - atom.end_ms
    cost = _break_cost(atom.text, after.text, after.spaced)
    if atom.ends_segment or silence_ms >= PAUSE_MS:
        cost = min(cost, CLAUSE_COST)
    parted = (atom.limits, atom.speaker) != (after.limits, after.speaker) or (atom.ends_segment and not options.merge_segments)
    return replace(atom, break_cost=cost, must_break=parted or silence_ms >= options.split_at_silence_seconds * 1000)


def _break_cost(before: str, after: str, spaced: bool) -> float:
    bare = before.rstrip(_CLOSERS)
    if bare[-1:] in _SENTENCE_ENDS and bare.lower() not in _ABBREVIATIONS and not after[0].islower():
        return 0.0
    if bare[-1:] in _CLAUSE_ENDS or (spaced and are_unspaced(before[-1], after[0])):
        return CLAUSE_COST
    return SHORT_WORD_COST if spaced and len(before) <= 3 else WORD_COST


def plain_text(text: str) -> str:
    """Return `text` as one line that any text file can hold.

    White space becomes one space (no-break spaces stay); controls go, and so do the pairs that turn the writing direction,
    which a line break would tear apart (the marks LRM, RLM and ALM stay); half a surrogate pair becomes U+FFFD.
    """
    return re.sub(r"\s* \s*", " ", text.translate(_PLAIN)).strip()


def line_text(words: Sequence[CueWord], spell: Callable[[CueWord], str] = lambda word: word.text) -> str:
    """Return the words in one line, each written as `spell` writes it."""
    return "".join(" " * (word.spaced and place > 0) + spell(word) for place, word in enumerate(words))
