"""A caption and the answers about the same clip never contradict each other."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.description.claims.checking import check_claims
from pipelines.description.findings import ClipFindings
from pipelines.description.template_caption import write_caption
from pipelines.questions.from_measurements import answer_question
from tests.pipelines.description.random_findings import clip_findings

STANCES = {
    "level": {
        "loud": r"\bis loud\b",
        "quiet": r"\bis quiet\b",
        "medium": r"\bof medium loudness\b",
    },
    "spread": {
        "wide": r"between soft and loud|range is wide",
        "even": r"level hardly changes|stays even|range is narrow",
        "moderate": r"range is moderate",
    },
    "vocals": {
        "yes": r"\b(?:voice|woman|man) (?:probably |perhaps )?sings|there are (?:probably |perhaps )?vocals|^vocals: from",
        "no": r"\bno vocals|without vocals|no singing|\binstrumental\b",
    },
    "speech": {
        "yes": r"\b(?:man|woman|child) speaks|of speech|there is (?:probably |perhaps )?speech|this is (?:music and )?speech",
        "no": r"\bno speech|neither speech",
    },
    "music": {
        "yes": r"music from|this is music",
        "no": r"\bno music|neither speech nor music|\bnot music",
    },
}  # fmt: skip
QUESTIONS = (
    "how loud is it", "does anybody sing", "when does the singing start", "is it instrumental", "is somebody speaking",
    "what is said", "which language is spoken", "is it speech or music", "when does the music start", "what genre is it",
    "which key is it in", "is it in A minor", "what is the tempo", "is it fast", "is it slow", "what is the time signature",
    "is this a waltz", "which instruments are playing", "is there a piano", "are there drums", "does a woman sing",
    "which chords are used", "how is it structured", "what is the mood", "what do I hear",
)  # fmt: skip


def stances(text: str) -> set[tuple[str, str]]:
    """The sides that a text takes, quotations and the clip's first words left out."""
    plain = re.sub("“[^”]*”", "", text)
    return {
        (topic, side)
        for topic, sides in STANCES.items()
        for side, pattern in sides.items()
        if re.search(pattern, plain, re.IGNORECASE)
    }


def conflicts(texts: list[str]) -> list[tuple[str, set[str]]]:
    """The topics on which the texts take two sides."""
    taken: dict[str, set[str]] = {}
    for topic, side in set().union(*(stances(text) for text in texts)):
        taken.setdefault(topic, set()).add(side)
    return [(topic, sides) for topic, sides in taken.items() if len(sides) > 1]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(clip_findings(), st.text(max_size=8))
def test_a_caption_and_the_answers_never_take_two_sides(findings: ClipFindings, seed: str) -> None:
    caption = write_caption(findings, seed).text
    answers = [answer_question(question, findings).text for question in QUESTIONS]
    assert not conflicts([caption, *answers]), (caption, answers)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(clip_findings(), st.sampled_from(QUESTIONS))
def test_no_claim_of_an_answer_is_contradicted_by_the_findings(findings: ClipFindings, question: str) -> None:
    answer = re.sub("“[^”]*”", "“”", answer_question(question, findings).text)
    wrong = [one for one in check_claims(answer, findings) if one.verdict == "contradicted"]
    assert not wrong or answer.startswith(("No.", "Yes.")), answer


def test_texts_that_disagree_are_found() -> None:
    assert conflicts(["It is loud.", "It is quiet: -30.0 LUFS."]) == [("level", {"loud", "quiet"})]
    assert conflicts(["There are no vocals.", "A woman sings from 0:10."]) == [("vocals", {"yes", "no"})]
    assert not conflicts(["It is loud.", "It is loud: -8.0 LUFS.", "There are no vocals."])
