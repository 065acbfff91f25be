"""The part of a clip that a question names."""

from __future__ import annotations

import pytest

from pipelines.questions.part_parsing import Part, split_part
from pipelines.questions.question_parsing import plain_words

DURATION = 90.0
PARTS = {
    "What chord is at 0:10?": (10, 10),
    "What plays after a minute?": (60, 90),
    "Who sings between 0:05 and 0:12?": (5, 12),
    "which instruments play in the last ten seconds": (80, 90),
    "what happens from 5 to 12 seconds": (5, 12),
    "what happens in the first half minute": (0, 30),
    "Is there singing before 0:30?": (0, 30),
    "chord 20 seconds in": (20, 20),
    "what key is it at the end": (90, 90),
    "in the second half, which chords": (45, 90),
    "tempo at twenty-five seconds": (25, 25),
    "what is said around 1:02:03": (3723, 3723),
    "key after one minute and 15 seconds": (75, 90),
    "chords from 0:05-0:12": (5, 12),
    "between the beginning and 0:20": (0, 20),
    "chords from 0:20 on": (20, 90),
    "What happens halfway?": (45, 45),
    "Is there a piano in minute 2?": (60, 90),
    "what chord at 7": (7, 7),
    "what is at second 12": (12, 12),
    "is there speech until the middle": (0, 45),
}
NONE = (
    "is it faster than 100 BPM?", "is it at 120 BPM", "how long is it", "is it in 3/4", "what is the second chord",
    "how many seconds is it", "does it last for 10 seconds", "when does the second part begin", "what is the last chord",
    "is it in 6/8", "is it a minor key", "how many beats a minute", "is there a half cadence",
)  # fmt: skip


@pytest.mark.parametrize(("question", "span"), PARTS.items())
def test_a_part_is_read_as_people_name_it(question: str, span: tuple[float, float]) -> None:
    part, rest = split_part(plain_words(question), DURATION)
    assert part == Part(*map(float, span))
    assert not any(sign.isdigit() for sign in rest)


@pytest.mark.parametrize("question", NONE)
def test_a_number_that_is_no_time_names_no_part(question: str) -> None:
    words = plain_words(question)
    assert split_part(words, DURATION) == (None, words)
