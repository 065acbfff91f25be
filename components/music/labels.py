"""The words of the tab Music & sound, in one place for a translation."""

from __future__ import annotations

from typing import Literal

from pipelines.music.tags.tag_table import TagKind
from pipelines.wording.certainty import MIN_CERTAIN, sure

AUTOMATIC = "Automatic"
MODEL = "Model"
STOP = "Stop"

DESCRIBE = "Describe"
EMPTY = "The description appears here. Choose a clip above, then press Describe."
READY = "Press Describe for a caption, facts and tags of this clip; then ask about it."
SOUND_TAGGER = "Sound tagger"
CAPTION_MODEL = "Caption model"
TEMPLATES = "Templates"
FROM_FACTS = "{model}, from the facts"
ADVANCED = "Advanced"
PROMPT = "Prompt"
USUAL_PROMPT = "The model's usual prompt"
RANDOM_SAMPLING = "Random sampling"
TEMPERATURE = "Temperature"
TOP_P = "Top-p"
MAX_NEW_TOKENS = "Max new tokens"
SEED = "Seed"
TAGS_PER_KIND = "Tags per kind"
METRE = "Metre"
METRES = [("Detect", 0), *((f"{beats} beats per bar", beats) for beats in (2, 3, 4, 5))]
MIN_BPM, MAX_BPM = "Min BPM", "Max BPM"
WHY_MODEL = "Models, and why these"

TEMPO, KEY, TUNING, CHORDS, SECTIONS, VOCALS, LOUDNESS = "Tempo", "Key", "Tuning", "Chords", "Sections", "Vocals", "Loudness"
KIND_TITLES: dict[TagKind, str] = {
    "genre": "Genre",
    "instrument": "Instruments",
    "mood": "Mood",
    "era": "Era",
    "vocals": "Voice",
}
SOUNDS = "Sounds"
GUESSED = "{title}, a guess"
NONE, NONE_FOUND, UNCLEAR, ONE_SECTION = "None", "None found", "Unclear", "One section"
PRESENT = "Present"
NOT_MEASURED = "Not measured"
TOO_QUIET = "The clip is nearly silent or shorter than 0.4 s."
WHY = "Why"
PLAY_HERE = "Play from here"
PLAY_DOWNBEAT = "Play from the first downbeat"

ClaimMark = Literal["confirmed", "uncertain", "contradicted", "not measured"]

CLAIM_MARKS: dict[ClaimMark, str] = {"confirmed": "✓", "uncertain": "○", "contradicted": "✗", "not measured": "?"}
CLAIM_MEANINGS: dict[ClaimMark, str] = {
    "confirmed": f"A second measurement agrees, or the measurement is at least {sure(MIN_CERTAIN)}.",
    "uncertain": "One measurement says so, and it is not sure.",
    "contradicted": "The measurement says something else.",
    "not measured": "This was not measured.",
}

QUESTION = "Question"
QUESTION_EXAMPLE = "Which chords are used at 0:10? Is there singing?"
ASK = "Ask"
MEASUREMENTS = "Measurements"
DESCRIBE_FIRST = "Press Describe first."

OWN_WORDS = "Own words"
WORDS = "Words, separated by commas"
WORDS_EXAMPLE = "a bird, someone laughing, rain"
FIND = "Find"
BY_MEANING = "Known labels of like meaning"
ABOUT_MEANING = "Your words were compared with the labels of the taggers for sounds and for music, not with the sound itself."
NO_LABEL = "No known label means about the same."
NOT_FOUND = "Not found"
SOUGHT = "looked for {labels}"
AS_LABEL = "as {labels}"
GUESS = "a guess"

PROGRESS = "Progress"
ON_DEVICE = "on {}"
TOOK, DONE = "{elapsed:.1f} s", "{duration:.1f} s of audio in {elapsed:.1f} s"
