"""Facts and tags of a clip as lines of text for a language model, as J2A-1.0 gave them to Mistral."""

from __future__ import annotations

from pipelines.music.analysis import MusicFacts
from pipelines.music.chord_recognition import Chord
from pipelines.music.music_tagging import MusicTags
from pipelines.music.tag_table import KINDS

INSTRUCTION = (
    "Describe this piece of music in one paragraph of plain English for a listener. Use only the facts below: "
    "mention no instrument, mood, tempo, key or chord that they do not name, and invent no title or artist."
)
MOST_CHORDS = 16
CHORD_QUALITIES = {"maj": "", "min": "m"}
"""Harte's names as musicians write them."""


def prompt_from_facts(instruction: str, facts: MusicFacts, tags: MusicTags) -> str:
    """The instruction and, line by line, what is known; what is not known has no line."""
    return "\n".join([instruction, "", "Facts:", *(f"- {line}" for line in fact_lines(facts, tags))])


def fact_lines(facts: MusicFacts, tags: MusicTags) -> tuple[str, ...]:
    """What is known of the clip, one fact in each line."""
    lines = [f"Length: {_time(facts.duration)}"]
    if facts.tempo:
        lines.append(f"Tempo: {facts.tempo.bpm:.0f} BPM")
    if facts.beats:
        lines.append(f"Time signature: {facts.beats.metre}")
    if facts.key:
        lines.append(f"Key: {facts.key.name}")
    if progression := _progression(facts.chords):
        lines.append(f"Chords: {progression}")
    for kind in KINDS:
        if names := ", ".join(tag.name for tag in tags.of_kind(kind)):
            lines.append(f"{kind.capitalize()}: {names}")
    if facts.vocals and not facts.vocals.present:
        lines.append("Vocals: none, instrumental")
    if len(facts.sections) > 1:
        lines.append("Sections: " + ", ".join(f"{s.label} from {_time(s.start)} to {_time(s.end)}" for s in facts.sections))
    return tuple(lines)


def _progression(chords: tuple[Chord, ...]) -> str:
    """The first chords in order, e.g. 'Am – F – C – G'."""
    names = [_chord_name(chord.name) for chord in chords if chord.name != "N"]
    return " – ".join(names[:MOST_CHORDS])


def _chord_name(harte: str) -> str:
    root, quality = harte.split(":")
    return root + CHORD_QUALITIES.get(quality, quality)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
