"""Music facts and tags as HTML."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable

from components.music import labels
from components.page.jobs.waiting import loading_words
from components.page.markup import chips_markup, fold_markup
from components.page.seekable import seek_button
from pipelines.description.description import ClipDescription
from pipelines.music.facts import MusicFacts, Vocals
from pipelines.music.harmony.notation import pitch_class, tonic_name
from pipelines.music.harmony.notation import written as chord_symbol
from pipelines.music.harmony.tuning import MIN_TUNING_CENTS, concert_pitch, other_reading
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord, Key, KeySpan
from pipelines.music.loudness import Loudness
from pipelines.music.rhythm.types import Beats, Tempo
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.music.tags.tag_table import CALIBRATED_KINDS, TagKind
from pipelines.tagging.tags import SoundTags
from pipelines.wording.certainty import percent, sure
from pipelines.wording.times import clock_time

MAX_CHORDS = 8
MIN_SHOWN_CONFIDENCE = 0.05
"""Confidence from which an alternative or a sound is shown, 0 to 1."""


def facts_markup(facts: MusicFacts) -> str:
    """Return a table with value, confidence and alternatives of each fact."""
    rows = [
        _tempo(facts.tempo) or _reason(labels.TEMPO, facts.no_tempo_reason),
        _metre(facts.beats) or _missing(labels.METRE, facts),
        _key(facts.key, facts.key_spans) or _reason(labels.KEY, facts.no_key_reason),
        _tuning(facts.tuning_cents, facts.key),
        _chords(facts.chords) or _missing(labels.CHORDS, facts),
        _sections(facts.sections),
        _vocals(facts.vocals),
        _loudness(facts.loudness),
    ]
    body = "".join(row for row in rows if row)
    return f'<table class="facts"><tbody>{body}</tbody></table>' if body else ""


def tags_markup(sounds: SoundTags | None, music: MusicTags | None) -> str:
    """Return the tags as chips by kind; those without a measured confidence are called a guess and have no percentage."""
    sound_tags: list[tuple[str, float | None]] = (
        [(tag.name, None) for tag in sounds.top if tag.score >= MIN_SHOWN_CONFIDENCE] if sounds else []
    )
    groups = [(labels.GUESSED.format(title=labels.SOUNDS), sound_tags)]
    if music:
        groups += [_kind_group(kind, music) for kind in labels.KIND_TITLES]
    return "".join(chips_markup(title, tags) for title, tags in groups if tags)


def _kind_group(kind: TagKind, music: MusicTags) -> tuple[str, list[tuple[str, float | None]]]:
    """Return the title and the chips of a kind of tags."""
    is_calibrated = kind in CALIBRATED_KINDS
    title = labels.KIND_TITLES[kind] if is_calibrated else labels.GUESSED.format(title=labels.KIND_TITLES[kind])
    return title, [(tag.name, tag.confidence if is_calibrated else None) for tag in music.of_kind(kind)]


def description_summary(now: ClipDescription) -> str:
    """Return one line with progress and elapsed time; the models are folded away below it."""
    running = now.state not in ("done", "stopped")
    bar = f'<progress max="1" value="{now.position:.3f}" aria-label="{labels.PROGRESS}"></progress>' if running else ""
    took = (labels.DONE if now.state == "done" else labels.TOOK).format(duration=now.duration, elapsed=now.elapsed)
    place = labels.ON_DEVICE.format(now.device) if now.device else ""
    facts = html.escape(" · ".join(part for part in (loading_words(now.step), place, took) if part))
    why = fold_markup(labels.WHY_MODEL, now.model, now.caption.model_reason if now.caption else "")
    return f'{bar}<p class="summary" data-state="{now.state}">{facts}</p>{why}'


def _row(name: str, value: str, confidence: float | None = None, rest: str = "") -> str:
    bar = f'<meter max="1" value="{confidence:.2f}"></meter> {sure(confidence)}' if confidence is not None else ""
    return f'<tr><th scope="row">{name}</th><td>{value}</td><td class="sure">{bar}</td><td class="rest">{rest}</td></tr>'


def _or(alternatives: Iterable[tuple[str, float]]) -> str:
    shown = [
        f"{html.escape(name)} ({percent(confidence)})" for name, confidence in alternatives if confidence >= MIN_SHOWN_CONFIDENCE
    ]
    return f"or {', '.join(shown)}" if shown else ""


def _reason(name: str, reason: str) -> str:
    return _row(name, labels.NONE, rest=html.escape(reason)) if reason else ""


def _missing(name: str, facts: MusicFacts) -> str:
    """Return the row of a measurement that found nothing in music; the rows of tempo and key give their own reasons."""
    return _row(name, labels.NONE_FOUND) if facts.state == "done" and facts.is_music else ""


def _tuning(cents: float | None, key: Key | None) -> str:
    if cents is None or abs(cents) < MIN_TUNING_CENTS:
        return ""
    other = other_reading(cents)
    doubt = "" if other is None else f" · a quarter tone off: or {_neighbour(key, cents)}{_cents(other)}"
    return _row(labels.TUNING, f"A4 = {concert_pitch(cents):.0f} Hz", rest=f"{_cents(cents)}{doubt}")


def _cents(cents: float) -> str:
    return f"{abs(cents):.0f} cents {'high' if cents > 0 else 'low'}"


def _neighbour(key: Key | None, cents: float) -> str:
    """Return the key a semitone away towards which the notes deviate, with a comma; '' without a key."""
    if key is None:
        return ""
    return f"{tonic_name(pitch_class(key.tonic) + (1 if cents > 0 else -1), key.mode)} {key.mode}, "


def _tempo(tempo: Tempo | None) -> str:
    if tempo is None:
        return ""
    others = [(f"{other.bpm:.0f} BPM", other.confidence) for other in tempo.alternatives]
    reason = f'<details class="why"><summary>{labels.WHY}</summary>{html.escape(tempo.reason)}</details>'
    return _row(labels.TEMPO, f"{tempo.bpm:.1f} BPM", tempo.confidence, _or(others) + reason)


def _metre(beats: Beats | None) -> str:
    if beats is None:
        return ""
    others = [(other.metre, other.confidence) for other in beats.alternatives]
    first = seek_button(f"{len(beats.downbeats)} bars", beats.downbeats[0], labels.PLAY_DOWNBEAT) if beats.downbeats else ""
    return _row(labels.METRE, f"{beats.metre} · {len(beats.times)} beats · {first}", beats.confidence, _or(others))


def _key(key: Key | None, spans: tuple[KeySpan, ...]) -> str:
    if key is None:
        return ""
    changes = [
        seek_button(f"{html.escape(span.key.name)} {clock_time(span.start)}", span.start, labels.PLAY_HERE) for span in spans
    ]
    name = html.escape(key.name)
    value = f"{name} · {' '.join(changes)}" if len(changes) > 1 else name
    return _row(labels.KEY, value, key.confidence, _or((other.name, other.confidence) for other in key.alternatives[:2]))


def _chords(chords: tuple[Chord, ...]) -> str:
    seconds: Counter[str] = Counter()
    first: dict[str, float] = {}
    for chord in chords:
        if chord.name != NO_CHORD_NAME:
            seconds[chord.name] += round(1000 * (chord.end - chord.start))
            first.setdefault(chord.name, chord.start)
    buttons = [
        seek_button(
            html.escape(chord_symbol(name)), first[name], f"{length / 1000:.1f} s in all, first at {clock_time(first[name], 1)}"
        )
        for name, length in seconds.most_common(MAX_CHORDS)
    ]
    more = f" and {len(seconds) - MAX_CHORDS} more" if len(seconds) > MAX_CHORDS else ""
    return _row(labels.CHORDS, f"{' '.join(buttons)}{more}") if buttons else ""


def _sections(sections: tuple[Section, ...]) -> str:
    buttons = [
        seek_button(f"{html.escape(part.label)} {clock_time(part.start, 1)}", part.start, f"{part.end - part.start:.1f} s")
        for part in sections
    ]
    return _row(labels.SECTIONS, " ".join(buttons) if len(buttons) > 1 else labels.ONE_SECTION) if buttons else ""


def _vocals(vocals: Vocals | None) -> str:
    if vocals is None:
        return ""
    spans = " ".join(seek_button(f"{clock_time(start, 1)}–{clock_time(end, 1)}", start) for start, end in vocals.spans)
    if vocals.present is None:
        return _row(labels.VOCALS, labels.UNCLEAR)
    return (
        _row(labels.VOCALS, spans or labels.PRESENT, vocals.probability)
        if vocals.present
        else _row(labels.VOCALS, labels.NONE, 1 - vocals.probability)
    )


def _loudness(loudness: Loudness | None) -> str:
    if loudness is None:
        return ""
    if loudness.integrated_lufs is None:
        return _row(labels.LOUDNESS, labels.NOT_MEASURED, rest=labels.TOO_QUIET)
    spread = f"range {loudness.range_lu:.1f} LU, " if loudness.range_lu is not None else ""
    return _row(
        labels.LOUDNESS, f"{loudness.integrated_lufs:.1f} LUFS", None, f"{spread}true peak {loudness.true_peak_dbfs:.1f} dBFS"
    )
