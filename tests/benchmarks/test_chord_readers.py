"""The readers of recordings of known chords."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from librosa import midi_to_hz

from benchmarks.accuracy.readers.aligned_scores import SAMPLE_RATE, SCORES, VERSIONS, Score, aligned, performed
from benchmarks.accuracy.readers.chord_samples import CADENCES, PHRASES, PLAIN_CADENCE, file_name
from benchmarks.accuracy.sources import read_sources

MEASURES = "mc\ttimesig\tact_dur\tnext\n1\t2/4\t1/2\t2\n2\t2/4\t1/2\t1, 3\n3\t6/8\t3/4\t-1\n"
NOTES = "mc\tmc_onset\tduration_qb\tmidi\n1\t0\t2\t60\n2\t1/4\t1\t64\n3\t0\t3\t67\n"


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Three measures, of which the first two are repeated."""
    for kind, table in (("measures", MEASURES), ("notes", NOTES)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / f"piece.{kind}.tsv").write_text(table)
    return tmp_path


def test_repeats_are_played_where_the_performer_plays_them(scores: Path) -> None:
    notes, beats = performed(scores, Score("", "piece"))
    assert notes == [(0, 2, 60), (3, 4, 64), (4, 6, 60), (7, 8, 64), (8, 11, 67)]
    assert beats == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9.5, 11]
    notes, beats = performed(scores, Score("", "piece", has_repeats=False))
    assert notes == [(0, 2, 60), (3, 4, 64), (4, 7, 67)] and beats[-1] == 7


def test_a_score_follows_the_tempo_of_its_recording() -> None:
    pitches, seconds = (60, 67, 62, 69, 64, 71, 65, 60), (0.5, 0.6, 0.7, 0.5, 0.6, 0.8, 0.6, 0.5)
    tones = [
        np.sin(2 * np.pi * midi_to_hz(p) * np.arange(int(s * SAMPLE_RATE)) / SAMPLE_RATE)
        for p, s in zip(pitches, seconds, strict=True)
    ]
    sound = np.concatenate([np.zeros(SAMPLE_RATE), *tones, np.zeros(SAMPLE_RATE)]).astype(np.float32)
    positions, times = aligned([(i, i + 1, pitch) for i, pitch in enumerate(pitches)], sound)
    onsets = 1 + np.cumsum([0, *seconds[:-1]])
    np.testing.assert_allclose(np.interp(np.arange(len(pitches)), positions, times), onsets, atol=0.15)


def test_every_source_of_known_chords_is_listed() -> None:
    listed = {
        reader: {source.name for source in read_sources() if source.reader == reader}
        for reader in ("aligned_scores", "chord_samples")
    }
    assert listed == {"aligned_scores": set(SCORES), "chord_samples": set(PHRASES)}
    assert {score.package for scores in SCORES.values() for score in scores.values()} == set(VERSIONS)


@pytest.mark.parametrize("source", PHRASES)
def test_every_chord_of_a_phrase_has_a_file_name(source: str) -> None:
    for tonic, mode in PHRASES[source]:
        cadence = PLAIN_CADENCE if mode == "plain" else CADENCES[mode]
        names = {file_name(source, (tonic + step) % 12, kind) for step, kind in cadence}
        assert len(names) == len(set(cadence)) and all("{}" not in name for name in names)


def test_black_keys_have_both_names_in_the_files_of_the_piano() -> None:
    assert file_name("piano-chords", 1, "maj") == "Cs-Db.m4a" and file_name("piano-chords", 10, "min") == "Asm-Bbm.m4a"
