"""Subtitle cues from a transcription: where the text breaks, and how long each cue shows.

Text is laid out as TeX lays out paragraphs: among all ways to cut it, the one with the least cost wins, so that a cue never
leaves a lone word to the next one. Times are whole milliseconds from the first step on: no format is finer, and what was
rounded once cannot be made to overlap by rounding it again.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from models.errors import InvalidOption
from pipelines.speech.transcript import Segment

SHORTEST_CUE_MS = 40
"""One frame at 25 frames a second; a cue shorter than this is never seen."""

PAUSE_MS = 400
"""A silence that is heard as the end of a clause."""

BRISK_MS = 2000
"""A cue with less time than this is better off in one with its neighbour."""

CLAUSE_COST = 3.0
WORD_COST = 8.0
SHORT_WORD_COST = 12.0
"""What a break costs after a clause, after a word, after an article or a preposition; after a sentence it is free."""
CUE_COST = 2.0
INNER_SENTENCE_COST = 2.5
"""More than a cue costs: a cue holds one sentence where there is time (BBC 3.2)."""
BRIEF_COST = 6.0
FULL_COST = 2.0
LINE_COST = 1000.0
"""More than any break: text stays on one line unless it exceeds the limit (Netflix)."""
UNEVEN_LINE_COST = 30.0

_SENTENCE_ENDS = frozenset(".!?…。！？｡؟۔।॥။។")
_CLAUSE_ENDS = frozenset(",;:،؛，、；：—–")
_CLOSERS = "\"'”’»)]}」』）】〉》"
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "etc.", "e.g.", "i.e.", "bzw.", "nr.", "mme."})

_IDEOGRAPHIC = "\u3000-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"
_SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WITHOUT_SPACE = re.compile(f"[{_IDEOGRAPHIC}]")
_BREAKS_WITHOUT_SPACE = re.compile(f"[{_IDEOGRAPHIC}{_SOUTH_EAST_ASIAN}]")
_NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー〜」』）】〕〉》〙〗｡｣､ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ!),.:;?]}%…‥—–’”»ะาำๅๆฯະາຳຽໆ။၊។៕ៗ"
)
_NEVER_LAST = frozenset("「『（【〔〈《〘〖｢([{‘“«เแโใไເແໂໃໄ\u1039\u17d2")
"""Kinsoku (JIS X 4051), vowels that Thai and Lao write before or after their consonant, and signs that stack the next one."""

_NO_BREAK_SPACES = frozenset("\u00a0\u2007\u202f")
_DIRECTION_PAIRS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_PLAIN: dict[int, str | None] = {
    **{code: " " if chr(code).isspace() else None for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{code: " " for code in range(0xA0, 0x3001) if chr(code).isspace() and chr(code) not in _NO_BREAK_SPACES},
    **dict.fromkeys((*_DIRECTION_PAIRS, 0xFEFF)),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


@dataclass(frozen=True)
class CueOptions:
    """What a subtitle may be. Defaults: Netflix Timed Text Style Guide (general and timing), BBC Subtitle Guidelines.

    A word that is longer than a line, or is spoken for longer than a cue may show, still comes whole, in a cue of its own line.
    """

    max_characters_a_line: int = 42
    """Visible characters; marks above and below letters count nothing."""
    max_lines: int = 2
    max_words: int | None = None
    """In one cue. 1 shows word by word; None leaves it to the other limits."""
    min_seconds: float = 5 / 6
    max_seconds: float = 7.0
    max_characters_a_second: float = 17.0
    """Reading speed; a cue that is faster stays longer if silence follows."""
    max_hold_seconds: float = 1.5
    """How long a cue may stay after the speech has stopped (BBC 5.2)."""
    min_gap_seconds: float = 1 / 12
    """Two frames at 24 frames a second, so that the eye sees the change."""
    close_gaps_below_seconds: float = 0.5
    """A gap shorter than this flickers, and is closed to `min_gap_seconds` (Netflix)."""
    split_at_silence_seconds: float = 1.5
    """Words with so much silence between them never share a cue."""
    merge_segments: bool = True
    """Whether a cue may hold text of more than one segment."""


_LANGUAGE_LIMITS = {"en": (42, 20.0), "ja": (13, 4.0), "zh": (16, 9.0), "yue": (16, 9.0), "ko": (16, 12.0)}
"""Characters a line and a second where Netflix asks for others than `CueOptions` has."""


@dataclass(frozen=True)
class CueWord:
    """A word of a cue and when it is heard."""

    start_ms: int
    text: str
    spaced: bool
    """A space stands before it."""
    measured: bool
    """The model gave the time; else it was reckoned from the place in the segment."""


@dataclass(frozen=True)
class Cue:
    """What is on the screen from `start_ms` to `end_ms`, in milliseconds of the clip."""

    start_ms: int
    end_ms: int
    lines: tuple[tuple[CueWord, ...], ...]

    @property
    def line_texts(self) -> tuple[str, ...]:
        """The lines as they are shown."""
        return tuple(joined(line) for line in self.lines)

    @property
    def words(self) -> tuple[CueWord, ...]:
        """Those of all lines."""
        return tuple(word for line in self.lines for word in line)

    @property
    def text(self) -> str:
        """All in one line."""
        return joined(self.words)


@dataclass(frozen=True)
class _Atom:
    """Text that no break may divide: usually one word."""

    words: tuple[CueWord, ...]
    end_ms: int
    width: int
    """Visible characters, the space before it not counted."""
    ends_segment: bool = False
    break_cost: float = 0.0
    """Of ending a line or a cue after it."""
    must_break: bool = False

    @property
    def start_ms(self) -> int:
        return self.words[0].start_ms

    @property
    def text(self) -> str:
        return joined(self.words)

    @property
    def spaced(self) -> bool:
        return self.words[0].spaced


@dataclass(frozen=True)
class _Token:
    """A piece of a segment's text, its times in seconds as they came."""

    start: float
    end: float
    text: str
    spaced: bool
    measured: bool


def cue_options_for(language: str) -> CueOptions:
    """The defaults for a language, by its ISO code."""
    default = CueOptions()
    line, second = _LANGUAGE_LIMITS.get(language, (default.max_characters_a_line, default.max_characters_a_second))
    return replace(default, max_characters_a_line=line, max_characters_a_second=second)


def make_cues(segments: Iterable[Segment], duration: float, options: CueOptions = CueOptions()) -> tuple[Cue, ...]:
    """Cues that hold the text of `segments` in its order, never overlap, and end within `duration` seconds.

    The words of a segment give the times of its text. Where they do not spell it (it was edited) or there are none, the text
    counts, and its times are reckoned.

    Raises:
        InvalidOption: an option that no cue could keep.
        ValueError: there is text, but no millisecond to show it in.
    """
    check_cue_options(options)
    duration_ms = math.floor(duration * 1000)
    atoms = _atoms(segments, duration_ms, options)
    if atoms and duration_ms < 1:
        raise ValueError("a clip shorter than a millisecond has no room for a cue")
    parts = _cheapest_parts(len(atoms), lambda first: _cue_costs(atoms, first, options))
    if len(parts) > duration_ms:
        parts = [(0, len(atoms))]
    groups = [atoms[first:end] for first, end in parts]
    return tuple(
        Cue(start, end, _timed_lines(group, start, end, options.max_characters_a_line))
        for group, (start, end) in zip(groups, _cue_times(groups, duration_ms, options), strict=True)
    )


def check_cue_options(options: CueOptions) -> None:
    """Raise InvalidOption for limits that no cue could keep."""
    if not 5 <= options.max_characters_a_line <= 200:
        raise InvalidOption("characters a line", options.max_characters_a_line, "5 to 200")
    if not 1 <= options.max_lines <= 10:
        raise InvalidOption("lines a cue", options.max_lines, "1 to 10")
    if options.max_words is not None and options.max_words < 1:
        raise InvalidOption("words a cue", options.max_words, "1 or more")
    if not 0 <= options.min_seconds <= options.max_seconds <= 60 or options.max_seconds < 0.1:
        raise InvalidOption("seconds a cue", (options.min_seconds, options.max_seconds), "0 to 60, the least not above the most")
    if not options.max_characters_a_second > 0:
        raise InvalidOption("characters a second", options.max_characters_a_second, "more than 0")
    for name in ("max_hold_seconds", "min_gap_seconds", "close_gaps_below_seconds", "split_at_silence_seconds"):
        if not 0 <= getattr(options, name) <= 60:
            raise InvalidOption(name.replace("_", " "), getattr(options, name), "0 to 60")


def plain_text(text: str) -> str:
    """`text` as one line that any text file can hold.

    White space becomes one space (no-break spaces stay); controls go, and so do the pairs that turn the writing direction,
    which a line break would tear apart (the marks LRM, RLM and ALM stay); half a surrogate pair becomes U+FFFD.
    """
    return re.sub(r"\s* \s*", " ", text.translate(_PLAIN)).strip()


def joined(words: Sequence[CueWord], spell: Callable[[CueWord], str] = lambda word: word.text) -> str:
    """The words in one line, each written as `spell` writes it."""
    return "".join(" " * (word.spaced and place > 0) + spell(word) for place, word in enumerate(words))


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(unicodedata.category(c) not in ("Mn", "Me", "Cf") for c in text)


# From segments to atoms


def _atoms(segments: Iterable[Segment], duration_ms: int, options: CueOptions) -> list[_Atom]:
    """All text in order, in pieces that stay whole, their starts in order and within the clip."""
    atoms: list[_Atom] = []
    now_ms = 0
    for segment in segments:
        tokens = _tokens(segment)
        if atoms and tokens:
            atoms[-1] = replace(atoms[-1], ends_segment=True)
            tokens[0] = replace(tokens[0], spaced=not _ideographic_seam(atoms[-1].text, tokens[0].text))
        for place, token in enumerate(tokens):
            now_ms = min(max(now_ms, round(token.start * 1000)), duration_ms)
            word = CueWord(now_ms, token.text, token.spaced, token.measured)
            end_ms = min(max(now_ms, round(token.end * 1000)), duration_ms)
            glued = place > 0 and not token.spaced and not _may_break(tokens[place - 1].text[-1], token.text[0])
            before = atoms.pop() if glued else _Atom((), 0, 0)
            atoms.append(_Atom((*before.words, word), end_ms, before.width + _width(token.text)))
    return [_with_break(atom, after, options) for atom, after in pairwise(atoms)] + atoms[-1:]


def _tokens(segment: Segment) -> list[_Token]:
    text = plain_text(segment.text)
    tokens, at = [], 0
    for word in segment.words:
        if spelled := plain_text(word.text):
            spaced = text.startswith(" ", at)
            at += spaced
            if not text.startswith(spelled, at):
                return _reckoned_tokens(text, segment)
            tokens.append(_Token(word.start, word.end, spelled, spaced, True))
            at += len(spelled)
    return tokens if at == len(text) else _reckoned_tokens(text, segment)


def _reckoned_tokens(text: str, segment: Segment) -> list[_Token]:
    """Pieces of `text`, each with the share of the segment's time that its place in the text has."""
    starts = [
        i for i in range(len(text)) if text[i] != " " and (i == 0 or text[i - 1] == " " or _may_break(text[i - 1], text[i]))
    ]
    seconds_a_character = (segment.end - segment.start) / max(len(text), 1)
    return [
        _Token(
            segment.start + seconds_a_character * start,
            segment.start + seconds_a_character * end,
            text[start:end].rstrip(" "),
            text[start - 1 : start] == " ",
            False,
        )
        for start, end in pairwise([*starts, len(text)])
    ]


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters that no space divides."""
    unspaced = _BREAKS_WITHOUT_SPACE.match(before) or _BREAKS_WITHOUT_SPACE.match(after)
    forbidden = before in _NEVER_LAST or after in _NEVER_FIRST or unicodedata.category(after)[0] == "M"
    return bool(unspaced) and not forbidden


def _ideographic_seam(before: str, after: str) -> bool:
    return bool(_WITHOUT_SPACE.match(before[-1]) or _WITHOUT_SPACE.match(after[0]))


def _with_break(atom: _Atom, after: _Atom, options: CueOptions) -> _Atom:
    """`atom`, knowing what it costs to break between it and the one after it."""
    silence_ms = after.start_ms - atom.end_ms
    cost = _break_cost(atom.text, after.text, after.spaced)
    if atom.ends_segment or silence_ms >= PAUSE_MS:
        cost = min(cost, CLAUSE_COST)
    parted = atom.ends_segment and not options.merge_segments
    return replace(atom, break_cost=cost, must_break=parted or silence_ms >= options.split_at_silence_seconds * 1000)


def _break_cost(before: str, after: str, spaced: bool) -> float:
    bare = before.rstrip(_CLOSERS)
    if bare[-1:] in _SENTENCE_ENDS and bare.lower() not in _ABBREVIATIONS and not after[0].islower():
        return 0.0
    both_unspaced = _BREAKS_WITHOUT_SPACE.match(before[-1]) and _BREAKS_WITHOUT_SPACE.match(after[0])
    if bare[-1:] in _CLAUSE_ENDS or (spaced and both_unspaced):
        return CLAUSE_COST
    return SHORT_WORD_COST if spaced and len(before) <= 3 else WORD_COST


# From atoms to cues and lines


def _cheapest_parts(count: int, costs_from: Callable[[int], Iterator[float]]) -> list[tuple[int, int]]:
    """Cut `count` things into consecutive parts [first, end) so that the sum of their costs is least.

    `costs_from(first)` yields the cost of [first, first + 1), of [first, first + 2) and so on while a part may grow.
    """
    least = [0.0] + [math.inf] * count
    part_start = [0] * (count + 1)
    for first in range(count):
        for end, cost in enumerate(costs_from(first), first + 1):
            if least[first] + cost < least[end]:
                least[end], part_start[end] = least[first] + cost, first
    parts, end = [], count
    while end:
        parts.append((part_start[end], end))
        end = part_start[end]
    return parts[::-1]


def _cue_costs(atoms: Sequence[_Atom], first: int, options: CueOptions) -> Iterator[float]:
    """What the cues cost that begin with the atom `first`; one atom alone is always a cue."""
    room, max_ms = options.max_characters_a_line, options.max_seconds * 1000
    lines, line_width, characters, inner_cost = 1, -1, 0, 0.0
    for last in range(first, len(atoms)):
        atom = atoms[last]
        characters += atom.width
        line_width += atom.spaced + atom.width
        if last == first:
            line_width = atom.width
        elif line_width > room:
            lines, line_width = lines + 1, atom.width
        too_many_words = options.max_words is not None and last - first >= options.max_words
        if last > first and (lines > options.max_lines or too_many_words or atom.end_ms - atoms[first].start_ms > max_ms):
            return
        fullness = characters / (room * options.max_lines)
        brevity = max(0.0, 1 - _screen_ms(atoms, first, last, options) / BRISK_MS)
        yield CUE_COST + inner_cost + atom.break_cost + FULL_COST * fullness**2 + BRIEF_COST * brevity**2
        if atom.must_break:
            return
        inner_cost += INNER_SENTENCE_COST * (atom.break_cost == 0)


def _screen_ms(atoms: Sequence[_Atom], first: int, last: int, options: CueOptions) -> float:
    """The longest that a cue of these atoms could show, in milliseconds."""
    held_ms = atoms[last].end_ms + options.max_hold_seconds * 1000
    return min(held_ms, atoms[last + 1].start_ms if last + 1 < len(atoms) else math.inf) - atoms[first].start_ms


def _line_costs(atoms: Sequence[_Atom], first: int, room: int) -> Iterator[float]:
    """What the lines cost that begin with the atom `first`: few lines, then even ones that end where the sense does."""
    width = 0
    for last in range(first, len(atoms)):
        width += atoms[last].width + (atoms[last].spaced and last > first)
        if width > room and last > first:
            return
        yield LINE_COST + UNEVEN_LINE_COST * (width / room) ** 2 + atoms[last].break_cost


def _timed_lines(atoms: Sequence[_Atom], start_ms: int, end_ms: int, room: int) -> tuple[tuple[CueWord, ...], ...]:
    words = [[replace(word, start_ms=min(max(word.start_ms, start_ms), end_ms)) for word in atom.words] for atom in atoms]
    parts = _cheapest_parts(len(atoms), lambda first: _line_costs(atoms, first, room))
    return tuple(tuple(word for of_atom in words[first:end] for word in of_atom) for first, end in parts)


# When cues show


def _cue_times(groups: Sequence[Sequence[_Atom]], duration_ms: int, options: CueOptions) -> list[tuple[int, int]]:
    """Start and end of each cue in milliseconds; words that came with no time of their own are pushed apart by a frame."""
    frame_ms = min(SHORTEST_CUE_MS, duration_ms // max(len(groups), 1))
    starts = [group[0].start_ms for group in groups]
    for place in range(1, len(starts)):
        starts[place] = max(starts[place], starts[place - 1] + frame_ms)
    latest = duration_ms
    for place in reversed(range(len(starts))):
        latest = starts[place] = min(starts[place], latest - frame_ms)
    gap_ms = round(options.min_gap_seconds * 1000)
    following = [*starts[1:], duration_ms + gap_ms]
    return [
        (start, _cue_end(group, start, start + frame_ms, max(after - gap_ms, start + frame_ms), options))
        for group, start, after in zip(groups, starts, following, strict=False)
    ]


def _cue_end(atoms: Sequence[_Atom], start_ms: int, soonest_ms: int, latest_ms: int, options: CueOptions) -> int:
    """When the cue goes: after the speech, later if that is too soon to read it and silence follows."""
    spoken_ms = atoms[-1].end_ms
    reading_ms = 1000 * sum(atom.width + atom.spaced for atom in atoms) / options.max_characters_a_second
    wanted_ms = start_ms + max(options.min_seconds * 1000, reading_ms)
    end_ms = max(spoken_ms, min(wanted_ms, spoken_ms + options.max_hold_seconds * 1000), soonest_ms)
    if latest_ms - end_ms < (options.close_gaps_below_seconds - options.min_gap_seconds) * 1000:
        end_ms = latest_ms
    return math.floor(min(end_ms, latest_ms, start_ms + options.max_seconds * 1000))
