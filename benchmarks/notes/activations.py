"""What Basic Pitch finds in a sound file, kept in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.arrays import FloatArray
from models.specs.music import BASIC_PITCH
from pipelines.music.harmony.note_activations import (
    NOTE_HOP_SAMPLES,
    NOTE_SAMPLE_RATE,
    PITCHES,
    NoteFrames,
    note_block,
    note_block_count,
)
from services import Services


def stored_frames(sound: Path, folder: Path, services: Services) -> NoteFrames:
    """Return the activations of a sound file, at A4 = 440 Hz; `folder` keeps them."""
    stored = folder / "frames" / f"{sound.stem}.npz"
    if not stored.exists():
        stored.parent.mkdir(parents=True, exist_ok=True)
        waveform = services.clips.open(sound).waveform(NOTE_SAMPLE_RATE)
        with services.runtime.cache.lease(BASIC_PITCH) as (session,):
            blocks = [note_block(session, waveform, block) for block in range(note_block_count(len(waveform)))]
        frames = np.concatenate([np.concatenate(block, axis=1) for block in blocks])
        np.savez_compressed(stored, frames=frames[: len(waveform) // NOTE_HOP_SAMPLES + 1].astype(np.float16))
    found: FloatArray = np.load(stored)["frames"].astype(np.float32)
    return NoteFrames(found[:, :PITCHES], found[:, PITCHES : 2 * PITCHES], found[:, 2 * PITCHES :])
