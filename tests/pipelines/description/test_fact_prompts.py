from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.description.fact_prompt import INSTRUCTION, fact_lines, prompt_from_facts
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import Chord, Key
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTag, MusicTags
from pipelines.music.vocals import vocals_of

FACTS = MusicFacts(
    duration=75.4,
    tempo=Tempo(119.6, 0.9, (), ""),
    beats=Beats((0.0, 0.5), (1, 2), 3, 4, 0.9),
    key=Key("A", "minor", 0.8, ()),
    chords=(
        Chord(0.0, 2.0, "A:min", 0.9),
        Chord(2.0, 4.0, "N", 0.9),
        Chord(4.0, 6.0, "F:maj", 0.9),
        Chord(6.0, 75.4, "G:7", 0.9),
    ),
    sections=(Section(0.0, 30.0, "A", 0.9), Section(30.0, 75.4, "B", 0.9)),
    vocals=vocals_of(0.1, ()),
    state="done",
)
NOTHING = np.empty(0, dtype=np.float32)
TAGS = MusicTags(
    75.4,
    NOTHING,
    NOTHING.reshape(0, 0),
    NOTHING,
    NOTHING,
    tags=(MusicTag("jazz", "genre", 0.8), MusicTag("piano", "instrument", 0.9), MusicTag("bass", "instrument", 0.7)),
    hop_seconds=1.0,
    patch_seconds=1.0,
    state="done",
)


def test_each_known_fact_has_a_line() -> None:
    assert fact_lines(FACTS, TAGS) == (
        "Length: 1:15",
        "Tempo: 120 BPM",
        "Time signature: 3/4",
        "Key: A minor",
        "Chords: Am – F – G7",
        "Genre: jazz",
        "Instrument: piano, bass",
        "Vocals: none, instrumental",
        "Sections: A from 0:00 to 0:30, B from 0:30 to 1:15",
    )


def test_what_is_not_known_has_no_line() -> None:
    assert fact_lines(MusicFacts(duration=5.0), replace(TAGS, tags=())) == ("Length: 0:05",)
    assert not any(line.startswith("Chords") for line in fact_lines(replace(FACTS, chords=(Chord(0, 5, "N", 1.0),)), TAGS))


def test_a_long_progression_is_cut() -> None:
    chords = tuple(Chord(i, i + 1, "C:maj", 0.9) for i in range(40))
    (line,) = (line for line in fact_lines(replace(FACTS, chords=chords), TAGS) if line.startswith("Chords"))
    assert line.count("C") == 17


def test_the_prompt_is_the_instruction_and_the_facts() -> None:
    prompt = prompt_from_facts(INSTRUCTION, FACTS, TAGS)
    assert prompt.startswith(INSTRUCTION)
    assert "\n- Key: A minor\n" in prompt
