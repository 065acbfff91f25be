"""The files: read back by FFmpeg, pysubs2, webvtt-py and the standard library, they say what was written."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from dataclasses import replace

import av
import pysubs2
import pytest
import webvtt
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.speech.languages import LanguageProbability, LanguageShare
from pipelines.speech.transcript import (
    NonSpeechSegment,
    Segment,
    ShortenedField,
    Transcription,
    TranscriptionOptions,
    Word,
)
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.formats import (
    FORMATS,
    Subtitles,
    to_json,
    to_lrc,
    to_srt,
    to_tsv,
    to_txt,
    to_vtt,
)
from pipelines.subtitles.unbreakable_units import plain_text
from pipelines.wording.file_texts import WORD_JOINER
from tests.pipelines.subtitles.cue_inputs import (
    HOSTILE_WORDS,
    PLAIN_WORDS,
    PROPERTIES,
    cue_options,
    spoken,
    spoken_segments,
)

DURATION = 61.2347


def subtitles(
    *segments: Segment, duration: float = DURATION, cue_options: CueOptions = CueOptions(), **more: object
) -> Subtitles:
    transcription = Transcription(
        duration=duration,
        model="Whisper",
        segments=segments,
        language="en",
        alternatives=(LanguageProbability("cy", 0.01),),
        state="done",
    )
    return Subtitles(transcription, TranscriptionOptions(), cue_options, "A clip", "1.2.3", **more)  # type: ignore[arg-type]


any_subtitles = st.builds(
    lambda segments, options, word_times: subtitles(*segments, cue_options=options, word_times=word_times),
    spoken_segments(PLAIN_WORDS + HOSTILE_WORDS, disorder=True),
    cue_options,
    st.booleans(),
)


def with_ffmpeg(text: str, container: str) -> list[tuple[float, float, str]]:
    """Start and duration in seconds, and text, of each event."""
    with av.open(io.BytesIO(text.encode("utf-8")), format=container) as file:
        stream = file.streams[0]
        unit = float(stream.time_base or 0)
        packets = [packet for packet in file.demux(stream) if packet.pts is not None]
        return [((p.pts or 0) * unit, (p.duration or 0) * unit, bytes(p).decode("utf-8")) for p in packets]


def without_joiners(text: str) -> str:
    return text.replace(WORD_JOINER, "")


def written(subs: Subtitles) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, "\n".join(cue.line_texts)) for cue in subs.cues]


def milliseconds(events: list[tuple[float, float, str]]) -> list[tuple[int, int, str]]:
    return [(round(start * 1000), round((start + length) * 1000), text) for start, length, text in events]


# Round trips


@PROPERTIES
@given(any_subtitles)
def test_srt_comes_back_from_ffmpeg(subs: Subtitles) -> None:
    if subs.cues:
        read = milliseconds(with_ffmpeg(to_srt(subs), "srt"))
        assert [(start, end, without_joiners(text)) for start, end, text in read] == written(subs)


@PROPERTIES
@given(any_subtitles)
def test_srt_comes_back_from_pysubs2(subs: Subtitles) -> None:
    # pysubs2 takes every line with two times in it for a cue's, arrow or not.
    assume(not any(text.count("00:00:01,000") > 1 for _, _, text in written(subs)))
    read = [(e.start, e.end, without_joiners(e.text)) for e in pysubs2.SSAFile.from_string(to_srt(subs), format_="srt")]
    assert read == [(start, end, text.replace("\n", r"\N")) for start, end, text in written(subs)]


@PROPERTIES
@given(any_subtitles)
def test_vtt_comes_back_from_webvtt(subs: Subtitles) -> None:
    captions = webvtt.WebVTT.from_string(to_vtt(subs), strict=True)[:]
    raw = [re.sub(r"<[\d:.]+>", "", caption.raw_text) for caption in captions]
    assert [html.unescape(text) for text in raw] == [text for _, _, text in written(subs)]
    assert not any(re.search(r"[<>]", text) for text in raw)
    times = [(caption.start, caption.end) for caption in captions]
    assert [(f"{s[:8]},{s[9:]}", f"{e[:8]},{e[9:]}") for s, e in times] == re.findall(
        r"^([\d:,]+) --> ([\d:,]+)$", to_srt(subs), re.M
    )


@PROPERTIES
@given(any_subtitles)
def test_vtt_comes_back_from_ffmpeg(subs: Subtitles) -> None:
    if subs.cues:
        read = milliseconds(with_ffmpeg(to_vtt(replace(subs, word_times=False)), "webvtt"))
        assert [(start, end, html.unescape(text)) for start, end, text in read] == written(subs)


@PROPERTIES
@given(any_subtitles)
def test_vtt_word_times_rise_within_their_cue(subs: Subtitles) -> None:
    blocks = to_vtt(replace(subs, word_times=True)).split("\n\n")[1:]
    for cue, block in zip(subs.cues, blocks, strict=True):
        tags = [(int(m) * 60 + int(s)) * 1000 + int(ms) for m, s, ms in re.findall(r"<00:(\d\d):(\d\d)\.(\d{3})>", block)]
        assert tags == sorted(set(tags))
        assert set(tags) <= {w.start_ms for w in cue.words if w.measured and cue.start_ms < w.start_ms < cue.end_ms}


@PROPERTIES
@given(any_subtitles)
def test_lrc_comes_back_from_ffmpeg(subs: Subtitles) -> None:
    if subs.cues:
        read = [(round(start * 100), text.rstrip("\n")) for start, _, text in with_ffmpeg(to_lrc(subs), "lrc")]
        lines = [(at, without_joiners(re.sub(r"<\d\d:\d\d\.\d\d>", "", text))) for at, text in read if text]
        assert lines == [(cue.start_ms // 10, cue.text) for cue in subs.cues]


@PROPERTIES
@given(any_subtitles)
def test_tsv_comes_back_from_csv(subs: Subtitles) -> None:
    rows = list(csv.reader(io.StringIO(to_tsv(subs)), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows[0] == ["start", "end", "text"]
    read = [(int(start), int(end), without_joiners(text)) for start, end, text in rows[1:]]
    assert read == [(cue.start_ms, cue.end_ms, cue.text) for cue in subs.cues]


@PROPERTIES
@given(any_subtitles)
def test_json_holds_everything(subs: Subtitles) -> None:
    read = json.loads(to_json(subs).encode("utf-8"))
    options = {**read["options"], "allowed_languages": tuple(read["options"]["allowed_languages"])}
    assert TranscriptionOptions(**options) == subs.options
    assert CueOptions(**read["cue_options"]) == subs.cue_options
    segments = tuple(
        Segment(**{**segment, "words": tuple(Word(**word) for word in segment["words"])}) for segment in read["segments"]
    )
    fields = {name: read[name] for name in Transcription.__dataclass_fields__}
    non_speech = tuple(NonSpeechSegment(**segment) for segment in read["non_speech"])
    alternatives = tuple(LanguageProbability(**other) for other in read["alternatives"])
    shortened = tuple(ShortenedField(**field) for field in read["shortened"])
    languages = tuple(LanguageShare(**each) for each in read["languages"])
    found = {
        "segments": segments,
        "languages": languages,
        "non_speech": non_speech,
        "alternatives": alternatives,
        "shortened": shortened,
    }
    assert Transcription(**{**fields, **found}) == subs.transcription
    assert [(round(c["start"] * 1000), round(c["end"] * 1000), "\n".join(c["lines"])) for c in read["cues"]] == written(subs)
    assert (read["app"], read["app_version"], read["version"], read["title"]) == ("Audioscope", "1.2.3", 1, "A clip")


@PROPERTIES
@given(any_subtitles)
def test_txt_is_the_text(subs: Subtitles) -> None:
    expected = [plain_text(segment.text) for segment in subs.transcription.segments]
    assert to_txt(subs).splitlines() == [text for text in expected if text]


@PROPERTIES
@given(any_subtitles)
def test_every_file_is_utf8_with_line_feeds_and_always_the_same(subs: Subtitles) -> None:
    for kind in FORMATS.values():
        content = kind.encode(subs)
        again = replace(subs)
        assert content == kind.encode(again)
        text = content.decode("utf-8")
        assert not re.search("[\0\r\x0b\x0c\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]", text) or kind.ending == ".json"
        assert text == "" or text.endswith("\n")


# To the letter


def test_srt_to_the_letter() -> None:
    subs = subtitles(spoken("Mister Quilter is the apostle of the middle classes."), spoken("Yes.", start=3725.5), duration=4000)
    assert to_srt(subs) == (
        "1\n00:00:00,000 --> 00:00:04,400\nMister Quilter is the apostle\nof the middle classes.\n\n"
        "2\n01:02:05,500 --> 01:02:06,333\nYes.\n\n"
    )


def test_vtt_to_the_letter() -> None:
    subs = subtitles(spoken("R&B --> <b>", start=1.0), word_times=True)
    assert to_vtt(subs) == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:01.900\n"
        "R&amp;B <00:00:01.300>--&gt; <00:00:01.600>&lt;b&gt;\n"
    )  # fmt: skip
    assert "<00:" not in to_vtt(replace(subs, word_times=False))


def test_words_heard_at_once_share_one_time() -> None:
    """Time tags in VTT must rise, and lie within their cue."""
    words = tuple(Word(start, 3.0, text, 0.9) for start, text in [(1.0, "one"), (2.0, "two"), (2.0, "three"), (3.0, "four")])
    vtt = to_vtt(subtitles(Segment(1.0, 3.0, "one two three four", words), word_times=True))
    assert vtt.endswith("\none <00:00:02.000>two three four\n")


def test_lrc_to_the_letter() -> None:
    subs = replace(subtitles(spoken("[Music] one"), spoken("two", start=3.456), duration=6061.239), title="a\n[live]")
    head = "[ti:a (live)]\n[length:101:01.23]\n[re:Audioscope]\n[ve:1.2.3]\n"
    assert to_lrc(subs) == head + "[00:00.00]\u2060[Music] one\n[00:01.00]\n[00:03.45]two\n[00:04.28]\n"
    assert "[00:00.00]<00:00.00>\u2060[Music] <00:00.70>one\n" in to_lrc(replace(subs, word_times=True))


def test_estimated_word_times_are_not_written() -> None:
    subs = subtitles(Segment(1.0, 2.0, "one two three"), word_times=True)
    assert "<" not in to_vtt(subs)
    assert "<" not in to_lrc(subs)


def test_a_text_that_looks_like_markup_stays_text() -> None:
    """Also where the model gave the markup in parts."""
    parts = tuple(Word(1.0 + i / 10, 1.1 + i / 10, text, 0.9) for i, text in enumerate(["<", "00:09.00>", "[", "00:09.00]x"]))
    lrc = to_lrc(subtitles(Segment(1.0, 1.4, "<00:09.00>[00:09.00]x", parts), word_times=True))
    assert re.findall(r"[\[<]00:0[2-9].00[\]>]", lrc) == []
    lrc = to_lrc(subtitles(spoken("see [00:09.00] and <00:09.00>")))
    assert re.findall(r"[\[<]00:09.00[\]>]", lrc) == []
    srt = to_srt(subtitles(spoken("00:00:09,000 --> 00:00:10,000 {\\an8} <font> 3 < x")))
    assert srt.count("-->") == 1
    assert not re.search(r"<[ /]*[a-z]|\{\\", srt)
    assert "{\\an8} <font> 3 < x" in " ".join(without_joiners(srt).split())


def test_a_number_that_is_not_finite_is_null() -> None:
    segment = Segment(0.0, 1.0, "one", (Word(0.0, 1.0, "one", math.nan),))
    read = json.loads(to_json(subtitles(segment)), parse_constant=lambda name: pytest.fail(name))
    assert read["segments"][0]["words"][0]["probability"] is None


def test_json_keeps_the_text_as_the_model_gave_it() -> None:
    text = "half \ud83d, \0, 今日, \u202e"
    content = FORMATS["JSON"].encode(subtitles(Segment(0.0, 1.0, text)))
    assert json.loads(content)["segments"][0]["text"] == text
    assert "今日".encode() in content


def test_silence_makes_files_too() -> None:
    subs = subtitles()
    assert (to_txt(subs), to_srt(subs), to_vtt(subs), to_tsv(subs)) == ("", "", "WEBVTT\n", "start\tend\ttext\n")
    assert to_lrc(subs).startswith("[ti:A clip]\n")
    assert json.loads(to_json(subs))["cues"] == []


def test_the_registry_names_every_format() -> None:
    assert {name: kind.ending for name, kind in FORMATS.items()} == {
        "TXT": ".txt", "SRT": ".srt", "VTT": ".vtt", "LRC": ".lrc", "TSV": ".tsv", "JSON": ".json", "RTTM": ".rttm",
    }  # fmt: skip
