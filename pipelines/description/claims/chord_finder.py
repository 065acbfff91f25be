"""Find the words of a caption that claim chords and progressions, spelled, as symbols or as degrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pipelines.description.claims.claim import Claim
from pipelines.music.harmony.notation import ROMAN, SPELLED, SYMBOL, chord_of

CHORD_TALK = re.compile(r"\b(?:chords?|progressions?|harmony|harmonies|harmonic|triads?|changes|vamps?|loop)\b", re.IGNORECASE)
ORDER_TALK = re.compile(r"\b(?:progressions?|loops?|cycles?|sequence|circles?|goes? round|repeats?|repeating)\b", re.IGNORECASE)
ELEMENT = (
    r"(?:" + re.sub(r"\?P<\w+>", "?:", SPELLED.pattern) + r"|" + re.sub(r"\?P<\w+>", "?:", SYMBOL.pattern) + r"(?![\w#♯♭'’°]))"
)
SEPARATOR = r"(?:\s*(?:->|[–—→>|-])\s*|\s*,\s*(?:and\s+|then\s+|or\s+)?|\s+(?:to|then|and|or)\s+|\s+)"
CHORD_LIST = re.compile(rf"(?<![\w#♯♭/–-]){ELEMENT}(?:{SEPARATOR}{ELEMENT})+(?P<noun>\s+chords?\b)?")
ONE_CHORD = re.compile(rf"(?<![\w#♯♭/–-])(?P<chord>{ELEMENT})(?P<noun>[\s-]+(?:chords?|triads?)\b)?")
CHORD_OF = re.compile(r"\bchords?(?: of| like| is| named|:)?\s+(?:an?\s+)?$", re.IGNORECASE)
UNAMBIGUOUS = re.compile(r"[A-G][#b♯♭]?(?:m|min|maj7|m7|M7|7|dim|°|sus2|sus4|7sus4|dim7|m7b5|add9)")
NUMERALS = re.sub(r"\?P<\w+>", "?:", ROMAN.pattern)
ROMAN_LIST = re.compile(rf"(?<![\w–-]){NUMERALS}(?:(?:\s*[–—→-]\s*|\s*,\s*){NUMERALS})+(?![\w–-])")
DIGIT_LIST = re.compile(r"(?<![\d–-])[1-7](?:[–-][1-7]){2,4}(?=\s+(?:chord\s+)?(?:progression|changes|turnaround))")
TWO_FIVE_ONE = re.compile(r"\btwo[\s-]five[\s-]one\b", re.IGNORECASE)
DIATONIC = {"major": ("I", "ii", "iii", "IV", "V", "vi", "vii")}


def find_chord_claims(text: str) -> Iterator[Claim]:
    """Yield the claims of chords and progressions."""
    for match in CHORD_LIST.finditer(text):
        claim = _chord_list(text, match)
        if claim is not None:
            yield claim
    for match in ONE_CHORD.finditer(text):
        chord, before = match["chord"], text[: match.start()]
        if match["noun"] or UNAMBIGUOUS.fullmatch(chord) or CHORD_OF.search(before):
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
    """Return the claim that a list makes such as 'Am–F–C–G' or 'C major, A minor and F major', unless it is something else."""
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
    is_unambiguous = any(UNAMBIGUOUS.fullmatch(name) for name in names)
    if not (has_talk or (has_dashes and len(names) > 2) or (is_unambiguous and all(gap.strip() for gap in between))):
        return None
    in_order = ORDER_TALK.search(sentence) or all(
        re.fullmatch(r"\s*(?:->|[–—→>|-]|to|then|,\s*then)?\s*", gap) for gap in between
    )
    return Claim("chords", ("–" if in_order else ", ").join(_chord_text(name) for name in names), *match.span())


def _chord_text(name: str) -> str:
    """Return the one form of a chord's name: 'A minor' and 'Amin' are 'Am'."""
    spelled = SPELLED.fullmatch(name)
    if spelled is None:
        return re.sub(r"min(?!7)", "m", name.replace("♯", "#").replace("♭", "b")).replace("maj", "maj" if "maj7" in name else "")
    suffix = {"major": "", "maj": "", "minor": "m", "min": "m", "dominant": "7", "diminished": "dim", "augmented": "aug"}
    quality = suffix[spelled["quality"].lower()]
    seventh = ("maj7" if quality == "" else "7") if spelled["seventh"] and quality != "7" else ""
    sign = {"sharp": "#", "♯": "#", "flat": "b", "♭": "b"}
    accidental = (spelled["accidental"] or "").strip(" -").lower()
    return spelled["root"].upper() + sign.get(accidental, accidental) + quality + seventh


def _sentence_around(text: str, position: int) -> str:
    start = max(text.rfind(mark, 0, position) for mark in (". ", "! ", "? ", "\n")) + 1
    ends = [end for end in (text.find(mark, position) for mark in (". ", "! ", "? ", "\n")) if end >= 0]
    return text[start : min(ends, default=len(text))]
