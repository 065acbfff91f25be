"""The truth of an augmented clip changes with its pitch and time, and other answers stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from training.data import augmentation
from training.data.augmentation import augmented_copies, changed_facts, stretched, transposed
from training.data.renderer.wordings import claims, worded
from training.data.triples import Triple

RATE = 16_000
FACTS = {
    "bpm": 100.0, "tempo": "medium", "metre": "4/4", "family": "piano", "instrument": "piano", "families": ["piano"],
    "programs": {"1": 0}, "drums": True, "mode": "minor", "tonic": 11, "chords": [[0.0, 1.2, "B:min"], [1.2, 2.0, "A#:7"]],
    "beats": [0.0, 0.6, 1.2, 1.8], "downbeats": [0.0], "notes": [[0.0, 0.6, 59, 80, 0], [1.2, 1.3, 36, 90, -1]],
}  # fmt: skip


def tone(hertz: float, seconds: float = 2.0) -> FloatArray:
    sound: FloatArray = (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)
    return sound


def pitch(sound: FloatArray) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound))


def test_facts_move_and_stretch_with_the_sound() -> None:
    facts = changed_facts(FACTS, semitones=2, tempo=1.25, duration=1.6)
    assert (facts["bpm"], facts["tonic"], facts["mode"], facts["metre"]) == (125.0, 1, "minor", "4/4")
    assert "tempo" not in facts  # 125 is within the margin of 126
    assert facts["chords"] == [[0.0, 0.96, "C#:min"], [0.96, 1.6, "C:7"]]
    assert facts["beats"] == [0.0, 0.48, 0.96, 1.44] and facts["notes"] == [[0.0, 0.48, 61, 80, 0], [0.96, 1.04, 36, 90, -1]]
    assert changed_facts(FACTS, 0, 0.7, 2.0)["tempo"] == "slow" and len(changed_facts(FACTS, 0, 0.7, 2.0)["beats"]) == 3


def test_sounds_keep_what_is_not_changed() -> None:
    slower = stretched(tone(440), RATE, 0.8)
    assert len(slower) == 2.5 * RATE and pitch(slower) == pytest.approx(440, abs=2)
    higher = transposed(tone(440), RATE, 3)
    assert len(higher) == 2 * RATE and pitch(higher[2000:-4000]) == pytest.approx(440 * 2**0.25, abs=3)


def test_copies_of_music_are_worded_anew_and_other_splits_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "_drawn_change", lambda group, rng: (3, 0.8))
    soundfile.write(tmp_path / "a.wav", tone(440), RATE)
    triples = [
        Triple(
            tmp_path / "a.wav", 0.0, 2.0, words.question, words.answer, words.task, "piece", split, FACTS | {"topic": words.topic}
        )
        for split in ("train", "test")
        for words in worded(FACTS, np.random.default_rng(0))
    ]
    copies = list(augmented_copies(triples, tmp_path / "copies", copies=1))
    assert {copy.split for copy in copies} == {"train"} and len({copy.clip for copy in copies}) == 1
    assert copies[0].duration == pytest.approx(2.5, abs=0.01) and soundfile.info(copies[0].clip).frames > 0
    key = next(copy for copy in copies if copy.facts["topic"] == "key")
    assert "D minor" in key.answer and key.facts["bpm"] == 80.0
    assert all(copy.facts.get(name) == value for copy in copies for name, value in claims(copy.answer).items())
    assert list(augmented_copies(triples, tmp_path / "copies", 1)) == copies


def test_pitch_and_time_stay_where_the_answer_could_not_follow(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440), RATE)
    caption = Triple(tmp_path / "a.wav", 0.0, 2.0, "What is it?", "A low tone.", "caption", "a", "train")
    copies = list(augmented_copies([caption], tmp_path / "copies", copies=3))
    assert [(copy.answer, copy.duration) for copy in copies] == [("A low tone.", 2.0)] * 3
    sounds = [soundfile.read(copy.clip, dtype="float32")[0] for copy in copies]
    assert not np.array_equal(sounds[0], sounds[1])
    assert all(pitch(sound) == pytest.approx(440, abs=1) for sound in sounds)
    speech = Triple(tmp_path / "a.wav", 0.0, 2.0, "What is said?", "A tone", "speech", "a", "train")
    durations = [copy.duration for copy in augmented_copies([speech], tmp_path / "speech", copies=9)]
    assert len(set(durations)) > 2 and all(2 / 1.08 < duration < 2 / 0.92 for duration in durations)
