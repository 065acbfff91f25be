"""The configs of what was shipped are what their trainings expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training.audio_aligner.fitting import FittingOptions
from training.loop.config import read_config
from training.music.train_tempo_levels import LevelOptions
from training.words.distill import DistillOptions

TRAINING = Path(__file__).parents[2] / "training"


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ("audio_aligner/configs/shipped.yaml", FittingOptions),
        ("music/configs/tempo_levels.yaml", LevelOptions),
        ("words/configs/word_embeds.yaml", DistillOptions),
    ],
)
def test_a_shipped_config_is_accepted(config: str, kind: type[Any]) -> None:
    read_config(TRAINING / config, kind)
