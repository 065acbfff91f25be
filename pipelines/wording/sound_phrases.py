"""How the sound classes of AudioSet are told in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.wording.grammar import with_article
from pipelines.wording.music_vocabulary import term_of_class

PHRASES_FILE = Path(__file__).with_name("sound_phrases.txt")
"""A line each: class|clause|noun phrase."""
ABOUT_THE_SOUND = frozenset(
    {"Effects unit", "Distortion", "Harmonic", "Chorus effect", "Sidetone", "Pulse", "Throbbing", "Cacophony"}
)
"""Classes that tell how something sounds, not what."""


@dataclass(frozen=True)
class SoundPhrase:
    """Two ways to tell one sound."""

    clause: str
    """'a dog barks'."""
    noun: str
    """'a barking dog'."""


@cache
def _phrases() -> dict[str, SoundPhrase]:
    lines = (line.split("|") for line in PHRASES_FILE.read_text(encoding="utf-8").splitlines())
    return {name: SoundPhrase(clause, noun) for name, clause, noun in lines}


def sound_phrase(name: str) -> SoundPhrase:
    """For any class; those without a line of their own are told by their name."""
    if name in _phrases():
        return _phrases()[name]
    term = term_of_class(name)
    if term is not None:
        noun = term.name if term.name.endswith(("s", "percussion", "brass")) else with_article(term.name)
        return SoundPhrase(f"{noun} {'play' if term.name.endswith('s') and term.name != 'brass' else 'plays'}", noun)
    noun = f"a sound such as “{name.split(',')[0].lower()}”"
    return SoundPhrase(f"{noun} can be heard", noun)
