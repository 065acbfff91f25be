"""Find the words of a caption that claim a tempo, key, metre, instrument, genre or vocals; chords have a module of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

from pipelines.description.claims.claim import Claim
from pipelines.wording.music_vocabulary import METRE_WORDS, TEMPO_WORDS, TERMS

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
SIGNATURE = re.compile(r"(?<![\d/.])(?P<beats>[2-9]|1[0-5])\s?/\s?(?P<unit>2|4|8|16)(?![\d/])(?!\s*(?:of|th|\")\b)")
NOT_AN_INSTRUMENT = re.compile(
    r"(?:car|fog|air|computer|truck|train|hunting|rhinoceros|vehicle|bicycle|school|alarm|door)[\s-]+$", re.IGNORECASE
)
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
LOOK_AROUND = re.compile(r"\(\?[=!].*?\)+")


def find_tempo_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of a tempo, in BPM or as a word."""
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


def find_key_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of a key, a tonic or a mode."""
    for match in KEY.finditer(text):
        if match["tonic"] in "aA" and not match["accidental"] and not _is_letter_a(text, match):
            continue
        yield Claim("key", f"{_tonic_text(match)} {_mode_text(match['mode'])}", *match.span())
    for match in KEY_OF.finditer(text):
        yield Claim("key", _tonic_text(match), *match.span())
    for match in MODE_ALONE.finditer(text):
        yield Claim("key", (match["mode"] or match["bare"]).lower(), *match.span())


def _is_letter_a(text: str, match: re.Match[str]) -> bool:
    """Return whether 'a minor' is the key, not 'a minor key' or 'a minor change'."""
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


def find_metre_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of a metre."""
    for match in SIGNATURE.finditer(text):
        yield Claim("metre", f"{match['beats']}/{match['unit']}", *match.span())
    for metre, words in METRE_WORDS.items():
        for match in _word_pattern(words).finditer(text):
            yield Claim("metre", metre, *match.span())


def find_term_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of instruments and genres."""
    for kind, name, pattern in _term_patterns():
        for match in pattern.finditer(text):
            if not (kind == "instrument" and NOT_AN_INSTRUMENT.search(text[: match.start()])):
                yield Claim(kind, name, *match.span())


@cache
def _term_patterns() -> tuple[tuple[Literal["instrument", "genre"], str, re.Pattern[str]], ...]:
    return tuple((term.kind, term.name, _word_pattern(term.words, term.kind == "instrument")) for term in TERMS)


def find_vocal_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of vocals; 'instrumental' is a negated one."""
    for value, pattern in VOCALS.items():
        for match in pattern.finditer(text):
            if not ANIMALS.search(text[: match.start()]):
                yield Claim("vocals", value, *match.span())
    for match in INSTRUMENTAL.finditer(text):
        yield Claim("vocals", "singing", *match.span(), is_negated=True)


@cache
def _word_pattern(words: tuple[str, ...], plural: bool = False) -> re.Pattern[str]:
    """Return a pattern for any of `words` as a whole word, the longest first; a blank also matches a hyphen."""
    ordered = sorted(words, key=lambda word: len(LOOK_AROUND.sub("", word)), reverse=True)
    parts = "|".join(word.replace(" ", r"[\s-]+") for word in ordered)
    return re.compile(rf"(?<![\w'’])(?:{parts}){'s?' if plural else ''}(?![\w])", re.IGNORECASE)
