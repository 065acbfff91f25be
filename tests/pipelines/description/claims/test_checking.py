"""Claims in captions of any origin, and what the measurements say to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.description.claims.checking import check_claims
from pipelines.description.claims.claim import CheckedClaim
from pipelines.description.claims.extraction import find_claims
from pipelines.description.findings import ClipFindings
from pipelines.music.harmony.types import Key
from pipelines.music.rhythm.types import MetreCandidate, Tempo, TempoCandidate
from pipelines.tagging.audioset import Tag
from tests.pipelines.description.caption_corpus import CORPUS
from tests.pipelines.description.example_findings import EXAMPLES, ROCK, WALTZ, music_tags, sound_tags
from tests.pipelines.description.random_findings import clip_findings

MARKS = {"supported": "+", "contradicted": "x", "not measured": "?"}
VERDICT_WORDS = st.sampled_from(
    ("slow", "no", "without", "drums", "A", "minor", "in", "C", "major", "G7", "–", ",", "and", "120", "BPM", "3/4", "jazz",
     "not", "vocals", "perhaps", ".", "I", "V", "a", "woman", "sings", "chords", "progression", "♭", "to", "waltz", "“", "\n")
)  # fmt: skip


def rock_at(confidence: float) -> ClipFindings:
    """Return the findings of a rock song whose tempo is of this confidence."""
    assert ROCK.facts is not None and ROCK.tempo is not None
    return replace(ROCK, facts=replace(ROCK.facts, tempo=replace(ROCK.tempo, confidence=confidence)))


def only(text: str, findings: ClipFindings) -> CheckedClaim:
    (checked,) = check_claims(text, findings)
    return checked


def test_a_claim_about_an_instrument_in_music_is_as_sure_as_its_tag_not_as_a_sound_class() -> None:
    trumpet = (Tag("Trumpet", 0.9),)
    findings = replace(
        WALTZ, music=music_tags(WALTZ.duration, (), open_rows={"Trumpet": 0.3}), sounds=sound_tags(WALTZ.duration, trumpet)
    )
    assert only("A trumpet plays.", findings).verdict == "not measured"


def test_the_corpus_is_large_and_of_every_kind() -> None:
    assert len(CORPUS) >= 60
    assert {claim.kind for _, text, _ in CORPUS for claim in find_claims(text)} == {
        "tempo", "key", "metre", "chords", "instrument", "genre", "vocals",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), CORPUS)
def test_claims_and_verdicts_of_the_corpus(name: str, text: str, expected: tuple[str, ...]) -> None:
    checked = check_claims(text, EXAMPLES[name])
    found = [f"{one.claim.kind} {'-' * one.claim.is_negated}{one.claim.value} {MARKS[one.verdict]}" for one in checked]
    assert found == list(expected)


def test_a_claim_knows_its_words() -> None:
    text = "A slow piece in F-sharp minor with grand piano."
    assert [text[claim.start_char : claim.end_char] for claim in find_claims(text)] == ["slow", "F-sharp minor", "grand piano"]


@pytest.mark.parametrize(("bpm", "verdict"), [(120, "supported"), (124, "supported"), (116, "supported"), (126, "contradicted")])
def test_four_percent_of_tempo_are_allowed(bpm: int, verdict: str) -> None:
    assert only(f"It goes at {bpm} BPM.", ROCK).verdict == verdict


@pytest.mark.parametrize(("bpm", "word"), [(60, "half"), (240, "twice")])
def test_half_and_double_tempo_are_called_so(bpm: int, word: str) -> None:
    checked = only(f"The tempo is {bpm} bpm.", ROCK)
    assert checked.verdict == "contradicted" and word in checked.reason


def test_a_strong_alternative_is_as_good() -> None:
    assert ROCK.facts is not None
    tempo = Tempo(120.0, 0.5, (TempoCandidate(60.0, 0.4, "half"),), "")
    assert only("A slow piece.", replace(ROCK, facts=replace(ROCK.facts, tempo=tempo))).verdict == "supported"


@pytest.mark.parametrize("claimed", ["Bb minor", "A# minor", "B flat minor", "A-sharp minor", "b♭ minor"])
def test_enharmonic_keys_are_equal(claimed: str) -> None:
    assert ROCK.facts is not None
    findings = replace(ROCK, facts=replace(ROCK.facts, key=Key("A#", "minor", 0.9, ())))
    assert only(f"It is in {claimed}.", findings).verdict == "supported"


def test_a_relative_key_is_contradicted_and_called_so() -> None:
    checked = only("It is in C major.", ROCK)
    assert checked.verdict == "contradicted" and "relative" in checked.reason
    assert "same tonic" in only("It is in A major.", ROCK).reason


def test_unsure_facts_neither_support_nor_contradict() -> None:
    assert ROCK.facts is not None
    findings = replace(ROCK, facts=replace(ROCK.facts, key=Key("A", "minor", 0.3, ())))
    assert only("It is in C major.", findings).verdict == "not measured"
    assert only("It is in A minor.", findings).verdict == "not measured"
    assert only("It is perhaps in A minor.", findings).verdict == "supported"


def test_a_metre_that_is_nearly_as_likely_leaves_it_open() -> None:
    assert ROCK.facts is not None and ROCK.facts.beats is not None
    beats = replace(ROCK.facts.beats, confidence=0.5, alternatives=(MetreCandidate(2, 4, 0.4),))
    findings = replace(ROCK, facts=replace(ROCK.facts, beats=beats))
    assert only("It is in 2/4.", findings).verdict == "not measured"
    assert only("It is in 3/4.", findings).verdict == "contradicted"


def test_the_place_to_play() -> None:
    chord, singer, metre, key = check_claims("An F chord; a man sings; in 4/4; in A minor.", ROCK)
    assert (chord.start, chord.end) == (2.0, 4.0)
    assert (singer.start, singer.end) == (10.0, 40.0)
    assert (metre.start, metre.end) == (0.0, 4.0)
    assert (key.start, key.end) == (0.0, 2.0)
    progression = only("The progression F–C–G.", ROCK)
    assert (progression.start, progression.end) == (2.0, 8.0)


@pytest.mark.parametrize(
    "text",
    [
        "no drums", "without drums", "no guitar, bass or drums", "neither piano nor drums", "the drums are missing",
        "there aren't any drums", "it is free of drums", "drums are not present", "there is no trace of drums",
    ],
)  # fmt: skip
def test_denials(text: str) -> None:
    (drums,) = (claim for claim in find_claims(text) if claim.value == "drums")
    assert drums.is_negated
    (checked,) = (one for one in check_claims(text, WALTZ) if one.claim.value == "drums")
    assert checked.verdict == "supported"


@pytest.mark.parametrize(
    "text", ["not only drums", "no bass but drums", "no vocals; drums play", "without bass, drums play along"]
)
def test_what_is_no_denial(text: str) -> None:
    (drums,) = (claim for claim in find_claims(text) if claim.value == "drums")
    assert not drums.is_negated


@pytest.mark.parametrize(
    "text",
    [
        "", "A major hit.", "A minor problem.", "I am here.", "The audience claps.", "It fades slowly.", "The key to success.",
        "3/4 of the clip is silent.", "The country road leads home.", "A dog barks in the house.",
        "The rain dances on metal.", "A B A form.", "On May 12/31 it rained.", "The cat sings for food.", "The soul of the city.",
    ],
)  # fmt: skip
def test_what_claims_nothing(text: str) -> None:
    assert find_claims(text) == ()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(VERDICT_WORDS, max_size=14).map(" ".join) | st.text(max_size=60), clip_findings())
def test_any_text_can_be_checked(text: str, findings: ClipFindings) -> None:
    end = 0
    for checked in check_claims(text, findings):
        assert end <= checked.claim.start_char < checked.claim.end_char <= len(text)
        end = checked.claim.end_char
        assert checked.reason.endswith(".")
        if checked.start is not None and checked.end is not None:
            assert 0 <= checked.start <= checked.end <= findings.duration + 0.01


def test_a_long_text_is_read_in_time() -> None:
    find_claims("no drums, " * 3000 + "C–" * 3000 + "a " * 5000)


def test_a_claim_from_the_measurement_itself_is_confirmed_only_where_that_is_sure() -> None:
    for confidence, is_confirmed in ((0.39, False), (0.79, False), (0.8, True)):
        findings = rock_at(confidence)
        checked = check_claims("It is perhaps at 120 BPM.", findings)[0]
        assert (checked.verdict, checked.confidence, checked.is_confirmed) == ("supported", confidence, is_confirmed)


def test_a_claim_that_a_model_made_from_the_sound_is_confirmed_by_a_measurement_that_is_likelier_right_than_not() -> None:
    for confidence, is_confirmed in ((0.39, False), (0.6, True)):
        findings = rock_at(confidence)
        assert check_claims("It is perhaps at 120 BPM.", findings, is_independent=True)[0].is_confirmed == is_confirmed


def test_a_score_that_is_not_calibrated_confirms_nothing_by_itself() -> None:
    findings = ClipFindings(10.0, sounds=sound_tags(10.0, (Tag("Piano", 0.95),)))
    checked = check_claims("It features a piano.", findings)[0]
    assert checked.verdict == "supported" and checked.confidence is None and not checked.is_confirmed
    assert "a guess" in checked.reason
