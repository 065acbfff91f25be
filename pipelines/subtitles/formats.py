"""File formats of a transcription: TXT, SRT, VTT, LRC, TSV, JSON and RTTM.

Every format is UTF-8, ends its lines with a line feed alone, and is the same for the same input.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any

from pipelines import APP_NAME
from pipelines.speech.transcript import Transcription, TranscriptionOptions
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.cues import Cue, make_cues, with_voice
from pipelines.subtitles.unbreakable_units import CueWord, line_text, plain_text
from pipelines.wording.file_texts import WORD_JOINER, text_cell
from pipelines.wording.times import clock_time

JSON_VERSION = 1
"""Increased when a field of the JSON changes its meaning or is removed."""

LRC_CLEAR_MS = 1000
"""LRC has no end times: a line that is over for this long before the next is cleared by an empty one."""

MAX_TURN_PAUSE_SECONDS = 0.5
"""A longer pause parts two turns of one voice."""

# SRT and LRC have no escapes: a word joiner stands inside what they would read as markup.
_SRT_MARKUP = re.compile(r"(?<=--)(?=>)|(?<=<)(?=[ /]*[A-Za-z])|(?<=\{)(?=\\)")
_LRC_MARKUP = re.compile(r"^(?=\[)|(?<=[\[<])(?=\d)")


@dataclass(frozen=True)
class Subtitles:
    """All content that a format may write."""

    transcription: Transcription
    options: TranscriptionOptions
    """Options that were chosen; those that were used are in `transcription`."""
    cue_options: CueOptions
    title: str
    """Title of the clip."""
    app_version: str
    word_times: bool = False
    """Whether VTT and LRC give the start of each word, for karaoke."""

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """Cues, made once for all formats."""
        return make_cues(self.transcription.segments, self.transcription.duration, self.cue_options)


@dataclass(frozen=True)
class FileFormat:
    """A file format."""

    ending: str
    """With its dot."""
    write: Callable[[Subtitles], str]

    def encode(self, subtitles: Subtitles) -> bytes:
        """Return the content of the file."""
        return self.write(subtitles).encode("utf-8")


def to_txt(subtitles: Subtitles) -> str:
    """Write the text alone, a line for every segment, with its speaker or side before it where it has one."""
    texts = ((plain_text(segment.voice), plain_text(segment.text)) for segment in subtitles.transcription.segments)
    return "".join(f"{with_voice(voice, text)}\n" for voice, text in texts if text)


def to_srt(subtitles: Subtitles) -> str:
    """Write SubRip: numbered cues, `HH:MM:SS,mmm`, a blank line after each."""
    return "".join(
        f"{number}\n{_timestamp(cue.start_ms, ',')} --> {_timestamp(cue.end_ms, ',')}\n"
        + "".join(f"{_SRT_MARKUP.sub(WORD_JOINER, line)}\n" for line in cue.labelled_lines)
        + "\n"
        for number, cue in enumerate(subtitles.cues, 1)
    )


def to_vtt(subtitles: Subtitles) -> str:
    """Write WebVTT (W3C): `HH:MM:SS.mmm`, `&`, `<` and `>` escaped, with word times as `<HH:MM:SS.mmm>` before the word.

    A speaker, or else a side of the clip, is the voice of its cues: `<v Left>`.
    """
    return "WEBVTT\n" + "".join(
        f"\n{_timestamp(cue.start_ms)} --> {_timestamp(cue.end_ms)}\n{_vtt_voice(cue)}{_vtt_payload(cue, subtitles.word_times)}"
        for cue in subtitles.cues
    )


def to_lrc(subtitles: Subtitles) -> str:
    """Write LRC: tags, then a line for every cue at `[mm:ss.xx]`, with word times as `<mm:ss.xx>` (enhanced LRC)."""
    length = _lrc_timestamp(math.floor(subtitles.transcription.duration * 1000))
    tags = {"ti": _lrc_tag(subtitles.title), "length": length, "re": APP_NAME, "ve": _lrc_tag(subtitles.app_version)}
    lines = [f"[{name}:{value}]" for name, value in tags.items()]
    shown_until_ms = 0
    for cue, following in zip_longest(subtitles.cues, subtitles.cues[1:]):
        shown_until_ms = max(shown_until_ms, cue.end_ms)
        voice = _LRC_MARKUP.sub(WORD_JOINER, cue.voice)
        lines.append(f"[{_lrc_timestamp(cue.start_ms)}]{with_voice(voice, _lrc_text(cue, subtitles.word_times))}")
        if following is None or following.start_ms - shown_until_ms >= LRC_CLEAR_MS:
            lines.append(f"[{_lrc_timestamp(shown_until_ms)}]")
    return "".join(f"{line}\n" for line in lines)


def to_tsv(subtitles: Subtitles) -> str:
    """Write tab-separated values as openai/whisper does: start and end in milliseconds, the text; nothing is quoted.

    A text that begins as a formula does has a word joiner before it, see `text_cell`.
    """
    return "start\tend\ttext\n" + "".join(
        f"{cue.start_ms}\t{cue.end_ms}\t{text_cell(with_voice(cue.voice, cue.text))}\n" for cue in subtitles.cues
    )


def to_json(subtitles: Subtitles) -> str:
    """Write all fields of the transcription and its cues. Times in seconds; a number that is not finite is null.

    {
      "app": str, "app_version": str, "version": JSON_VERSION, "title": str,
      "options": the fields of `TranscriptionOptions`,
      "cue_options": the fields of `CueOptions`,
      ... the fields of `Transcription`, in which
      "segments": [{"start", "end", "text", "words": [{"start", "end", "text", "probability"}], "language", ...}],
      "cues": [{"start", "end", "lines": [str], "side", "speaker"}]
    }
    """
    document = {
        "app": APP_NAME,
        "app_version": subtitles.app_version,
        "version": JSON_VERSION,
        "title": subtitles.title,
        "options": asdict(subtitles.options),
        "cue_options": asdict(subtitles.cue_options),
        **asdict(subtitles.transcription),
        "cues": [
            {
                "start": cue.start_ms / 1000,
                "end": cue.end_ms / 1000,
                "lines": cue.line_texts,
                "side": cue.side,
                "speaker": cue.speaker,
            }
            for cue in subtitles.cues
        ],
    }
    text = json.dumps(_finite(document), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    # Half a surrogate pair has no UTF-8; its \\udxxx is how JSON spells it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_rttm(subtitles: Subtitles) -> str:
    """Write Rich Transcription Time Marked (NIST 2009): a turn in each line, with its start and length in seconds.

    Lines of one voice with a shorter pause than `MAX_TURN_PAUSE_SECONDS` are one turn. White space is no part of a name there.
    """
    turns: dict[str, list[tuple[float, float]]] = {}
    for segment in subtitles.transcription.segments:
        own = turns.setdefault(segment.voice, [])
        joins = bool(own) and segment.start - own[-1][1] < MAX_TURN_PAUSE_SECONDS
        own[-1:] = [(own[-1][0], max(own[-1][1], segment.end))] if joins else [*own[-1:], (segment.start, segment.end)]
    each = sorted((start, end, voice) for voice, own in turns.items() for start, end in own)
    title = _rttm_name(subtitles.title)
    return "".join(
        f"SPEAKER {title} 1 {start:.3f} {end - start:.3f} <NA> <NA> {_rttm_name(voice)} <NA> <NA>\n" for start, end, voice in each
    )


FORMATS: dict[str, FileFormat] = {
    "TXT": FileFormat(".txt", to_txt),
    "SRT": FileFormat(".srt", to_srt),
    "VTT": FileFormat(".vtt", to_vtt),
    "LRC": FileFormat(".lrc", to_lrc),
    "TSV": FileFormat(".tsv", to_tsv),
    "JSON": FileFormat(".json", to_json),
    "RTTM": FileFormat(".rttm", to_rttm),
}


def _timestamp(time_ms: int, decimal_sign: str = ".") -> str:
    """Return HH:MM:SS.mmm."""
    return clock_time(time_ms / 1000, 3, "hh:mm:ss").replace(".", decimal_sign)


def _lrc_timestamp(time_ms: int) -> str:
    """Return mm:ss.xx, cut and not rounded, so that no text comes late."""
    return clock_time(time_ms // 10 / 100, 2, "mm:ss")


def _vtt_voice(cue: Cue) -> str:
    return f"<v {html.escape(cue.voice, quote=False)}>" if cue.voice else ""


def _vtt_payload(cue: Cue, word_times: bool) -> str:
    """Return the escaped lines. The standard wants word times that rise and lie within the cue."""
    latest_ms = cue.start_ms

    def spell(word: CueWord) -> str:
        nonlocal latest_ms
        text = html.escape(word.text, quote=False)
        if not (word_times and word.measured and latest_ms < word.start_ms < cue.end_ms):
            return text
        latest_ms = word.start_ms
        return f"<{_timestamp(word.start_ms)}>{text}"

    return "".join(f"{line_text(line, spell)}\n" for line in cue.lines)


def _lrc_text(cue: Cue, word_times: bool) -> str:
    def spell(word: CueWord) -> str:
        tag = f"<{_lrc_timestamp(word.start_ms)}>" if word.measured else ""
        return tag + _LRC_MARKUP.sub(WORD_JOINER, word.text)

    return line_text(cue.words, spell) if word_times else _LRC_MARKUP.sub(WORD_JOINER, cue.text)


def _lrc_tag(text: str) -> str:
    return plain_text(text).replace("[", "(").replace("]", ")")


def _rttm_name(text: str) -> str:
    return "_".join(plain_text(text).split()) or "<NA>"


def _finite(value: Any) -> Any:
    """Return `value` with null for each number that is not finite."""
    match value:
        case dict():
            return {name: _finite(part) for name, part in value.items()}
        case list() | tuple():
            return [_finite(part) for part in value]
        case float() if not math.isfinite(value):
            return None
    return value
