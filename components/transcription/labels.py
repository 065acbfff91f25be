"""All texts of the transcription tab, in one place for a translation."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from components.page.edits import EditLabels


@dataclass(frozen=True)
class Field:
    """A control's label and the line below it."""

    label: str
    info: str


MODEL = "Model"
LANGUAGE = "Language"
TASK = "Task"
SPEAKERS = "Speakers"
ADVANCED = "Advanced"
ALLOWED_LANGUAGES = Field("Languages allowed", "Detect only these; empty for all.")
INITIAL_PROMPT = Field("Initial prompt", "A text in the style and spelling you want.")
HOTWORDS = Field("Hotwords", "Names and terms to expect.")
BEAM_SIZE = "Beam size"
WORD_TIMESTAMPS = "Word timestamps"
FALLBACK_SEARCHES = Field("Fallback searches", "Search again where the model is unsure.")
VOICE_DETECTION = Field("Voice detection", "Decode only where there is speech.")
VOICE_THRESHOLD = "Voice detection threshold"
SEPARATE_SIDES = Field("Separate sides", "Transcribe left and right one by one where they differ.")
SPEAKER_MODEL = "Speaker model"
LINE_CHARACTERS = Field("Characters per line", "0: usual for the language.")
CUE_LINES = "Lines per subtitle"
CUE_WORDS = Field("Words per subtitle", "0: as many as fit.")
AUTOMATIC_MODEL = "Automatic"
DETECT_LANGUAGE = "Detect"
NO_SPEAKERS = "Off"
TRANSCRIBE = "Transcribe"
TRANSLATE = "Translate to English"

STOP = "Stop"
EMPTY = "The transcript appears here. Choose a clip above, then press Transcribe."
READY = "Press Transcribe to get the text of this clip."
ALL_DELETED = "All lines are deleted. Undo brings them back."

LOADING, DECODING = "Getting the model ready …", "Transcribing …"
STOPPED_EARLY = "Stopped before the first words."
NO_SPEECH, NO_SPEECH_UNTIL = "No speech was found{}.", "No speech until {}{}."
SOUNDS_LIKE, IN_THIS_CLIP = ": this sounds like {}", " in this clip"
WHY_MODEL, PROGRESS = "Why this model", "Progress"
BY_DEVICE = "{model}, {dtype} on {device}, {licence}"
DONE, FROM_STORE = "{duration:.1f} s of audio in {elapsed:.1f} s", ", computed before"
STOPPED_AT, AT = "stopped at {position} after {elapsed:.1f} s", "{position} of {duration}, {elapsed:.1f} s"
DICTATED = "{} dictated"
SHORTENED = {
    "initial_prompt": "The initial prompt is too long: only the last {used} of {characters} characters were used.",
    "hotwords": "The hotwords are too long: only the first {used} of {characters} characters were used.",
}
GUESS, OTHER_LANGUAGES = "a guess", "; or {}"

SEVERAL_FILES = "Several files"
RECORDINGS = "Recordings"
TRANSCRIBE_ALL = "Transcribe all"
ZIP = "ZIP"
OPEN_FILE = "Open with its transcript"
QUEUE_COLUMNS = ("File", "State", "Length", "Language", "Words", "Time")


@dataclass(frozen=True)
class TranscriptLabels(EditLabels):
    """Texts that the transcript's script shows; braces hold what it puts in."""

    ask: str = "Transcribe again? The transcript on the page has your edits. They stay: choose them under Version."
    yes: str = "Transcribe again"
    name: str = "Transcript"
    tools: str = "Tools of the transcript"
    play: str = "Play from {time}"
    edit: str = "Edit this line"
    again: str = "Retranscribe this line"
    guess: str = "guess"
    guess_reason: str = "Only a guess: {language}, {sure}"
    edited: str = "edited"
    left: str = "Left"
    right: str = "Right"
    rename: str = "Name the speaker: {name}"
    speaker_name: str = "Name of the speaker. Enter saves it for all lines, Escape leaves it as it was."
    all_lines: str = "All lines"
    this_line: str = "This line"
    line_text: str = "Text of this line. Enter saves it, Escape leaves it as it was."
    save: str = "Save"
    cancel: str = "Cancel"
    split: str = "Split at cursor"
    merge: str = "Merge with next"
    delete: str = "Delete line"
    search: str = "Search"
    count: str = "{now} of {all}"
    nothing_found: str = "None"
    previous: str = "Previous match"
    following: str = "Next match"
    replace: str = "Replace"
    replacement: str = "Replace with"
    replace_all: str = "Replace all"
    shift: str = "Shift times"
    shift_seconds: str = "Shift by seconds"
    shift_all: str = "Shift all"
    copy: str = "Copy"
    copy_with_times: str = "Copy with times"
    copied: str = "Copied"
    dictating: str = "Speak: the words appear here."


@dataclass(frozen=True)
class DictationLabels:
    """Texts that the dictation button's script shows."""

    start: str = "Dictate"
    stop: str = "Stop dictating"
    speak: str = "Speak …"
    finishing: str = "Writing the last words …"
    seconds: str = "{seconds} s"
    level: str = "Microphone level"
    clip_name: str = "Dictation"
    refused: str = "The microphone is not available: please allow it for this page."


def as_texts(labels: TranscriptLabels | DictationLabels) -> dict[str, str]:
    """Return the texts as a component's script reads them."""
    return asdict(labels)
