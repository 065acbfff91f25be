"""Questions about composed music and their answers, in several wordings each, from the facts of a clip.

A caption names the main instrument before all others, so that the claims of a text can be read back; see `claims`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.music.harmony.notation import Mode, pitch_class, spelling, tonic_name
from pipelines.music.harmony.types import NO_CHORD_NAME
from pipelines.wording.grammar import listed, number_word, sentence, with_article
from training.data.renderer.clip_facts import Facts
from training.data.renderer.instruments import DRUMS
from training.data.triples import Task

Draw = np.random.Generator


@dataclass(frozen=True)
class Worded:
    """One question with its answer."""

    topic: str
    task: Task
    question: str
    answer: str


TEMPO_WORDS: Mapping[str, tuple[str, ...]] = {"slow": ("slow",), "medium": ("medium", "moderate"), "fast": ("fast",)}
TEMPO_ADJECTIVES: Mapping[str, str] = {"slow": "slow", "medium": "medium-tempo", "fast": "fast"}
"""Before 'piece'."""
MAIN_WORDS: Mapping[str, tuple[str, ...]] = {
    "piano": ("a piano",),
    "organ": ("an organ",),
    "guitar": ("a guitar",),
    "strings": ("strings", "string instruments"),
    "brass": ("brass", "a brass instrument"),
    "woodwind": ("a woodwind instrument", "woodwind"),
    "voice": ("voices", "a choir"),
    "synth": ("a synthesizer",),
    "mallets": ("mallet percussion", "a mallet instrument"),
}
OTHER_WORDS: Mapping[str, str] = {
    "piano": "piano", "organ": "organ", "guitar": "guitar", "strings": "strings", "brass": "brass", "woodwind": "woodwind",
    "voice": "voices", "synth": "synthesizer", "mallets": "mallets", "bass": "bass", "accordion": "accordion",
    "harmonica": "harmonica", "harp": "harp", DRUMS: "drums",
}  # fmt: skip
FAMILY_WORDS: Mapping[str, str] = {
    "piano": r"pianos?", "organ": r"organs?", "guitar": r"guitars?", "strings": r"strings?", "brass": r"brass",
    "woodwind": r"woodwinds?", "voice": r"voices?|choir", "synth": r"synthesi[sz]ers?|synths?", "mallets": r"mallets?",
}  # fmt: skip
"""Patterns by which `claims` recognises a family."""
CHORD_SIGNS: Mapping[str, str] = {"maj": "", "min": "m", "7": "7", "maj7": "maj7", "min7": "m7", "dim": "dim"}
"""Signs of lead sheets by Harte's shorthand."""
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "caption": (
        "Describe the music.",
        "Describe the music:",
        "What is this music like?",
        "Describe this clip.",
        "Write a caption for this music.",
    ),
    "tags": ("List tags for this music.", "Which tags fit this clip?", "Tag this music."),
    "tempo": ("Is the music slow, medium or fast?", "How fast is the music?", "What is the tempo like?", "Is this slow or fast?"),
    "bpm": ("How many beats per minute does it have?", "What is the tempo in beats per minute?", "What is the BPM?"),
    "mode": ("Is it in major or minor?", "Is the key major or minor?", "Does it sound major or minor?"),
    "key": ("What key is it in?", "Which key is this music in?", "What is the key?"),
    "metre": ("What is the time signature?", "What metre is it in?", "How many beats are in a bar?"),
    "family": ("What is the main instrument?", "Which instrument stands out?", "What kind of instrument leads?"),
    "instrument": ("Name the main instrument exactly.", "Which instrument is it, exactly?"),
    "drums": ("Are there drums?", "Do drums play?", "Is there percussion?"),
    "chords": ("Which chords are played?", "Name the chords in order.", "What is the chord progression?"),
    "notes": ("Write down the notes.", "Transcribe the notes."),
}
TASKS: Mapping[str, Task] = {"caption": "caption", "tags": "tags", "notes": "notes"}
"""The tasks of topics that are not questions."""


def worded(facts: Facts, rng: Draw) -> Iterator[Worded]:
    """Yield a question and an answer, in wordings drawn by `rng`, for every topic on which the facts say something."""
    for topic, answer in ANSWERS.items():
        if (text := answer(facts, rng)) is not None:
            yield Worded(topic, TASKS.get(topic, "question"), str(rng.choice(QUESTIONS[topic])), text)


def claims(text: str) -> dict[str, Any]:
    """Return what a caption or an answer claims, in the form of the facts: 'tempo', 'mode', 'metre', 'family' and 'drums'."""
    found: dict[str, Any] = {}
    for name, words in TEMPO_WORDS.items():
        if re.search(rf"\b({'|'.join(words)})\b", text, re.IGNORECASE):
            found.setdefault("tempo", name)
    if mode := re.search(r"\b(major|minor)\b", text, re.IGNORECASE):
        found["mode"] = mode[1].lower()
    if metre := re.search(r"\b\d/[48]\b", text):
        found["metre"] = metre[0]
    places = {name: match.start() for name, words in FAMILY_WORDS.items() if (match := _search_words(words, text))}
    if places:
        found["family"] = min(places, key=lambda name: places[name])
    if re.search(r"\b(no|without) (drums|percussion)\b", text, re.IGNORECASE):
        found["drums"] = False
    elif re.search(r"\bdrums?\b", text, re.IGNORECASE):
        found["drums"] = True
    if re.search(r"\b(only drums|drums( play)? alone)\b", text, re.IGNORECASE):
        found["family"] = DRUMS
    return found


def _search_words(words: str, text: str) -> re.Match[str] | None:
    return re.search(rf"\b({words})\b", text, re.IGNORECASE)


def _pick(rng: Draw, *wordings: str) -> str:
    return str(rng.choice(wordings))


def _caption(facts: Facts, rng: Draw) -> str | None:
    """Return a caption with one claim in each sentence, so that a reader can leave out what the model is unsure of."""
    if "tempo" not in facts:
        return None
    tempo, metre = facts["tempo"], facts["metre"]
    pace = _pick(rng, f"the tempo is {tempo}", f"it is {with_article(TEMPO_ADJECTIVES[tempo])} piece")
    beat = _pick(rng, f"the metre is {metre}", f"it is in {metre}")
    if facts["family"] == DRUMS:
        return _sentences(_pick(rng, "drums play alone", "only drums play"), pace, beat)
    main, others = MAIN_WORDS[facts["family"]][0], _accompaniment(facts)
    behind = f", with {others}" if others else _pick(rng, ", alone", ", without accompaniment")
    part = _pick(
        rng,
        f"the main part is played by {main}{behind}",
        f"{main} {_stand(main)} out{behind}",
        f"{main} {_lead(main)}{behind}",
    )
    key = _pick(rng, f"the key is {facts['mode']}", f"it is in {facts['mode']}", f"the music is in {facts['mode']}")
    drums = () if facts["drums"] else (_pick(rng, "there are no drums", "no drums play"),)
    return _pick(rng, _sentences(part, pace, key, beat, *drums), _sentences(pace, key, part, beat, *drums))


def _sentences(*clauses: str) -> str:
    return " ".join(map(sentence, clauses))


def _accompaniment(facts: Facts) -> str:
    """Return the families beside the main one, 'piano, bass and drums'."""
    others = [OTHER_WORDS[family] for family in facts["families"] if family != facts["family"]]
    return listed([*others, *([OTHER_WORDS[DRUMS]] if facts["drums"] else [])])


def _is_plural(noun: str) -> bool:
    return noun in ("strings", "string instruments", "voices")


def _stand(noun: str) -> str:
    return "stand" if _is_plural(noun) else "stands"


def _lead(noun: str) -> str:
    return "lead" if _is_plural(noun) else "leads"


def _tags(facts: Facts, rng: Draw) -> str | None:
    names = [facts["family"], *(family for family in facts["families"] if family != facts["family"])]
    tags = [OTHER_WORDS[name] for name in names]
    tags += [word for word in (facts.get("tempo"), facts.get("mode")) if word]
    return ", ".join([*tags, *([OTHER_WORDS[DRUMS]] if facts["drums"] and facts["family"] != DRUMS else [])])


def _tempo(facts: Facts, rng: Draw) -> str | None:
    if "tempo" not in facts:
        return None
    word = _pick(rng, *TEMPO_WORDS[facts["tempo"]])
    return _pick(
        rng, f"The tempo is {word}.", f"It has {with_article(word)} tempo.", f"The music moves at {with_article(word)} tempo."
    )


def _bpm(facts: Facts, rng: Draw) -> str | None:
    bpm = round(facts["bpm"])
    return _pick(rng, f"It has about {bpm} beats per minute.", f"The tempo is about {bpm} beats per minute.", f"About {bpm} BPM.")


def _mode(facts: Facts, rng: Draw) -> str | None:
    if "mode" not in facts:
        return _pick(rng, "Neither: only drums play.", "There is no key: only drums play.")
    mode = facts["mode"]
    return _pick(rng, f"It is in {mode}.", f"The key is {mode}.", f"The music is in a {mode} key.")


def _key(facts: Facts, rng: Draw) -> str | None:
    if "mode" not in facts:
        return _pick(rng, "There is no key: only drums play.", "It has no key, because only drums play.")
    tonic = tonic_name(facts["tonic"], facts["mode"]).replace("#", " sharp").replace("b", " flat")
    key = f"{tonic} {facts['mode']}"
    return _pick(rng, f"It is in {key}.", f"The key is {key}.", f"The music is in {key}.")


def _metre(facts: Facts, rng: Draw) -> str | None:
    beats, unit = (int(part) for part in facts["metre"].split("/"))
    if unit == 8:
        bar = f"{number_word(beats // 3)} beats in each bar, of three eighths each"
    else:
        bar = f"{number_word(beats)} beats in each bar"
    metre = facts["metre"]
    return _pick(rng, f"It is in {metre}: {bar}.", f"The time signature is {metre}, with {bar}.", f"The metre is {metre}: {bar}.")


def _family(facts: Facts, rng: Draw) -> str | None:
    if facts["family"] == DRUMS:
        return _pick(rng, "Only drums play.", "No instrument leads: drums play alone.")
    main = MAIN_WORDS[facts["family"]][0]
    frames = (f"The main part is played by {main}.", f"{main} {_lead(main)}.", f"{main} {_stand(main)} out.")
    return sentence(_pick(rng, *frames))


def _instrument(facts: Facts, rng: Draw) -> str | None:
    if facts["family"] == DRUMS:
        return None
    name = facts["instrument"]
    noun = name if name in ("pizzicato strings", "tubular bells") else with_article(name)
    verb = "are" if noun == name else "is"
    return _pick(rng, f"The main instrument is {noun}.", f"It is {noun}." if verb == "is" else f"They {verb} {noun}.")


def _drums(facts: Facts, rng: Draw) -> str | None:
    if facts["drums"]:
        return _pick(rng, "Yes, drums play.", "Yes, there are drums.")
    return _pick(rng, "No, there are no drums.", "No, it is played without drums.")


def _chords(facts: Facts, rng: Draw) -> str | None:
    if "chords" not in facts:
        return None
    names = [symbol(name, facts["tonic"], facts["mode"]) for _, _, name in facts["chords"] if name != NO_CHORD_NAME]
    if not names:
        return None
    if len(set(names)) == 1:
        return _pick(rng, f"Only one chord is played: {names[0]}.", f"The chord stays {names[0]}.")
    progression = ", ".join(names)
    return _pick(rng, f"The chords are {progression}.", f"The progression is {progression}.", f"It goes {progression}.")


def symbol(name: str, tonic: int, mode: Mode) -> str:
    """Return the lead-sheet symbol of a chord in Harte's syntax, as a key spells it: 'Ebm7' for 'D#:min7' in B flat major."""
    root, _, quality = name.partition(":")
    return spelling(tonic_name(tonic, mode), mode)[pitch_class(root)] + CHORD_SIGNS[quality]


def note_text(notes: list[list[Any]]) -> str:
    """Return notes as text: 'onset duration pitch velocity' of each, in centiseconds and MIDI numbers, joined by semicolons."""
    rows = [f"{round(100 * on)} {max(1, round(100 * (off - on)))} {pitch} {velocity}" for on, off, pitch, velocity, _ in notes]
    return "; ".join(rows)


def _notes(facts: Facts, rng: Draw) -> str | None:
    pitched = [note for note in facts["notes"] if note[4] >= 0]
    return note_text(pitched) if pitched else None


ANSWERS: Mapping[str, Callable[[Facts, Draw], str | None]] = {
    "caption": _caption, "tags": _tags, "tempo": _tempo, "bpm": _bpm, "mode": _mode, "key": _key, "metre": _metre,
    "family": _family, "instrument": _instrument, "drums": _drums, "chords": _chords, "notes": _notes,
}  # fmt: skip
"""By topic: a sentence, or None where the facts say nothing or the question makes no sense."""
