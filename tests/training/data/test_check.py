"""Each trap of a data set is named, and a sound data set has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from models.arrays import FloatArray
from training.data.check.check import CheckOptions, check
from training.data.check.near_duplicates import spectrogram_correlation
from training.data.check.text_rules import other_language
from training.data.features import FeatureFiles
from training.data.recording_effects import coded
from training.data.triples import SPLITS, Split, Triple

RATE = 16_000


def melody(seed: int, seconds: float = 4.0) -> FloatArray:
    """Tones of random pitches with random pauses."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(round(seconds * 4)):
        time = np.arange(RATE // 4) / RATE
        tone = np.sin(2 * np.pi * rng.uniform(150, 5000) * time) * np.exp(-rng.uniform(0, 12) * time)
        parts.append(rng.choice([0.02, 0.3]) * tone)
    sound: FloatArray = (np.concatenate(parts) + rng.normal(0, 1e-3, len(parts) * (RATE // 4))).astype(np.float32)
    return sound


def write(file: Path, sound: FloatArray, rate: int = RATE) -> Path:
    soundfile.write(file, sound, rate, subtype="FLOAT")
    return file


class LevelEncoder:
    """One frame of four band levels."""

    name, sample_rate, width = "levels", RATE, 4

    def frames(self, waveform: FloatArray) -> FloatArray:
        parts = np.array_split(np.abs(np.fft.rfft(waveform)), 4)
        return np.array([[part.mean() for part in parts]], dtype=np.float32)


@pytest.fixture
def data(tmp_path: Path) -> list[Triple]:
    """Two clips for each split."""
    triples = []
    for i, split in enumerate(split for split in SPLITS for _ in range(2)):
        clip = write(tmp_path / f"{split}{i}.wav", melody(i))
        answer = "A piano plays in the rain."
        triples.append(Triple(clip, 0.0, 4.0, "What is it?", answer, "caption", f"piece {i}", split, {"genre": "rock"}))
    return triples


def rules(triples: Sequence[Triple], options: CheckOptions = CheckOptions()) -> dict[str, tuple[str, ...]]:
    return {finding.rule: finding.places for finding in check(triples, options)}


def with_clip(data: list[Triple], file: Path, split: Split = "train", **changes: object) -> list[Triple]:
    return [*data, replace(data[0], clip=file, split=split, source=file.name, **changes)]  # type: ignore[arg-type]


def test_a_sound_data_set_has_no_findings(data: list[Triple], tmp_path: Path) -> None:
    assert check(data, features=FeatureFiles(tmp_path / "features", LevelEncoder())) == []


def test_broken_silent_short_cut_off_and_overdriven_clips_are_named(data: list[Triple], tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF and nothing")
    write(tmp_path / "numbers.wav", np.full(RATE, np.nan, np.float32))
    write(tmp_path / "silent.wav", np.full(4 * RATE, 0.25, np.float32))
    write(tmp_path / "cut.wav", melody(8, 1.0))
    write(tmp_path / "loud.wav", np.clip(9 * melody(9), -1, 1))
    for name in ("broken", "numbers", "silent", "cut", "loud"):
        data = with_clip(data, tmp_path / f"{name}.wav")
    data = with_clip(data, write(tmp_path / "short.wav", melody(7)[:1000]), duration=0.0625)
    found = rules(data)
    assert ["broken.wav" in place for place in found["broken clip"]] == [True, False] and "numbers.wav" in found["broken clip"][1]
    assert found["silent clip"] == ("silent.wav",) and found["very short clip"] == ("short.wav",)
    assert found["clip that ends early"] == ("cut.wav has 1.00 of 4.00 s",)
    assert found["overdriven clip"][0].startswith("loud.wav (")


def test_equal_content_is_a_duplicate_in_a_split_and_a_leak_between_two(data: list[Triple], tmp_path: Path) -> None:
    for name in ("train0.wav", "copy.flac"):
        soundfile.write(tmp_path / name, (20_000 * melody(0)).astype(np.int16), RATE)
    found = rules(with_clip(data, tmp_path / "copy.flac"))
    assert found == {"duplicate clip": ("train0.wav = copy.flac",)}
    found = rules(with_clip(data, tmp_path / "copy.flac", "test"))
    assert found == {"same content in two splits": ("train0.wav (train) = copy.flac (test)",)}


def test_a_recording_in_another_form_is_a_near_duplicate(data: list[Triple], tmp_path: Path) -> None:
    copy = coded(0.3 * melody(0), RATE, "libopus", 32)[3000:]
    data = with_clip(data, write(tmp_path / "copy.wav", copy), "test", duration=len(copy) / RATE)
    (finding,) = check(data, features=FeatureFiles(tmp_path / "features", LevelEncoder()))
    assert finding.rule == "near duplicate in two splits" and finding.places == ("copy.wav (test) ~ train0.wav (train)",)
    assert "ERROR: near duplicate in two splits (1): copy.wav (test) ~ train0.wav (train)." in str(finding)


def test_other_recordings_and_steady_sounds_do_not_correlate() -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype(np.float32)
    assert spectrogram_correlation(melody(0), melody(1)) < 0.6
    assert spectrogram_correlation(melody(0), tone) < 0.6
    assert spectrogram_correlation(melody(0), melody(0)[5000:]) > 0.95


def test_leaks_by_source_file_and_fact_are_named(data: list[Triple]) -> None:
    leak = replace(data[0], split="test", facts={"genre": "rock", "soundfont": "a.sf2"})
    data = [replace(data[0], facts=leak.facts), *data[1:], leak]
    found = rules(data, CheckOptions(apart=("soundfont",)))
    assert found["same source in two splits"] == ("piece 0 (test, train)",)
    assert found["same file in two splits"] == (f"{leak.clip} (test, train)",)
    assert found["same soundfont in two splits"] == ("a.sf2 (test, train)",)
    assert rules(data[2:4])["empty split"] == ("train", "test")


def test_rates_below_the_encoders_narrow_bands_and_different_splits_are_named(data: list[Triple], tmp_path: Path) -> None:
    telephone = write(tmp_path / "phone.wav", np.repeat(melody(5)[::4], 2), 8000)
    found = rules(with_clip(data, telephone, duration=4.0))
    assert found["wrong rate"] == ("phone.wav (8000 Hz)",)
    wide = soxr.resample(soxr.resample(melody(6), RATE, 8000), 8000, 44_100)
    triples = [
        replace(each, clip=write(tmp_path / f"w{i}.wav", wide + i * np.float32(1e-5), 44_100)) for i, each in enumerate(data[:2])
    ]
    found = rules([*triples, *data[2:]])
    assert found["narrow band"][0].startswith("w0.wav (44100 Hz, sound up to ")
    assert found["splits of different rates"] == ("train has 44100 Hz", "validation has 16000 Hz", "test has 16000 Hz")


def test_texts_that_are_empty_foreign_marked_up_or_contradictory_are_named(data: list[Triple]) -> None:
    answers = ["  ", "Ein Klavier spielt und es regnet auf das Dach.", "A <b>piano</b> plays in the rain.", "Дождь идёт"]
    odd = [replace(data[0], answer=answer) for answer in answers]
    odd += [replace(data[1], task="question", answer=answer) for answer in ("Yes.", "yes.", "No.")]
    found = rules([*data, *odd])
    assert found["empty text"] == ("train0.wav",)
    assert [place.rsplit(" ", 1)[1] for place in found["text in another language"]] == ["(de)", "(cyrillic)"]
    assert len(found["markup in a text"]) == 1
    assert found["two answers to one question"] == ("train1.wav: 'What is it?'",)
    assert "text in another language" not in rules([*data, *odd], CheckOptions(language=""))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A dog barks twice and a car passes by in the distance.", ""),
        ("Water flowing, birds chirping, wind blowing softly", ""),
        ("Un chien aboie dans la rue et une voiture passe.", "fr"),
        ("Un perro ladra en la calle y un coche pasa.", "es"),
        ("Il cane abbaia nella strada e una macchina passa con un rumore.", "it"),
        ("雨が降っている", "hiragana"),
        ("Guten Tag, wie geht es Ihnen heute hier in der Stadt?", "de"),
        ("It goes Em, Am, B, Em, Am, B, E, A, E.", ""),
        ("café", ""),
    ],
)
def test_languages_are_told_apart_by_script_and_function_words(text: str, language: str) -> None:
    assert other_language(text, "en") == language


def test_labels_without_examples_are_named(data: list[Triple]) -> None:
    data[-1] = replace(data[-1], facts={"genre": "jazz"})
    data.append(replace(data[0], facts={"tags": ["rain"], "genre": "rock"}))
    found = rules(data, CheckOptions(vocabulary=("rock", "reggae")))
    assert found["label without training example"] == ("genre: jazz",)
    assert found["label without any example"] == ("reggae",)
    assert found["rare label"] == ("tags: rain (1)",) and found["label that is not measured"] == ("tags: rain",)


def test_a_text_of_another_clip_and_speech_over_half_a_minute_are_named(data: list[Triple], tmp_path: Path) -> None:
    long = write(tmp_path / "long.wav", np.tile(melody(3), 8))
    data = with_clip(data, long, task="speech", duration=32.0)
    data.append(replace(data[1], task="speech", answer="Good morning and welcome. " * 9, question="What is said?"))
    data[1] = data.pop()
    found = rules(data)
    assert found["long speech"] == ("long.wav (32 s)",)
    assert found["text too long for its clip"] == ("train1.wav (234 characters in 4.0 s)",)
