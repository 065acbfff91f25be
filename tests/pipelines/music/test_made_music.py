"""Tempo, metre and key of pieces made from tones and noise, with the real models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import DoubleArray
from pipelines.clip.clip import AudioClip
from services import Services
from tests.pipelines.music.made_music import RATE, drum_and_bass, drum_bars, five_four, mix
from training.music.evaluate import read

pytestmark = pytest.mark.models


def clip_from(services: Services, folder: Path, samples: DoubleArray) -> AudioClip:
    soundfile.write(folder / "sound.wav", samples.astype(np.float32), RATE, subtype="PCM_24")
    return services.clips.open(folder / "sound.wav")


@pytest.mark.parametrize(
    ("bpm", "kicks", "snares"),
    [(174, (0, 2.5), (1, 3)), (168, (0, 1.5, 2.5), (1, 3)), (150, (0, 2), (1, 3)), (92, (0, 2, 2.5), (1, 3))],
)
def test_drums_with_a_backbeat_have_the_tempo_of_their_backbeat(
    services: Services, tmp_path: Path, bpm: float, kicks: tuple[float, ...], snares: tuple[float, ...]
) -> None:
    facts = read(clip_from(services, tmp_path, drum_and_bass(bpm, kicks, snares)), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert all(other.confidence < facts.tempo.confidence for other in facts.tempo.alternatives)


@pytest.mark.parametrize(("bpm", "kicks", "snares"), [(160, (0, 3), (2, 4)), (172, (0, 3), (1, 4)), (140, (0, 3), (2, 4))])
def test_quick_fives_are_not_found_at_half_their_tempo(
    services: Services, tmp_path: Path, bpm: float, kicks: tuple[float, ...], snares: tuple[float, ...]
) -> None:
    facts = read(clip_from(services, tmp_path, five_four(bpm, kicks, snares)), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert facts.beats is not None and facts.beats.metre == "5/4"


def test_four_beats_are_too_short_for_a_tempo(services: Services, tmp_path: Path) -> None:
    facts = read(clip_from(services, tmp_path, mix(drum_bars(87, 1, 4, (0, 2), (1, 3), 2), 2.8)), services)
    assert facts.tempo is None and facts.no_tempo_reason == "too short"
