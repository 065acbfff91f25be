"""The line below a transcript: language, model, progress and time; and the messages in place of lines."""

from __future__ import annotations

import html

from components.page.jobs.waiting import loading_words
from components.page.markup import fold_markup
from components.transcription import labels
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
    sound = now.non_speech[0].sound if now.non_speech else ""
    return {
        "loading": loading_words(labels.LOADING),
        "decoding": labels.DECODING,
        "dictating": TranscriptLabels.dictating,
        "stopped": labels.STOPPED_EARLY,
        "done": labels.NO_SPEECH.format(labels.SOUNDS_LIKE.format(sound) if sound else labels.IN_THIS_CLIP),
    }[now.state]


def remark(segment: NonSpeechSegment) -> str:
    """Return the line for a segment without speech."""
    sound = labels.SOUNDS_LIKE.format(segment.sound) if segment.sound else ""
    return labels.NO_SPEECH_UNTIL.format(clock_time(segment.end, 1), sound)


def transcription_summary(now: Transcription) -> str:
    """Return one line with language, model, progress and time."""
    facts = []
    position, duration = clock_time(now.position, 1), clock_time(now.duration, 1)
    if now.segments and now.language:
        facts.append(_languages(now))
    facts.append(labels.BY_DEVICE.format(model=now.model, dtype=now.dtype, device=now.device, licence=now.licence))
    if now.state == "done":
        done = labels.DONE.format(duration=now.duration, elapsed=now.elapsed)
        facts.append(done + (labels.FROM_STORE if now.from_store else ""))
    elif now.state == "stopped":
        facts.append(labels.STOPPED_AT.format(position=position, elapsed=now.elapsed))
    elif now.state == "dictating":
        facts.append(labels.DICTATED.format(duration))
    else:
        facts.append(labels.AT.format(position=position, duration=duration, elapsed=now.elapsed))
    running = now.state in ("loading", "decoding")
    bar = (
        f'<progress max="{now.duration:.2f}" value="{now.position:.2f}" aria-label="{labels.PROGRESS}"></progress>'
        if running
        else ""
    )
    why = fold_markup(labels.WHY_MODEL, now.model_reason)
    remarks = [*map(shortened_sentence, now.shortened), *([now.limit] if now.limit else [])]
    cut = "".join(f'<p class="summary">{html.escape(one)}</p>' for one in remarks)
    return f'{bar}<p class="summary" data-state="{now.state}">{html.escape(" · ".join(facts))}</p>{cut}{why}'


def shortened_sentence(field: ShortenedField) -> str:
    """Return what was used of a prompt field that was too long."""
    return labels.SHORTENED[field.field].format(used=len(field.used), characters=field.characters)


def _languages(now: Transcription) -> str:
    """Return the language with its probability, or all languages with their shares; a guess is called so."""
    if len(now.languages) > 1:
        return ", ".join(
            f"{WHISPER_LANGUAGES[spoken.code]} {share(spoken.share)}{f' ({labels.GUESS})' if spoken.is_guess else ''}"
            for spoken in now.languages
        )
    language = WHISPER_LANGUAGES.get(now.language, now.language)
    guess = f"{labels.GUESS}, " if any(spoken.is_guess for spoken in now.languages) else ""
    return f"{language} ({guess}{sure(now.language_probability)}{_alternatives(now)})"


def _alternatives(now: Transcription) -> str:
    others = [other for other in now.alternatives if other.probability >= MIN_ALTERNATIVE_PROBABILITY]
    named = [f"{WHISPER_LANGUAGES.get(other.code, other.code)} {percent(other.probability)}" for other in others]
    return labels.OTHER_LANGUAGES.format(", ".join(named)) if named else ""
