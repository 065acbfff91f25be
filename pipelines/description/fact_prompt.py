"""The facts and tags of a clip as the prompt of a text model."""

from __future__ import annotations

from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.music.tags.tag_table import CALIBRATED_KINDS, TAG_KINDS
from pipelines.wording.times import clock_time

INSTRUCTION = (
    "Describe this piece of music in one paragraph of plain English for a listener. Use only the facts below: "
    "mention no instrument, mood, tempo, key or chord that they do not name, and invent no title or artist."
)
MAX_CHORDS = 16
"""Maximum number of chords in the prompt."""
CHORD_QUALITIES = {"maj": "", "min": "m"}
"""Chord qualities in Harte's syntax (Harte et al. 2005) and as musicians write them."""


def prompt_from_facts(instruction: str, facts: MusicFacts, tags: MusicTags) -> str:
    """Return the instruction and a line for each known fact."""
    return "\n".join([instruction, "", "Facts:", *(f"- {line}" for line in fact_lines(facts, tags))])


def fact_lines(facts: MusicFacts, tags: MusicTags) -> tuple[str, ...]:
    """Return one line for each known fact of the clip."""
    lines = [f"Length: {clock_time(round(facts.duration))}"]
    if facts.tempo:
        lines.append(f"Tempo: {facts.tempo.bpm:.0f} BPM")
    if facts.beats:
        lines.append(f"Time signature: {facts.beats.metre}")
    if facts.key:
        lines.append(f"Key: {facts.key.name}")
    if progression := _progression(facts.chords):
        lines.append(f"Chords: {progression}")
    for kind in TAG_KINDS:
        if names := ", ".join(tag.name for tag in tags.of_kind(kind)):
            lines.append(f"{kind.capitalize()}{'' if kind in CALIBRATED_KINDS else ', a guess'}: {names}")
    if facts.vocals and facts.vocals.present is False:
        lines.append("Vocals: none, instrumental")
    if len(facts.sections) > 1:
        lines.append(
            "Sections: "
            + ", ".join(f"{s.label} from {clock_time(round(s.start))} to {clock_time(round(s.end))}" for s in facts.sections)
        )
    return tuple(lines)


def _progression(chords: tuple[Chord, ...]) -> str:
    """Return the first chords in order, e.g. 'Am – F – C – G'."""
    names = [_chord_name(chord.name) for chord in chords if chord.name != NO_CHORD_NAME]
    return " – ".join(names[:MAX_CHORDS])


def _chord_name(harte: str) -> str:
    root, quality = harte.split(":")
    return root + CHORD_QUALITIES.get(quality, quality)
