"""Parsing of questions: spelling correction and ordinals."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import cache

from pipelines.wording.grammar import NUMBER_WORDS, ORDINALS
from pipelines.wording.music_vocabulary import METRE_WORDS, TEMPO_WORDS, TERMS

MIN_SIMILARITY = 0.8
"""Similarity (difflib) of a misspelt word to its correction, 0 to 1."""
MIN_CORRECTED_CHARS = 4
"""Length from which a word is corrected; shorter words are too similar to each other."""
KEYWORDS = (
    "tempo", "speed", "fast", "slow", "faster", "slower", "beats", "minute", "pace", "beat", "bars", "measures",
    "downbeat", "downbeats", "metre", "meter", "signature", "rhythm", "chord", "chords", "harmony", "harmonies",
    "progression", "major", "minor", "tonality", "scale", "section", "sections", "structure", "form", "parts", "part",
    "chorus", "verse", "bridge", "begin", "begins", "start", "starts", "starting", "enter", "enters", "instrument",
    "instruments", "plays", "playing", "played", "genre", "style", "kind", "type", "music", "mood", "feeling", "emotion",
    "atmosphere", "vocals", "vocal", "singing", "sings", "singer", "singers", "voice", "voices", "instrumental", "speech",
    "speaks", "speaking", "speak", "spoken", "talk", "talking", "says", "said", "words", "word", "language", "languages",
    "transcript", "loud", "loudness", "quiet", "volume", "peak", "dynamic", "dynamics", "length", "long", "duration",
    "seconds", "minutes", "second", "third", "fourth", "fifth", "first", "last", "there", "sound", "sounds", "hear",
    "heard", "clip", "song", "piece", "describe", "woman", "female", "male", "somebody", "someone", "anybody", "what",
    "which", "where", "when", "does", "middle", "beginning", "this", "that", "they", "their", "have", "with", "from",
    "about", "happen", "happens", "many", "more", "much", "less", "like", "likes", "name", "named", "called", "going",
    "into", "over", "under", "lively", "alone", "title", "sing", "rapping", "rap", "tell", "used",
)  # fmt: skip


def plain_words(question: str) -> str:
    """Return the question in lower case, without punctuation, with spelling corrected."""
    text = unicodedata.normalize("NFKC", question).lower().replace("’", "'")
    text = re.sub(r"[^\w\s:/.,'#♯♭&-]", " ", text)
    return " ".join(re.sub(r"[a-z]+(?:-[a-z]+)*", lambda match: _corrected(match[0]), text).split())


def which_one(text: str) -> int | None:
    """Return 0 for 'the first' or 'part one', -1 for 'the last', None if none is named."""
    if re.search(r"\b(?:last|final)\b", text):
        return -1
    for number, (ordinal, cardinal) in enumerate(zip(ORDINALS, NUMBER_WORDS[1:], strict=False)):
        if re.search(rf"\b(?:{ordinal}|{number + 1}(?:st|nd|rd|th)|(?:part|section) (?:{cardinal}|{number + 1}))\b", text):
            return number
    return None


def _corrected(word: str) -> str:
    if len(word) < MIN_CORRECTED_CHARS or word in _known_words():
        return word
    near = get_close_matches(word, _correct_spellings(), 1, MIN_SIMILARITY)
    return near[0] if near else word


@cache
def _correct_spellings() -> tuple[str, ...]:
    """Return the words that questions use, with the names of instruments and genres."""
    named = (part for term in TERMS for word in term.words for part in re.findall(r"[a-z]{4,}", word.split("(?")[0]))
    paces = (part for word in TEMPO_WORDS for part in re.findall(r"[a-z]{4,}", word.word))
    metres = (part for words in METRE_WORDS.values() for word in words for part in re.findall(r"[a-z]{4,}", word))
    return tuple(dict.fromkeys((*KEYWORDS, *named, *paces, *metres)))


@cache
def _known_words() -> frozenset[str]:
    """Return the words that need no correction, plurals included."""
    return frozenset(word + ending for word in _correct_spellings() for ending in ("", "s"))
