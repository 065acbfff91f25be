"""Offline captions are plain sentences about what was measured, no more certain than the measurement."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.description import music_phrases
from pipelines.description.claims.checking import check_claims
from pipelines.description.findings import ClipFindings
from pipelines.description.template_caption import Caption, write_caption
from pipelines.music.facts import MusicFacts
from pipelines.music.rhythm.types import Tempo
from pipelines.music.tags.tag_fusion import MusicTag
from pipelines.tagging.audioset import Tag, class_tree
from pipelines.wording.music_vocabulary import TEMPO_WORDS
from pipelines.wording.sound_phrases import sound_phrase
from tests.pipelines.description.example_findings import (
    BIRD,
    EXAMPLES,
    ROCK,
    SPEAKER,
    UNKNOWN,
    WALTZ,
    music_tags,
    sound_tags,
)
from tests.pipelines.description.random_findings import clip_findings

SEEDS = [f"hash {number}" for number in range(40)]
ANY_CLIP = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def without_quotes(caption: Caption) -> str:
    """Speech that the caption quotes makes no claims about the clip."""
    return re.sub("“[^”]*”", "“”", caption.text)


@ANY_CLIP
@given(clip_findings(), st.text(max_size=8))
def test_every_claim_is_supported_by_the_findings(findings: ClipFindings, seed: str) -> None:
    caption = write_caption(findings, seed)
    unsupported = [one for one in check_claims(without_quotes(caption), findings) if one.verdict != "supported"]
    assert not unsupported, caption.text


@ANY_CLIP
@given(clip_findings(), st.text(max_size=8))
def test_every_caption_is_one_to_four_whole_sentences(findings: ClipFindings, seed: str) -> None:
    caption = write_caption(findings, seed)
    assert caption == write_caption(findings, seed)
    assert 1 <= len(caption.sentences) <= 4
    for one in caption.sentences:
        assert 0 <= one.start <= one.end <= findings.duration + 0.01
        assert one.text[0].isupper() or not one.text[0].isalpha()
        assert one.text.endswith((".", ".”"))
        assert not re.search(r"  | [,.;]|,,|\(\)|\bNone\b|\ba [aeio]", re.sub("“[^”]*”", "“”", one.text)), one.text


def test_an_unsure_key_after_the_instruments_has_one_comma() -> None:
    facts = WALTZ.facts
    assert facts is not None
    assert facts.key is not None
    unsure = replace(WALTZ, facts=replace(facts, key=replace(facts.key, confidence=0.3), tempo=None, beats=None))
    openings = [write_caption(unsure, seed).sentences[0].text for seed in SEEDS]
    assert any(" with " in text and "perhaps in " in text for text in openings)
    assert not any(",," in text for text in openings)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "unknown"])
def test_other_hashes_give_other_words(name: str) -> None:
    texts = {write_caption(EXAMPLES[name], seed).text for seed in SEEDS}
    assert len(texts) >= 0.3 * len(SEEDS)
    assert all(len(write_caption(EXAMPLES[name], seed).sentences) in (2, 3, 4) for seed in SEEDS)


def test_the_caption_of_a_waltz_names_tempo_key_instruments_and_chords() -> None:
    texts = [write_caption(WALTZ, seed).text for seed in SEEDS]
    assert all("G major" in text and "132" in text and "piano" in text.lower() for text in texts)
    assert any("waltz" in text for text in texts)
    assert any("G–C–D7" in text for text in texts)


def test_the_caption_of_a_song_says_when_a_voice_sings_and_not_which_kind_of_voice() -> None:
    texts = [write_caption(ROCK, seed).text for seed in SEEDS]
    assert all(re.search(r"\ba voice (?:probably )?sings", text, re.IGNORECASE) for text in texts)
    assert not any(re.search(r"\b(?:man|male)\b", text) for text in texts)
    assert any("from 0:10 to 0:40" in text for text in texts)


def test_the_caption_of_speech_names_the_language_and_quotes_the_first_words() -> None:
    for seed in SEEDS:
        text = write_caption(SPEAKER, seed).text
        assert "English" in text and "The ship left the harbour at dawn" in text


def test_the_caption_of_sounds_names_them_and_the_absence_of_speech() -> None:
    texts = [write_caption(BIRD, seed).text for seed in SEEDS]
    assert all(re.search("bird", text, re.IGNORECASE) for text in texts)
    assert all(re.search("probably (?:also contains )?traffic", text, re.IGNORECASE) for text in texts)
    assert all(re.search("no speech|neither speech", text, re.IGNORECASE) for text in texts)


def test_the_caption_of_speech_and_music_names_their_times() -> None:
    both = replace(WALTZ, speech=SPEAKER.speech)
    caption = write_caption(both, "seed")
    assert "from 0:00 to 0:14" in caption.text and "from 0:00 to 0:48" in caption.text
    assert len(caption.sentences) <= 4


def test_a_caption_without_measurements_claims_nothing() -> None:
    assert re.search("othing", write_caption(UNKNOWN, "seed").text)
    bare = ClipFindings(30.0, MusicFacts(30.0, music=0.9, is_music=True, state="done"))
    for seed in SEEDS:
        assert not check_claims(write_caption(bare, seed).text, bare)


def test_an_unsure_fact_is_hedged_or_left_out() -> None:
    assert WALTZ.facts is not None
    unsure = replace(WALTZ, facts=replace(WALTZ.facts, tempo=Tempo(132.0, 0.3, (), "")))
    unknown = replace(WALTZ, facts=replace(WALTZ.facts, tempo=Tempo(132.0, 0.1, (), "")))
    for seed in SEEDS:
        assert re.search(r"perhaps at 132", write_caption(unsure, seed).text)
        assert "132" not in write_caption(unknown, seed).text


def test_an_unsure_instrument_is_hedged() -> None:
    faint = ClipFindings(30.0, None, music_tags(30.0, (MusicTag("Flute", "instrument", 0.3),)))
    for seed in SEEDS:
        assert re.search(r"\bperhaps\b", write_caption(faint, seed).text, re.IGNORECASE)


def test_pace_words_lie_within_what_the_claim_check_accepts() -> None:
    limits = {word: (one.slowest, one.fastest) for one in TEMPO_WORDS for word in one.word.split("|")}
    slowest = 40.0
    for pace in music_phrases.PACES:
        for adjective in pace.adjectives:
            low, high = limits[adjective]
            assert low <= slowest and min(pace.below, 240) <= high, adjective
        slowest = pace.below


def test_every_sound_has_a_phrase_that_claims_nothing_else() -> None:
    for name in class_tree().names:
        findings = ClipFindings(4.0, None, None, sound_tags(4.0, (Tag(name, 0.9),)))
        checked = check_claims(sound_phrase(name), findings)
        assert not [one for one in checked if one.verdict == "contradicted"], name
