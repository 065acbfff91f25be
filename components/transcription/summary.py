"""The line below a transcript: how far, in which language, by which model, in what time; or why not."""

from __future__ import annotations

import html

from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.non_speech import Unspoken
from pipelines.speech.transcription import Transcription
from pipelines.wording.times import clock_time

MIN_PROBABILITY = 0.01
"""A less likely language is not told as a runner-up."""


def waiting_message(now: Transcription) -> str:
    """What stands where the lines will be, as long as there is none."""
    heard = f": this sounds like {now.unspoken[0].sound}" if now.unspoken and now.unspoken[0].sound else " in this clip"
    return {
        "loading": "Getting the model ready …",
        "decoding": "Listening …",
        "dictating": "Speak: the words appear here.",
        "stopped": "Stopped before anything was heard.",
        "done": f"No speech was found{heard}.",
    }[now.state]


def remark(stretch: Unspoken) -> str:
    """What a transcript says about a stretch without speech."""
    heard = f": this sounds like {stretch.sound}" if stretch.sound else ""
    return f"No speech until {clock_time(stretch.end, 1)}{heard}."


def summary_markup(now: Transcription) -> str:
    """One line: how far, in which language, by which model, in what time."""
    facts = []
    if now.segments and now.language:
        language = WHISPER_LANGUAGES.get(now.language, now.language)
        facts.append(f"{language} ({now.language_probability:.2f}{_runners_up(now)})")
    facts.append(f"{html.escape(now.model)}, {now.dtype} on {now.device}, {html.escape(now.licence)}")
    if now.state == "done":
        earlier = ", computed before" if now.from_store else ""
        facts.append(f"{now.duration:.1f} s of audio in {now.elapsed:.1f} s{earlier}")
    elif now.state == "stopped":
        facts.append(f"stopped at {clock_time(now.position, 1)} after {now.elapsed:.1f} s")
    elif now.state == "dictating":
        facts.append(f"{clock_time(now.duration, 1)} dictated")
    else:
        facts.append(f"{clock_time(now.position, 1)} of {clock_time(now.duration, 1)}, {now.elapsed:.1f} s")
    running = now.state in ("loading", "decoding")
    bar = f'<progress max="{now.duration:.2f}" value="{now.position:.2f}" aria-label="Progress"></progress>' if running else ""
    why = f'<details class="why"><summary>Why this model</summary>{html.escape(now.model_reason)}</details>'
    return f'{bar}<p class="summary" data-state="{now.state}">{" · ".join(facts)}</p>{why}'


def _runners_up(now: Transcription) -> str:
    """What the language could also be, if that is worth a word."""
    others = [guess for guess in now.runners_up if guess.probability >= MIN_PROBABILITY]
    named = [f"{WHISPER_LANGUAGES.get(guess.code, guess.code)} {guess.probability:.2f}" for guess in others]
    return f"; else {', '.join(named)}" if named else ""
