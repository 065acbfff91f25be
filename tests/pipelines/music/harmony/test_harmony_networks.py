"""The networks of harmony over blocks: no seams, true times, and what they find in tones."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.music import BASIC_PITCH, CREMA, HARMONY_NETWORK
from pipelines.music.harmony.chord_recognition import CHORD_COUNT
from pipelines.music.harmony.crema import (
    BLOCK_FRAMES as CREMA_BLOCK_FRAMES,
)
from pipelines.music.harmony.crema import (
    CREMA_HOP_SAMPLES,
    CREMA_SAMPLE_RATE,
    crema_block,
    crema_block_count,
    joined_crema,
)
from pipelines.music.harmony.harmony_network import HARMONY_RUN_FRAMES, POOL_FRAMES, harmony_logits, pooled_notes
from pipelines.music.harmony.note_activations import (
    BLOCK_FRAMES,
    BLOCK_SAMPLES,
    LOWEST_PITCH,
    NOTE_HOP_SAMPLES,
    NOTE_SAMPLE_RATE,
    note_block,
    note_block_count,
)
from services import Services

pytestmark = pytest.mark.models


def tone(pitch: int, start: float, seconds: float, duration: float) -> FloatArray:
    """[samples] of a plucked note with five harmonics at 22 050 Hz."""
    time = np.arange(round(duration * NOTE_SAMPLE_RATE)) / NOTE_SAMPLE_RATE - start
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    sound = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6)) * np.exp(-1.5 * np.maximum(time, 0))
    return (0.2 * sound * ((time >= 0) & (time < seconds))).astype(np.float32)


def test_blocks_of_the_harmony_network_join_without_a_seam(services: Services) -> None:
    notes = np.random.default_rng(0).uniform(0, 1, (HARMONY_RUN_FRAMES + 300, 2, 88)).astype(np.float32)
    with services.runtime.cache.lease(HARMONY_NETWORK) as (model,):
        chords, keys = harmony_logits(model, notes)
        at_once = model.run(["chords", "keys"], {"notes": notes[np.newaxis]})
    assert chords.shape == (len(notes), CHORD_COUNT)
    np.testing.assert_allclose(chords, at_once[0][0], atol=1e-3)
    np.testing.assert_allclose(keys, at_once[1][0], atol=1e-3)


@pytest.mark.parametrize("shift", [1, 5, 11])
def test_a_transposed_piece_has_transposed_chords(services: Services, shift: int) -> None:
    notes = np.zeros((60, 2, 88), dtype=np.float32)
    notes[:, :, [27, 39, 43, 46]] = 0.8  # C, C, E, G
    with services.runtime.cache.lease(HARMONY_NETWORK) as (model,):
        here, there = (harmony_logits(model, np.roll(notes, by, axis=2))[0][30] for by in (0, shift))
    assert here.argmax() == 0
    assert there.argmax() == 3 * shift


def test_notes_are_where_they_were_played_in_every_block(services: Services) -> None:
    duration, played = 60.0, [(60, 0.5), (64, 26.1), (67, 27.0), (48, 52.5), (72, 58.0)]
    waveform = np.sum([tone(pitch, start, 0.6, duration) for pitch, start in played], axis=0).astype(np.float32)
    with services.runtime.cache.lease(BASIC_PITCH) as (model,):
        blocks = [note_block(model, waveform, block) for block in range(note_block_count(len(waveform)))]
    onsets = np.concatenate([block.onsets for block in blocks])
    for pitch, start in played:
        frame = int(onsets[:, pitch - LOWEST_PITCH].argmax())
        assert frame * NOTE_HOP_SAMPLES / NOTE_SAMPLE_RATE == pytest.approx(start, abs=0.05)
    assert {block.notes.shape for block in blocks} == {(BLOCK_FRAMES, 88)}
    pooled = pooled_notes(blocks[0].notes, blocks[0].onsets)
    assert pooled.shape == (BLOCK_FRAMES // POOL_FRAMES, 2, 88)
    assert blocks[0].onsets.max() == pooled[:, 1].max()


@pytest.mark.parametrize("samples", [1, 255, BLOCK_SAMPLES, BLOCK_SAMPLES + 1])
def test_any_length_has_blocks(services: Services, samples: int) -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    with services.runtime.cache.lease(BASIC_PITCH) as (model,):
        last = note_block(model, waveform, note_block_count(samples) - 1)
    assert [array.shape for array in last] == [(BLOCK_FRAMES, 88), (BLOCK_FRAMES, 88), (BLOCK_FRAMES, 264)]


@pytest.mark.parametrize("samples", [1, 500, CREMA_HOP_SAMPLES, 3 * CREMA_HOP_SAMPLES + 1])
def test_the_shortest_clips_have_frames_of_crema(services: Services, samples: int) -> None:
    waveform = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    with services.runtime.cache.lease(CREMA) as (model,):
        found = joined_crema([crema_block(model, waveform, 0.0, 0)])
    assert found.chords.shape == (-(-samples // CREMA_HOP_SAMPLES), CHORD_COUNT)
    np.testing.assert_allclose(found.chords.sum(axis=1), 1, atol=1e-3)


def arpeggios(seconds: float) -> FloatArray:
    """[samples] at 11 025 Hz: C, F, G and A minor for a second each, again and again."""
    time = np.arange(CREMA_SAMPLE_RATE) / CREMA_SAMPLE_RATE
    chords = [
        sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * time) / k for pitch in pitches for k in (1, 2, 3))
        for pitches in ((48, 64, 67, 72), (41, 60, 65, 69), (43, 59, 62, 67), (45, 60, 64, 69))
    ]
    return np.tile(0.05 * np.concatenate(chords), 1 + int(seconds / 4))[: round(seconds * CREMA_SAMPLE_RATE)].astype(np.float32)


def test_blocks_of_crema_join_nearly_without_a_seam(services: Services) -> None:
    waveform = arpeggios(200)
    assert crema_block_count(len(waveform)) == 2
    with services.runtime.cache.lease(CREMA) as (model,):
        joined = joined_crema([crema_block(model, waveform, 0.0, block) for block in range(2)])
        later = waveform[160 * CREMA_HOP_SAMPLES :]
        shifted = joined_crema([crema_block(model, later, 0.0, block) for block in range(crema_block_count(len(later)))])
    inside = slice(160 + 100, CREMA_BLOCK_FRAMES + 80)
    difference = np.abs(joined.pitch[inside] - shifted.pitch[100 : CREMA_BLOCK_FRAMES - 80])
    assert difference.mean() < 0.01


def test_crema_reads_chords_at_the_tuning_of_the_clip(services: Services) -> None:
    waveform = arpeggios(12)
    stretched = np.interp(np.arange(0, len(waveform) - 1, 2 ** (45 / 1200)), np.arange(len(waveform)), waveform).astype(
        np.float32
    )
    with services.runtime.cache.lease(CREMA) as (model,):
        found = joined_crema([crema_block(model, stretched, 45.0, 0)])
    first = found.chords[: round(0.9 * CREMA_SAMPLE_RATE / CREMA_HOP_SAMPLES)].mean(axis=0)
    assert first.argmax() == 0 and first[0] > 0.5
