"""Which words of a caption claim something that was measured: tempo, key, metre, chords, instruments, genre, vocals.

Captions of any origin are read, by patterns only. Where two readings of the same words are possible, the longer one counts, and
of equally long ones the one that stands first in `_FINDERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal

from pipelines.music.notation import (
    ROMAN,
    SPELLED,
    SYMBOL,
    chord_of,
)
from pipelines.wording.music_vocabulary import METRE_WORDS, TEMPO_WORDS, TERMS

ClaimKind = Literal["tempo", "key", "metre", "chords", "instrument", "genre", "vocals"]
LONGEST_TEXT = 5_000
"""Characters; what follows in a longer text is not read."""
HEDGE_REACH = 48
"""Characters before a claim in which a hedge still is about it."""


@dataclass(frozen=True)
class Claim:
    """Something that a caption says and that can be measured."""

    kind: ClaimKind
    value: str
    """What is claimed, in one form for all ways to say it: '120 BPM', 'A minor', '3/4', 'Am–F–C–G', 'acoustic guitar', 'jazz'."""
    start_char: int
    """Where its words begin in the caption."""
    end_char: int
    """Behind the last one."""
    is_negated: bool = False
    """Whether the caption says that it is not so."""
    is_hedged: bool = False
    """Whether the caption only supposes it."""


def find_claims(text: str) -> tuple[Claim, ...]:
    """All claims of a caption, in the order of its words."""
    text = text[:LONGEST_TEXT]
    found = [(order, claim) for order, finder in enumerate(_FINDERS) for claim in finder(text)]
    found.sort(key=lambda entry: (entry[1].start_char - entry[1].end_char, entry[0], entry[1].start_char))
    kept: list[Claim] = []
    for _, claim in found:
        if not any(claim.start_char < other.end_char and other.start_char < claim.end_char for other in kept):
            kept.append(claim)
    kept.sort(key=lambda claim: claim.start_char)
    return _with_denials(text, [replace(claim, is_hedged=_is_hedged(text, claim)) for claim in kept])


# ---- tempo

NUMBER = r"(?P<low>\d{2,3}(?:\.\d+)?)(?:\s*(?:-|–|—|to)\s*(?P<high>\d{2,3}(?:\.\d+)?))?"
BPM = re.compile(NUMBER + r"[\s-]*(?:bpm\b|beats?[\s-]+(?:per|a)[\s-]+minute|b\.p\.m\.)", re.IGNORECASE)
TEMPO_IS = re.compile(
    r"(?:\btempo(?: is| of|:)?(?: (?:around|about|roughly|near))?|\bbpm(?: is| of|:)?|♩\s*=)\s*" + NUMBER, re.IGNORECASE
)
NOT_OF_THE_TEMPO = re.compile(
    r"[\s,]+(?:(?:and|,)\s+)?(?:\w+\s+)?(?:fade|attack|decay|release|notes?|runs?|licks?|riffs?|solos?|fingering|picking|picked|strum\w*|"
    r"arpeggi\w+|passages?|pan\w*|rise|build\w*|food|crowd|audience|conversation|chatter|speech|motion|vibrato|lfo|sweep|forward)\b",
    re.IGNORECASE,
)
DOING_SLOWLY = re.compile(r"\b(?:fad|ris|build|pann|pan|swell|walk|speak|talk|chang|open|clos)(?:e|es|s|ing)(?: \w+)? $")
SLOWLY_DOING = re.compile(r"\s+(?!moving|paced|played|played|swaying|rolling)\w+(?:ing|es|s)\b", re.IGNORECASE)


def _tempi(text: str) -> Iterator[Claim]:
    for pattern in (BPM, TEMPO_IS):
        for match in pattern.finditer(text):
            value = match["low"] if match["high"] is None else f"{match['low']}–{match['high']}"
            yield Claim("tempo", f"{value} BPM", *match.span())
    for match in _tempo_words().finditer(text):
        before, after = text[: match.start()].lower(), text[match.end() :]
        is_adverb = match[0].lower().endswith("ly")
        is_manner = is_adverb and (SLOWLY_DOING.match(after) or DOING_SLOWLY.search(before))
        if NOT_OF_THE_TEMPO.match(after) or is_manner:
            continue
        if match[0].lower() == "upbeat" and before.endswith(("on the ", "the ", "an offbeat ")) and not re.match(r"\s+\w", after):
            continue
        yield Claim("tempo", re.sub(r"[\s-]+", " ", match[0].lower()), *match.span())


@cache
def _tempo_words() -> re.Pattern[str]:
    words = tuple(alternative for word in TEMPO_WORDS for alternative in word.word.split("|"))
    return _word_pattern(words)


# ---- key

KEY_MODES = "major|minor|maj|min|dorian|phrygian|lydian|mixolydian|aeolian|ionian|locrian"
KEY = re.compile(
    r"(?<![\w#♯♭])(?P<tonic>[A-Ga-g])(?P<accidental>[\s-]?(?:sharp|flat)\b|[#b♯♭])?[\s-]+(?P<mode>" + KEY_MODES + r")\b"
    r"(?![\s-]+(?:chords?|triads?|sevenths?|7|7th|third|role|part|hit|change|element|shift|league)\b)",
    re.IGNORECASE,
)
KEY_OF = re.compile(
    r"\b[Kk]ey(?: of|:| is)\s+(?P<tonic>[A-G])(?P<accidental>[\s-]?(?:sharp|flat)\b|[#b♯♭])?(?![\w'’#♯♭-])(?![\s-]+(?:"
    + KEY_MODES
    + r")\b)"
)
MODE_ALONE = re.compile(
    r"\b(?P<mode>major|minor)[\s-]+(?:key|mode|tonality|scale|keyed|harmony|harmonies)\b|"
    r"\bin (?P<bare>major|minor)(?=[\s]*[.,;]|$)",
    re.IGNORECASE,
)
AFTER_A = re.compile(r"\s*(?:$|[.,;:)!]|(?:and|at|with|over|for|that|which|is|in|around|ballad|song|piece)\b)", re.IGNORECASE)
BEFORE_A = re.compile(r"(?:\b(?:in|of|is|to|from|into|around)|[(:])\s*$", re.IGNORECASE)


def _keys(text: str) -> Iterator[Claim]:
    for match in KEY.finditer(text):
        if match["tonic"] in "aA" and not match["accidental"] and not _is_letter_a(text, match):
            continue
        yield Claim("key", f"{_tonic_text(match)} {_mode_text(match['mode'])}", *match.span())
    for match in KEY_OF.finditer(text):
        yield Claim("key", _tonic_text(match), *match.span())
    for match in MODE_ALONE.finditer(text):
        yield Claim("key", (match["mode"] or match["bare"]).lower(), *match.span())


def _is_letter_a(text: str, match: re.Match[str]) -> bool:
    """Whether 'a minor' is the key, not 'a minor key' or 'a minor change'."""
    after, before = text[match.end() :], text[: match.start()]
    if re.match(r"[\s-]+(?:key|mode|tonality|scale|keyed|harmony|harmonies)\b", after, re.IGNORECASE):
        return match["tonic"] == "A" and bool(before.strip()) and not before.rstrip().endswith((".", "!", "?"))
    if match["tonic"] == "A" and before.strip() and not before.rstrip().endswith((".", "!", "?")):
        return True
    return bool(AFTER_A.match(after)) and (match["tonic"] == "A" or bool(BEFORE_A.search(before)))


def _tonic_text(match: re.Match[str]) -> str:
    sign = (match["accidental"] or "").strip(" -").lower()
    return match["tonic"].upper() + {"sharp": "#", "♯": "#", "flat": "b", "♭": "b"}.get(sign, sign)


def _mode_text(mode: str) -> str:
    return {"maj": "major", "min": "minor", "aeolian": "minor", "ionian": "major"}.get(mode.lower(), mode.lower())


# ---- metre

SIGNATURE = re.compile(r"(?<![\d/.])(?P<beats>[2-9]|1[0-5])\s?/\s?(?P<unit>2|4|8|16)(?![\d/])(?!\s*(?:of|th|\")\b)")


def _metres(text: str) -> Iterator[Claim]:
    for match in SIGNATURE.finditer(text):
        yield Claim("metre", f"{match['beats']}/{match['unit']}", *match.span())
    for metre, words in METRE_WORDS.items():
        for match in _word_pattern(words).finditer(text):
            yield Claim("metre", metre, *match.span())


# ---- chords

CHORD_TALK = re.compile(r"\b(?:chords?|progressions?|harmony|harmonies|harmonic|triads?|changes|vamps?|loop)\b", re.IGNORECASE)
ORDER_TALK = re.compile(r"\b(?:progressions?|loops?|cycles?|sequence|circles?|goes? round|repeats?|repeating)\b", re.IGNORECASE)
ELEMENT = (
    r"(?:" + re.sub(r"\?P<\w+>", "?:", SPELLED.pattern) + r"|" + re.sub(r"\?P<\w+>", "?:", SYMBOL.pattern) + r"(?![\w#♯♭'’°]))"
)
SEPARATOR = r"(?:\s*(?:->|[–—→>|-])\s*|\s*,\s*(?:and\s+|then\s+|or\s+)?|\s+(?:to|then|and|or)\s+|\s+)"
CHORD_LIST = re.compile(rf"(?<![\w#♯♭/–-]){ELEMENT}(?:{SEPARATOR}{ELEMENT})+(?P<noun>\s+chords?\b)?")
ONE_CHORD = re.compile(rf"(?<![\w#♯♭/–-])(?P<chord>{ELEMENT})(?P<noun>[\s-]+(?:chords?|triads?)\b)?")
CHORD_OF = re.compile(r"\bchords?(?: of| like| is| named|:)?\s+(?:an?\s+)?$", re.IGNORECASE)
TELLING = re.compile(r"[A-G][#b♯♭]?(?:m|min|maj7|m7|M7|7|dim|°|sus2|sus4|7sus4|dim7|m7b5|add9)")
NUMERALS = re.sub(r"\?P<\w+>", "?:", ROMAN.pattern)
ROMAN_LIST = re.compile(rf"(?<![\w–-]){NUMERALS}(?:(?:\s*[–—→-]\s*|\s*,\s*){NUMERALS})+(?![\w–-])")
DIGIT_LIST = re.compile(r"(?<![\d–-])[1-7](?:[–-][1-7]){2,4}(?=\s+(?:chord\s+)?(?:progression|changes|turnaround))")
TWO_FIVE_ONE = re.compile(r"\btwo[\s-]five[\s-]one\b", re.IGNORECASE)
DIATONIC = {"major": ("I", "ii", "iii", "IV", "V", "vi", "vii")}


def _chords(text: str) -> Iterator[Claim]:
    for match in CHORD_LIST.finditer(text):
        claim = _chord_list(text, match)
        if claim is not None:
            yield claim
    for match in ONE_CHORD.finditer(text):
        chord, before = match["chord"], text[: match.start()]
        if match["noun"] or TELLING.fullmatch(chord) or CHORD_OF.search(before):
            is_article = chord in ("A", "a") or (
                chord[:2].lower() == "a " and not CHORD_TALK.match(text[match.end("chord") :].strip())
            )
            is_verb = chord == "Am" and re.match(r"\s+I\b", text[match.end() :])
            if not is_article and not is_verb and chord_of(chord) is not None:
                yield Claim("chords", _chord_text(chord), match.start(), match.end())
    for match in ROMAN_LIST.finditer(text):
        yield Claim("chords", "–".join(numeral[0] for numeral in ROMAN.finditer(match[0])), *match.span())
    for match in DIGIT_LIST.finditer(text):
        yield Claim("chords", "–".join(DIATONIC["major"][int(digit) - 1] for digit in re.findall(r"\d", match[0])), *match.span())
    for match in TWO_FIVE_ONE.finditer(text):
        yield Claim("chords", "ii–V–I", *match.span())


def _chord_list(text: str, match: re.Match[str]) -> Claim | None:
    """The claim of a list such as 'Am–F–C–G' or 'C major, A minor and F major', unless it is something else."""
    spans = [one.span() for one in re.finditer(rf"(?<![\w#♯♭]){ELEMENT}", match[0])]
    names = [match[0][start:end] for start, end in spans]
    between = [match[0][one[1] : other[0]] for one, other in pairwise(spans)]
    if any(chord_of(name) is None for name in names) or re.match(r"\s+(?:form|structure|section)", text[match.end() :]):
        return None
    if names[0] == "A" and not between[0].strip():  # an article: 'A G7 chord'
        return None
    sentence = _sentence_around(text, match.start())
    has_talk = bool(CHORD_TALK.search(sentence))
    has_dashes = all(re.fullmatch(r"\s*(?:->|[–—→>|-])\s*", gap) for gap in between)
    tells = any(TELLING.fullmatch(name) for name in names)
    if not (has_talk or (has_dashes and len(names) > 2) or (tells and all(gap.strip() for gap in between))):
        return None
    in_order = ORDER_TALK.search(sentence) or all(
        re.fullmatch(r"\s*(?:->|[–—→>|-]|to|then|,\s*then)?\s*", gap) for gap in between
    )
    return Claim("chords", ("–" if in_order else ", ").join(_chord_text(name) for name in names), *match.span())


def _chord_text(name: str) -> str:
    """One form for a chord: 'A minor' and 'Amin' are 'Am'."""
    spelled = SPELLED.fullmatch(name)
    if spelled is None:
        return re.sub(r"min(?!7)", "m", name.replace("♯", "#").replace("♭", "b")).replace("maj", "maj" if "maj7" in name else "")
    suffix = {"major": "", "maj": "", "minor": "m", "min": "m", "dominant": "7", "diminished": "dim", "augmented": "aug"}
    quality = suffix[spelled["quality"].lower()]
    seventh = ("maj7" if quality == "" else "7") if spelled["seventh"] and quality != "7" else ""
    sign = {"sharp": "#", "♯": "#", "flat": "b", "♭": "b"}
    accidental = (spelled["accidental"] or "").strip(" -").lower()
    return spelled["root"].upper() + sign.get(accidental, accidental) + quality + seventh


# ---- instruments and genres

NOT_AN_INSTRUMENT = re.compile(
    r"(?:car|fog|air|computer|truck|train|hunting|rhinoceros|vehicle|bicycle|school|alarm|door)[\s-]+$", re.IGNORECASE
)


def _terms(text: str) -> Iterator[Claim]:
    for kind, name, pattern in _term_patterns():
        for match in pattern.finditer(text):
            if not (kind == "instrument" and NOT_AN_INSTRUMENT.search(text[: match.start()])):
                yield Claim(kind, name, *match.span())


@cache
def _term_patterns() -> tuple[tuple[Literal["instrument", "genre"], str, re.Pattern[str]], ...]:
    return tuple((term.kind, term.name, _word_pattern(term.words, term.kind == "instrument")) for term in TERMS)


# ---- vocals

_SING = (
    r"(?:vocalists?|vocalizing|vocals?|voices?(?! (?:speak|talk|narrat|say)\w*)|sing(?:ing|ers?|s)?|sung|rappers?)"
    r"(?:\s+sing(?:s|ing))?\b"
)
_SINGS = r"(?:\s+(?:voice|\w+ly))?\s+(?:is\s+|are\s+)?(?:sings?|singing(?! bowl)|vocals?|croon\w*|hum(?:s|ming)|vocaliz\w+)"
_WOMAN, _MAN = r"(?:wom[ae]n|girls?|lady|ladies|females?|she)(?:['’]s)?", r"(?:m[ae]n|boys?|guys?|males?|he)(?:['’]s)?"
_LEAD = r"(?:[\s-]+(?:lead|backing|background|main|solo|soprano|soul|pop|opera|rap))?[\s-]+"
VOCALS: dict[str, re.Pattern[str]] = {
    "female voice": re.compile(
        rf"\bfemale{_LEAD}{_SING}|\b{_WOMAN}{_SINGS}\b|\bsung by a (?:woman|girl|female)\b|\b(?:mezzo-)?soprano\b(?! sax)|"
        rf"\bfemale(?=[\s-]+and[\s-]+male{_LEAD}{_SING})|\bfemale[\s-]fronted\b",
        re.IGNORECASE,
    ),
    "male voice": re.compile(
        rf"\bmale{_LEAD}{_SING}|\b{_MAN}{_SINGS}\b|\bsung by a (?:man|boy|male)\b|\bbaritone\b(?! sax)|\btenor voice\b|"
        rf"\bmale(?=[\s-]+and[\s-]+female{_LEAD}{_SING})|\bmale[\s-]fronted\b",
        re.IGNORECASE,
    ),
    "rap": re.compile(r"\b(?:rapping|raps|rapped|rappers?|rap vocals?|rap verses?)\b", re.IGNORECASE),
    "singing": re.compile(
        r"\b(?:(?:lead|backing|background|vocal|sung)\s+)?(?:vocals?(?! (?:cords?|samples?))|vocalists?|sings?|singing|"
        r"singers?|sung|"
        r"(?<=\bno )voices|crooning|hum(?:s|ming) a (?:tune|melody)|yodel\w*|chants?|chanting|scat|a ?capp?ella|lyrics)"
        r"(?:\s+(?:harmon(?:y|ies)|melody|melodies|lines?|parts?))?\b",
        re.IGNORECASE,
    ),
}
INSTRUMENTAL = re.compile(
    r"\binstrumental\b(?!\s+(?:backing|accompaniment|break|section|passage|interlude|intro|introduction|part|solo|arrangement))",
    re.IGNORECASE,
)
ANIMALS = re.compile(
    r"\b(?:birds?|blackbirds?|robins?|crickets?|insects?|whales?|frogs?|roosters?|cicadas?|canar(?:y|ies)|animals?|thrush|wren|"
    r"songbirds?|sparrows?|cats?|dogs?|wind|kettle)\b[^.;]{0,24}$",
    re.IGNORECASE,
)


def _vocals(text: str) -> Iterator[Claim]:
    for value, pattern in VOCALS.items():
        for match in pattern.finditer(text):
            if not ANIMALS.search(text[: match.start()]):
                yield Claim("vocals", value, *match.span())
    for match in INSTRUMENTAL.finditer(text):
        yield Claim("vocals", "singing", *match.span(), is_negated=True)


_FINDERS: tuple[Callable[[str], Iterator[Claim]], ...] = (_tempi, _chords, _keys, _metres, _vocals, _terms)


# ---- what is denied, and what is only supposed

DENIAL = re.compile(
    r"(?:\b(?:no|not|without|lacks?|lacking|devoid of|absence of|nobody|no one|neither|nor|never|free of|instead of|rather than|"
    r"(?:does|do|is|are|has|have|was|were)n['’]t)\b)(?!\s+(?:only|just|doubt|longer|less))"
    r"(?:\s+(?!but\b|and\b|with\b|while\b|just\b)[\w'’-]+){0,3}\s+$",
    re.IGNORECASE,
)
DENIED_AFTER = re.compile(
    r"\s*(?:(?:is|are|was|were)\s+(?:\w+ly\s+)?(?:absent|missing|not\s+(?:present|heard|used|audible|there))|-free\b)",
    re.IGNORECASE,
)
GOES_ON = re.compile(
    r"\s*(?P<comma>,)?\s*(?P<word>and|or|nor)?\s*(?:any\s+|other\s+|even\s+)?(?!an?\b|the\b)(?:[\w-]+\s+)?", re.IGNORECASE
)
HEDGES = (
    r"probabl[ey]|perhaps|by the sound of it|possibl[ey]|maybe|seem(?:s|ingly)?|appears?|apparently|sounds? like|"
    r"sounding|likely|may|might|"
    r"could be|arguably|suggest(?:s|ing)?|hints?|reminiscent|something like|presumably|what sounds"
)
HEDGE_BEFORE = re.compile(rf"\b(?:{HEDGES})\b[^.;:!?]*$", re.IGNORECASE)
HEDGE_AFTER = re.compile(
    r"[\s,(]*(?:may|might|could|seems?|appears?|perhaps|probably|maybe|possibly|it seems|apparently|I think|\?)", re.IGNORECASE
)


def _with_denials(text: str, claims: list[Claim]) -> tuple[Claim, ...]:
    """The claims in their order, those marked that are denied, alone or in a list such as 'no drums, bass or vocals'."""
    marked: list[Claim] = []
    for claim in claims:
        before = text[max(0, claim.start_char - 60) : claim.start_char]
        is_denied = bool(DENIAL.search(before)) or bool(DENIED_AFTER.match(text[claim.end_char :]))
        if not is_denied and marked and marked[-1].is_negated and not _is_instrumental(text, marked[-1]):
            is_denied = _list_goes_on(text, marked[-1], claim)
        marked.append(replace(claim, is_negated=claim.is_negated != is_denied))
    return tuple(marked)


def _is_instrumental(text: str, claim: Claim) -> bool:
    return bool(INSTRUMENTAL.fullmatch(text[claim.start_char : claim.end_char]))


def _list_goes_on(text: str, denied: Claim, claim: Claim) -> bool:
    """Whether `claim` follows in the same list as `denied`."""
    gap = GOES_ON.fullmatch(text[denied.end_char : claim.start_char])
    if gap is None or (gap["word"] is None and gap["comma"] is None):
        return False
    if gap["word"]:
        return gap["word"].lower() != "and" or denied.kind == claim.kind
    rest = re.split(r"[.;:]", text[claim.end_char : claim.end_char + 60])[0]
    return bool(re.match(r"[\w\s,-]{0,40}\b(?:or|nor)\b", rest))


def _is_hedged(text: str, claim: Claim) -> bool:
    before = text[max(0, claim.start_char - HEDGE_REACH) : claim.start_char]
    return bool(HEDGE_BEFORE.search(before)) or bool(HEDGE_AFTER.match(text[claim.end_char :]))


def _sentence_around(text: str, position: int) -> str:
    start = max(text.rfind(mark, 0, position) for mark in (". ", "! ", "? ", "\n")) + 1
    ends = [end for end in (text.find(mark, position) for mark in (". ", "! ", "? ", "\n")) if end >= 0]
    return text[start : min(ends, default=len(text))]


LOOK_AROUND = re.compile(r"\(\?[=!].*?\)+")


@cache
def _word_pattern(words: tuple[str, ...], plural: bool = False) -> re.Pattern[str]:
    """Any of `words` as a whole word, the longest first; a blank also matches a hyphen."""
    ordered = sorted(words, key=lambda word: len(LOOK_AROUND.sub("", word)), reverse=True)
    parts = "|".join(word.replace(" ", r"[\s-]+") for word in ordered)
    return re.compile(rf"(?<![\w'’])(?:{parts}){'s?' if plural else ''}(?![\w])", re.IGNORECASE)
