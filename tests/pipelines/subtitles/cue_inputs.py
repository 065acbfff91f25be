"""Segments and options for tests of cues, and what holds for all of them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pipelines.speech.transcript import Segment, Word
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.cues import Cue, make_cues
from pipelines.subtitles.unbreakable_units import plain_text

PLAIN_WORDS = [
    "a",
    "I",
    "the",
    "Yes.",
    "well,",
    "1984",
    "apostle",
    "looming?",
    "\u00e9t\u00e9",
    "straightforwardly",
    "\U0001f600",
]
HOSTILE_WORDS = [
    "-->", "--", ">", "<", "<b>", "</i>", "< i>", "&amp;", "&", "{\\an8}", "[00:01.00]", "<00:01.00>", "[ti:x]", "[", "1",
    "WEBVTT", "NOTE", "00:00:01,000", "a\tb", "x\ny", "c\r\n\r\nd", "\0nul\0", "\x85", "\u2028", "\u202eevil", "\u2066", "\ufeff",
    "\u00a0", "\ud83d", "\u200d", "\u0301", '"', "\\N", "今日", "は、", "「", "。", "สวัส", "ดี", "ไ", "مرحبا", "\u200fשלום",
    "x" * 300,
]  # fmt: skip
PROPERTIES = settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

seconds = st.floats(0, 70, allow_nan=False) | st.sampled_from([0.0, 29.98, 30.0])


@st.composite
def spoken_segments(draw: st.DrawFn, words: list[str], disorder: bool) -> tuple[Segment, ...]:
    """Segments as Whisper gives them; with `disorder`, with times that overlap, run backwards and run past the clip."""
    now, segments = 0.0, []
    for _ in range(draw(st.integers(0, 4))):
        texts = draw(st.lists(st.sampled_from(words), max_size=12))
        text = draw(st.sampled_from([" ", " ", ""])).join(texts)
        spoken = []
        for word in texts:
            start = draw(seconds) if disorder else now + draw(st.sampled_from([0.0, 0.02, 0.5, 2.0]))
            now = draw(seconds) if disorder else start + draw(st.sampled_from([0.1, 0.3, 1.0]))
            spoken.append(Word(start, now, word, 0.5))
        start, end = (spoken[0].start, spoken[-1].end) if spoken else (now, now)
        segments.append(Segment(start, end, text, tuple(spoken) if draw(st.booleans()) else ()))
    return tuple(segments)


cue_options = st.builds(
    CueOptions,
    max_characters_a_line=st.sampled_from([5, 13, 42]),
    max_lines=st.integers(1, 3),
    max_words=st.sampled_from([None, 1, 3]),
    min_seconds=st.sampled_from([0.0, 5 / 6]),
    max_seconds=st.sampled_from([1.0, 7.0]),
    max_hold_seconds=st.sampled_from([0.0, 1.5]),
    min_gap_seconds=st.sampled_from([0.0, 1 / 12]),
    close_gaps_below_seconds=st.sampled_from([0.0, 0.5]),
    merge_segments=st.booleans(),
)


def spoken(text: str, start: float = 0.0, pause_after: str = "", pause: float = 0.0) -> Segment:
    """`text` at ten characters a second, with a pause after one of its words."""
    words, now = [], start
    for word in text.split():
        words.append(Word(now, now + len(word) / 10, word, 0.9))
        now += len(word) / 10 + (pause if word == pause_after else 0)
    return Segment(start, words[-1].end, text, tuple(words))


def shown(segments: list[Segment], duration: float = 100.0, **options: object) -> list[tuple[str, ...]]:
    return [cue.line_texts for cue in make_cues(segments, duration, CueOptions(**options))]  # type: ignore[arg-type]


def letters(text: str) -> str:
    return plain_text(text).replace(" ", "")


def assert_well_timed(cues: tuple[Cue, ...], duration: float) -> None:
    assert all(0 <= cue.start_ms < cue.end_ms <= duration * 1000 for cue in cues)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(cues))
    for cue in cues:
        starts = [word.start_ms for word in cue.words]
        assert starts == sorted(starts)
        assert cue.start_ms <= starts[0] <= starts[-1] <= cue.end_ms
