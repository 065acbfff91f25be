"""Results that do not fit each other or their clip are refused in one sentence, before anything is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.bundle.errors import BundleRefused
from tests.pipelines.bundle.changed_entries import (
    Change,
    Entries,
    Opener,
    array_document,
    with_beats,
    with_description,
    with_entry,
    with_json,
    with_note,
    with_transcript,
    zipped,
)

MANY = 20_001
REFUSED: dict[str, Change] = {
    "note before the clip": with_note(onset=-0.5),
    "note that ends before it begins": with_note(offset=-0.5),
    "note of hours": with_note(offset=1e9),
    "note that no key plays": with_note(pitch=-1),
    "note of no part": with_note(part="Flute"),
    "instrument that is none": with_json("results/notes.json", lambda found: found["parts"][0].update(program=128)),
    "storyboard of another clip": with_json("results/storyboard.json", lambda found: found.update(duration=1e9)),
    "scene outside of the clip": with_json("results/storyboard.json", lambda found: found["scenes"][0].update(end=99.0)),
    "scene without a picture": with_json("results/storyboard.json", lambda found: found["scenes"][0].update(file="x")),
    "key that is none": with_json("results/notes.json", lambda found: found.update(key=["H", "major"])),
    "notes of another length": with_json("results/notes.json", lambda found: found.update(duration=1e9)),
    "beats that go back": with_beats(times=[1.0, 0.5]),
    "beats at one time": with_beats(times=[1.0, 1.0]),
    "beats without places": with_beats(positions=[]),
    "bars of no beat": with_beats(beats_per_bar=0),
    "beats after the clip": with_beats(times=[1e9, 1e9 + 1]),
    "notes of another tuning": with_json("results/notes.json", lambda found: found.update(tuning_cents=1e9)),
    "note that is bent away": with_note(bend=[0.0, 1e9]),
    "parts without end": with_json(
        "results/notes.json",
        lambda found: found.update(parts=[{"name": str(number), "program": 0, "is_drums": False} for number in range(MANY)]),
    ),
    "patches without length": with_description(lambda found: found["sounds"].update(hop_seconds=1e-9)),
    "patches that go back": with_description(lambda found: found["sounds"].update(times=array_document(np.arange(24.0)[::-1]))),
    "tag of no class": with_description(lambda found: found["sounds"]["top"][0].update(name="x")),
    "tags of music that are none": with_description(lambda found: found["music"]["tags"][0].update(name="x")),
    "tag that is named twice": with_description(lambda found: found["sounds"]["top"].extend(found["sounds"]["top"])),
    "tags of music that are named twice": with_description(lambda found: found["music"]["tags"].extend(found["music"]["tags"])),
    "questions without end": with_entry(
        "results/questions.json", b"[%s]" % b",".join(MANY * [b'{"question":"","answer":"","by":""}'])
    ),
    "chords without end": with_description(lambda found: found["facts"].update(chords=found["facts"]["chords"][:1] * MANY)),
    "chords that go back": with_description(lambda found: found["facts"]["chords"].reverse()),
    "chord that is none": with_description(lambda found: found["facts"]["chords"][0].update(name="H:what")),
    "tempo of no beats": with_description(lambda found: found["facts"]["tempo"].update(bpm=0.0)),
    "key of no name": with_description(lambda found: found["facts"]["key"].update(tonic="")),
    "music of another tuning": with_description(lambda found: found["facts"].update(tuning_cents=-1e9)),
    "line of a side that no clip has": with_transcript(
        lambda found: found["transcription"]["segments"][0].update(side="../../x")
    ),
    "line after the clip": with_transcript(lambda found: found["transcription"]["segments"][0].update(end=1e9)),
    "edit that cannot be undone": with_transcript(
        lambda found: found.update(done=[{"before": [], "after": found["transcription"]["segments"] * 2}])
    ),
    "text without end": with_entry("results/questions.json", b'[{"question":"%s","answer":"","by":""}]' % (b"a" * 10**6)),
    "objects without end": with_entry("results/questions.json", b"[" + b"{}," * 10**6 + b"{}]"),
    "place outside of the clip": with_entry("results/questions.json", b'[{"question":"","answer":"","by":"","spans":[[0,1e9]]}]'),
    "map that reaches out": with_json(
        "results/embedding.json",
        lambda found: found["map"].update(points=array_document(np.full((24, 2), 1e30))),
    ),
    "words without end": with_json(
        "results/own_words.json", lambda found: found["matches"].update(matches=found["matches"]["matches"] * 100)
    ),
    "sounds without names": with_json("results/description.json", lambda found: found["sounds"].update(classes=[])),
    "state that is none": with_json("results/notes.json", lambda found: found.update(state="<b>")),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_implausible_results_are_refused_in_words(opened: Opener, entries: Entries, change: Change) -> None:
    changed = dict(entries)
    change(changed)
    with pytest.raises(BundleRefused, match=r"^This bundle cannot be opened, because [^<]*$"):
        opened(zipped(changed))
