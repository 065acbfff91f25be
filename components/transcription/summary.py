"""The line below a transcript: language, model, progress and time; and the messages in place of lines."""

from __future__ import annotations

import html

from components.page.jobs.waiting import loading_words
from components.transcription.labels import TranscriptLabels
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcript import NonSpeechSegment, ShortenedField, Transcription
from pipelines.wording.certainty import percent, sure
from pipelines.wording.grammar import share
from pipelines.wording.times import clock_time

MIN_ALTERNATIVE_PROBABILITY = 0.01
"""A less probable language is not shown."""


def waiting_message(now: Transcription) -> str:
    """Return the message that stands in place of lines."""
    sound = f": this sounds like {now.non_speech[0].sound}" if now.non_speech and now.non_speech[0].sound else " in this clip"
    return {
        "loading": loading_words("Getting the model ready …"),
        "decoding": "Transcribing …",
        "dictating": TranscriptLabels.dictating,
        "stopped": "Stopped before the first words.",
        "done": f"No speech was found{sound}.",
    }[now.state]


def remark(segment: NonSpeechSegment) -> str:
    """Return the line for a segment without speech."""
    sound = f": this sounds like {segment.sound}" if segment.sound else ""
    return f"No speech until {clock_time(segment.end, 1)}{sound}."


def transcription_summary(now: Transcription) -> str:
    """Return one line with language, model, progress and time."""
    facts = []
    if now.segments and now.language:
        facts.append(_languages(now))
    facts.append(f"{now.model}, {now.dtype} on {now.device}, {now.licence}")
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
    cut = "".join(f'<p class="summary">{html.escape(shortened_sentence(field))}</p>' for field in now.shortened)
    return f'{bar}<p class="summary" data-state="{now.state}">{html.escape(" · ".join(facts))}</p>{cut}{why}'


def shortened_sentence(field: ShortenedField) -> str:
    """Return what was used of a prompt field that was too long."""
    too_long = {
        "initial_prompt": "The initial prompt is too long: only the last",
        "hotwords": "The hotwords are too long: only the first",
    }
    return f"{too_long[field.field]} {len(field.used)} of {field.characters} characters were used."


def _languages(now: Transcription) -> str:
    """Return the language with its probability, or all languages with their shares; a guess is called so."""
    if len(now.languages) > 1:
        return ", ".join(
            f"{WHISPER_LANGUAGES[spoken.code]} {share(spoken.share)}{' (a guess)' if spoken.is_guess else ''}"
            for spoken in now.languages
        )
    language = WHISPER_LANGUAGES.get(now.language, now.language)
    guess = "a guess, " if any(spoken.is_guess for spoken in now.languages) else ""
    return f"{language} ({guess}{sure(now.language_probability)}{_alternatives(now)})"


def _alternatives(now: Transcription) -> str:
    others = [other for other in now.alternatives if other.probability >= MIN_ALTERNATIVE_PROBABILITY]
    named = [f"{WHISPER_LANGUAGES.get(other.code, other.code)} {percent(other.probability)}" for other in others]
    return f"; or {', '.join(named)}" if named else ""
