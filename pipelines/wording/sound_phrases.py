"""Noun phrases for the sound classes of AudioSet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipelines.wording.grammar import with_article
from pipelines.wording.music_vocabulary import term_of_class

PHRASES_FILE = Path(__file__).with_name("sound_phrases.txt")
"""One line per class: class|noun phrase."""
ABOUT_THE_SOUND = frozenset(
    {"Effects unit", "Distortion", "Harmonic", "Chorus effect", "Sidetone", "Pulse", "Throbbing", "Cacophony"}
)
"""Classes that name a property of the sound, not its source."""
SPEAKERS = {
    "Male speech, man speaking": "a man",
    "Female speech, woman speaking": "a woman",
    "Child speech, kid speaking": "a child",
}
"""Who speaks, by class."""


@cache
def _phrases() -> dict[str, str]:
    lines = PHRASES_FILE.read_text(encoding="utf-8").splitlines()
    return {name: noun for name, _, noun in (line.partition("|") for line in lines)}


def sound_phrase(name: str) -> str:
    """Return the noun phrase for a class, e.g. 'a barking dog'; classes without a line in the file keep their name."""
    if name in _phrases():
        return _phrases()[name]
    term = term_of_class(name)
    if term is not None:
        return term.name if term.name.endswith(("s", "percussion", "brass")) else with_article(term.name)
    return f"a sound such as “{name.split(',')[0].lower()}”"
