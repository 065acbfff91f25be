"""The prompt fields within what Whisper's decoder has room for, and the lines that only repeat them.

The decoder has 448 positions for the prompt and the text together: a long prompt leaves none for the text. And a prompt in
another language than the speech can make Whisper write the prompt itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from pipelines.speech.sentences import is_repetitive
from pipelines.speech.transcript import DecodingOptions, PromptField, Segment, ShortenedField

MAX_PROMPT_TOKENS = 224
"""Half of the decoder's 448 positions, with the tokens that start the text: the other half is for a window's text."""
START_TOKENS = 4
"""Previous text, start of transcript, language, task."""
MAX_TORN_CHARACTERS = 30
"""A longer run without a space is no word that is torn, but text of a script without spaces."""
MIN_REPEATED = 0.8
"""Fraction of a line's letters that stand in a field, one after the other, from which the line repeats the field."""
MIN_SAME_SPEECH = 0.6
"""Similarity of a window's text with and without the fields from which both are what was said. Spellings differ by less."""


def fit_prompt(whisper: Any, options: DecodingOptions) -> tuple[DecodingOptions, tuple[ShortenedField, ...]]:
    """Shorten the initial prompt and the hotwords until both together leave half of the decoder's positions.

    Each may have half of the tokens, and what the other does not need. Hotwords keep their beginning; the initial prompt keeps
    its end, which is nearest to the text that goes on from it.

    Args:
        whisper: a `faster_whisper.WhisperModel`.
        options: with both fields as the person wrote them.

    Returns:
        The options with the texts that are used; what was shortened.
    """
    prompt, hotwords = options.initial_prompt.strip(), options.hotwords.strip()
    room = MAX_PROMPT_TOKENS - START_TOKENS
    prompt_tokens, hotword_tokens = (_count(whisper, text) for text in (prompt, hotwords))
    used_hotwords = _shortened(whisper, hotwords, max(room - prompt_tokens, room // 2), from_end=False)
    used_prompt = _shortened(whisper, prompt, max(room - hotword_tokens, room // 2), from_end=True)
    fields: tuple[tuple[PromptField, str, str], ...] = (
        ("initial_prompt", prompt, used_prompt),
        ("hotwords", hotwords, used_hotwords),
    )
    shortened = tuple(ShortenedField(field, used, len(text)) for field, text, used in fields if used != text)
    return replace(options, initial_prompt=used_prompt, hotwords=used_hotwords), shortened


def _ids(whisper: Any, text: str) -> list[int]:
    """Return the tokens of a text as it stands in a prompt, after a space."""
    ids: list[int] = whisper.hf_tokenizer.encode(f" {text}", add_special_tokens=False).ids
    return ids


def _count(whisper: Any, text: str) -> int:
    return len(_ids(whisper, text)) if text else 0


def _shortened(whisper: Any, text: str, limit: int, from_end: bool) -> str:
    """Return the longest part of `text` with at most `limit` tokens that tears no word."""
    if _count(whisper, text) <= limit:
        return text
    ids = _ids(whisper, text)
    part: str = whisper.hf_tokenizer.decode(ids[-limit:] if from_end else ids[:limit])
    part = part.strip("\ufffd")  # half of a character
    torn = rf"^\S{{1,{MAX_TORN_CHARACTERS}}}(?=\s)" if from_end else rf"(?<=\s)\S{{1,{MAX_TORN_CHARACTERS}}}$"
    at_space = text[-len(part) - 1 :][:1].isspace() if from_end else text[len(part.lstrip()) :][:1].isspace()
    part = (part if at_space else re.sub(torn, "", part)).strip()
    part = re.sub(r"^\W+", "", part) if from_end else part
    # A part can have more tokens than the whole had there, because it begins differently.
    return part if _count(whisper, part) <= limit else _shortened(whisper, part, limit - 1, from_end)


def is_led_by_prompt(segments: Sequence[Segment], fields: Sequence[str]) -> bool:
    """Return whether prompt fields may have led a window's text astray: it is missing, repetitive, or a line repeats a field."""
    letters = [_letters(field) for field in fields if field]
    return not segments or any(
        is_repetitive(segment.text) or any(_repeats(_letters(segment.text), field) for field in letters) for segment in segments
    )


def is_same_speech(segments: Sequence[Segment], others: Sequence[Segment]) -> bool:
    """Return whether two texts of a window are the same words, apart from spellings."""
    texts = [_letters(" ".join(segment.text for segment in each)) for each in (segments, others)]
    return all(texts) and SequenceMatcher(None, texts[0], texts[1], autojunk=False).ratio() >= MIN_SAME_SPEECH


def _repeats(line: str, field: str) -> bool:
    match = SequenceMatcher(None, line, field, autojunk=False).find_longest_match()
    return match.size >= MIN_REPEATED * len(line)


def _letters(text: str) -> str:
    return "".join(re.findall(r"\w+", text.casefold()))
