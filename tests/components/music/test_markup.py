"""What the tab Music & sound writes on the page."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from components.music.caption_markup import caption_markup, turn_markup
from components.music.markup import facts_markup, tags_markup
from pipelines.description.caption import CheckedCaption, CheckedSentence
from pipelines.description.claims.claim import CheckedClaim, Claim
from pipelines.jobs.result import as_document
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import Chord, Key, KeyCandidate, KeySpan
from pipelines.music.loudness import Loudness
from pipelines.music.rhythm.types import Beats, Tempo, TempoCandidate
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTag
from pipelines.music.vocals import vocals_of
from pipelines.tagging.audioset import Tag
from tests.pipelines.description.example_findings import music_tags, sound_tags

FACTS = MusicFacts(
    20.0,
    tempo=Tempo(96.0, 0.9, (TempoCandidate(192.0, 0.08, "double"), TempoCandidate(48.0, 0.01, "half")), "Because <it> is so."),
    beats=Beats((0.5, 1.0, 1.5, 2.0), (1, 2, 3, 1), 3, 4, 0.8),
    key=Key("A", "minor", 0.7, (KeyCandidate("C", "major", 0.2),)),
    key_spans=(KeySpan(0.0, 12.0, KeyCandidate("A", "minor", 0.8)), KeySpan(12.0, 20.0, KeyCandidate("C", "major", 0.6))),
    chords=(Chord(0.0, 4.0, "A:min", 0.9), Chord(4.0, 5.0, "E:7", 0.8), Chord(5.0, 20.0, "N", 0.9)),
    sections=(Section(0.0, 10.0, "A", 0.9), Section(10.0, 20.0, "B", 0.9)),
    loudness=Loudness(-18.04, 3.0, -1.0),
    vocals=vocals_of(0.8, ((3.0, 6.5),)),
)


def test_facts_tell_how_sure_they_are_what_else_it_might_be_and_where_to_hear_it() -> None:
    markup = facts_markup(FACTS)
    assert "96.0 BPM" in markup
    assert "90 % sure" in markup
    assert "192 BPM (8 %)" in markup
    assert "48 BPM" not in markup
    assert "Because &lt;it&gt; is so." in markup
    assert "C major (20 %)" in markup
    assert 'data-seek="12.000"' in markup and "C major 0:12" in markup
    assert 'data-seek="4.000"' in markup
    assert ">E7<" in markup
    assert ">N<" not in markup
    assert "B 0:10.0" in markup
    assert "-18.0 LUFS" in markup
    assert "0:03.0–0:06.5" in markup


def test_what_is_not_known_has_no_row() -> None:
    assert facts_markup(MusicFacts(20.0)) == ""


def test_loudness_that_cannot_be_measured_has_a_row_with_the_reason() -> None:
    markup = facts_markup(MusicFacts(0.3, loudness=Loudness(None, None, -80.0)))
    assert "Not measured" in markup
    assert "nearly silent or shorter than 0.4 s" in markup


def test_a_clip_without_boundaries_has_one_section() -> None:
    assert "One section" in facts_markup(MusicFacts(20.0, sections=(Section(0.0, 20.0, "A", 0.9),)))


def claim(text: str, words: str, verdict: str, start: float | None = None) -> CheckedClaim:
    at = text.index(words)
    return CheckedClaim(Claim("tempo", words, at, at + len(words)), verdict, f"<{words}>", start=start, end=start)  # type: ignore[arg-type]


def test_claims_are_marked_where_they_stand() -> None:
    text = "A <fast> song at 120 BPM with drums."
    claims = (claim(text, "120 BPM", "contradicted", 2.0), claim(text, "drums", "not measured"))
    markup = caption_markup(CheckedCaption((CheckedSentence(text, 0.0, 10.0, claims),)))
    assert "A &lt;fast&gt; song at " in markup
    assert 'data-seek="2.000"' in markup
    assert 'data-verdict="contradicted"' in markup
    assert "&lt;120 BPM&gt;" in markup
    assert '<mark class="claim" data-verdict="not measured"' in markup
    assert "✗ 1 contradicted" in markup and "? 1 not measured" in markup


def test_a_tick_means_confirmed_and_what_is_not_says_how_sure_it_is() -> None:
    text = "Perhaps at 120 BPM in C major with a flute."
    claims = (
        replace(claim(text, "120 BPM", "supported"), confidence=0.39),
        replace(claim(text, "C major", "supported"), confidence=0.86, is_confirmed=True),
        claim(text, "flute", "supported"),
    )
    markup = caption_markup(CheckedCaption((CheckedSentence(text, 0.0, 10.0, claims),)))
    assert '120 BPM<sup aria-label="uncertain 39 %">○ 39 %</sup>' in markup
    assert 'C major<sup aria-label="confirmed">✓</sup>' in markup
    assert 'flute<sup aria-label="uncertain">○</sup>' in markup
    assert "✓ 1 confirmed" in markup and "○ 2 uncertain" in markup


def test_a_sentence_about_a_part_tells_which() -> None:
    sentences = (CheckedSentence("Quiet.", 5.0, 10.0),)
    assert "0:05.0–0:10.0" in caption_markup(CheckedCaption(sentences, is_piecewise=True))
    assert "0:05.0" not in caption_markup(CheckedCaption(sentences))
    assert caption_markup(CheckedCaption()) == ""


def test_a_caption_without_a_model_says_why_in_one_line() -> None:
    markup = caption_markup(CheckedCaption((CheckedSentence("Music.", 0.0, 5.0),), remark="No <model>."))
    assert '<p class="summary">No &lt;model&gt;.</p>' in markup


def test_questions_and_answers_are_text_and_not_markup() -> None:
    markup = turn_markup("<b>?", "Am & <i>", "by <me>", ((1.0, 2.0),))
    assert "<b>" not in markup
    assert "<i>" not in markup
    assert 'data-seek="1.000"' in markup


def test_a_document_is_json() -> None:
    document = as_document({"facts": FACTS, "odd": (float("nan"), np.float32(0.25), np.arange(2))})
    assert json.loads(json.dumps(document, allow_nan=False))["odd"] == [None, 0.25, [0, 1]]
    assert document["facts"]["tempo"]["alternatives"][0] == {"bpm": 192.0, "confidence": 0.08, "relation": "double"}


def test_a_tuning_is_said_in_hertz_and_cents_and_near_a_quarter_tone_with_both_readings() -> None:
    low = facts_markup(MusicFacts(20.0, tuning_cents=-31.8))
    assert "A4 = 432 Hz" in low and "32 cents low" in low and "quarter tone" not in low
    between = facts_markup(MusicFacts(20.0, tuning_cents=-52.0, key=Key("E", "major", 0.8, ())))
    assert "52 cents low" in between and "or Eb major, 48 cents high" in between
    assert "Tuning" not in facts_markup(MusicFacts(20.0, tuning_cents=4.0))


def test_moods_are_guesses_without_a_percentage_and_instruments_have_one() -> None:
    tags = (MusicTag("Harp & <co>", "instrument", 0.83), MusicTag("Mellow", "mood", 0.9), MusicTag("1980s", "era", 0.7))
    markup = tags_markup(None, music_tags(10.0, tags))
    assert "Harp &amp; &lt;co&gt; <span>83 %</span>" in markup
    assert "<h2>Mood, a guess</h2>" in markup
    assert "Mellow</li>" in markup
    assert "90 %" not in markup and "70 %" not in markup


def test_sounds_are_guesses_and_unclear_vocals_have_no_percentage() -> None:
    sounds = sound_tags(10.0, (Tag("Dog", 0.93),))
    markup = tags_markup(sounds, None)
    assert "<h2>Sounds, a guess</h2>" in markup and "Dog</li>" in markup and "93 %" not in markup
    markup = facts_markup(MusicFacts(20.0, vocals=vocals_of(0.5, ())))
    assert "Unclear" in markup and "%" not in markup
