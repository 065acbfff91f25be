"""A rendered piece as a clip, and the facts of a clip in one call."""

from __future__ import annotations

import tempfile
from pathlib import Path

import soundfile

from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.facts import FactOptions, MusicFacts
from services import Services
from training.music.pieces.piece import Piece
from training.music.pieces.rendering import TEST_SOUNDFONT, Synthesizer, render

SAMPLE_RATE = 44_100
REVERB = 0.3
"""Room size, 0 to 1."""


def clip_of(piece: Piece, services: Services, soundfont: Path = TEST_SOUNDFONT) -> AudioClip:
    """Render the piece and open it in the clip store."""
    sound = render(piece, Synthesizer(soundfont, SAMPLE_RATE, REVERB))
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/piece.wav", sound, SAMPLE_RATE)
        return services.clips.open(f"{folder}/piece.wav")


def read(clip: AudioClip, services: Services) -> MusicFacts:
    """Return the last snapshot of a whole run."""
    *_, facts = music_facts(clip, FactOptions(), services.runtime)
    return facts
