"""How words become the lines of a transcript."""

from __future__ import annotations

from pipelines.speech.sentences import join_sentences, split_at_pauses
from pipelines.speech.transcript import Word


def words(text: str, start: float = 0.0) -> list[Word]:
    """Words of 0.3 s, each right after the one before; a number is a pause in seconds."""
    found, at = list[Word](), start
    for token in text.split():
        if token.replace(".", "", 1).isdigit():
            at += float(token)
        else:
            found.append(Word(at, at + 0.3, f" {token}", 0.9))
            at += 0.3
    return found


def texts(lines: object) -> list[str]:
    return ["".join(word.text for word in line).strip() for line in lines]  # type: ignore[attr-defined]


def test_a_line_ends_at_a_long_pause_and_at_a_short_one_after_a_sentence() -> None:
    said = words("He came. 0.5 She went, 0.8 not he. 0.1 Mr. Who 1.2 knows?")
    assert texts(split_at_pauses(said)) == ["He came.", "She went, not he. Mr. Who", "knows?"]


def test_a_sentence_that_timestamps_divide_is_one_line() -> None:
    parts = [words("rather selfish"), words("is to be", 0.6), words("Then came", 1.6), words("more", 4.0)]
    assert texts(join_sentences(parts)) == ["rather selfish is to be", "Then came", "more"]


def test_a_sentence_that_is_said_again_is_a_line_of_its_own() -> None:
    refrain = words("Who goes there now, 0.6 who goes there now, 0.6 no, 0.6 no, 0.6 who goes home?")
    assert texts(split_at_pauses(refrain)) == ["Who goes there now,", "who goes there now, no, no, who goes home?"]
    parts = [words("who goes there now,"), words("who goes there now,", 1.6), words("and why?", 3.0)]
    assert texts(join_sentences(parts)) == ["who goes there now,", "who goes there now, and why?"]


def test_no_words_are_no_line() -> None:
    assert list(split_at_pauses([])) == []
    assert list(join_sentences([])) == []
