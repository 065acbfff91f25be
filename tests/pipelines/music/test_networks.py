"""The networks over blocks: no seams, true times, and what they say of one rendered bar."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.music import BASIC_PITCH, BEAT_NETWORK, BEATNET, HARMONY_NETWORK
from pipelines.music.harmony.chord_recognition import CHORD_COUNT
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
from pipelines.music.rhythm.beat_network import (
    BEAT_BLOCK_FRAMES,
    COARSE_BANDS,
    FRAMES_PER_SECOND,
    HOP_SAMPLES,
    INPUT_RMS,
    MEL_BANDS,
    METRES,
    TEMPO_BINS,
    beat_block,
    beat_block_count,
    frame_count,
    input_gain,
    joined_blocks,
    log_mel,
)
from pipelines.music.rhythm.beatnet import STATE_ROWS, STATE_SHAPE, beatnet_block, beatnet_features, filter_bank
from services import Services

pytestmark = pytest.mark.models


def tone(pitch: int, start: float, seconds: float, duration: float) -> FloatArray:
    """[samples] of a plucked note with five harmonics at 22 050 Hz."""
    time = np.arange(round(duration * NOTE_SAMPLE_RATE)) / NOTE_SAMPLE_RATE - start
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    sound = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6)) * np.exp(-1.5 * np.maximum(time, 0))
    return (0.2 * sound * ((time >= 0) & (time < seconds))).astype(np.float32)


def noise(seconds: float) -> FloatArray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * NOTE_SAMPLE_RATE)).astype(np.float32)


def test_blocks_of_the_beat_network_join_without_a_seam(services: Services) -> None:
    waveform = noise(130)
    with services.runtime.cache.lease(BEAT_NETWORK) as (model,):
        blocks = [beat_block(model, waveform, 1.0, block) for block in range(beat_block_count(len(waveform)))]
        mel = log_mel(waveform, 0, frame_count(len(waveform)))
        beats, metre, tempo = (output[0] for output in model.run(["beats", "metre", "tempo"], {"mel": mel[np.newaxis]}))
    assert [len(block) for block in blocks] == [BEAT_BLOCK_FRAMES, BEAT_BLOCK_FRAMES, len(mel) - 2 * BEAT_BLOCK_FRAMES]
    activations, bands = joined_blocks(blocks)
    np.testing.assert_allclose(activations.beats, beats, atol=1e-3)
    np.testing.assert_allclose(activations.metre, metre.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(activations.tempo, tempo.mean(axis=0), atol=1e-3)
    assert (activations.metre.shape, activations.tempo.shape) == ((len(METRES),), (TEMPO_BINS,))
    assert bands.shape == (len(mel), COARSE_BANDS)


def test_blocks_of_beatnet_hand_on_their_state(services: Services) -> None:
    waveform = noise(130)
    with services.runtime.cache.lease(BEATNET) as (model,):
        blocks: list[FloatArray] = []
        for block in range(beat_block_count(len(waveform))):
            blocks.append(beatnet_block(model, waveform, 1.0, block, blocks[-1] if blocks else None))
        features = beatnet_features(waveform, 0, frame_count(len(waveform)), 1.0)
        (at_once,) = model.run(["probs"], {"features": features, "state": np.zeros(STATE_SHAPE, dtype=np.float32)})
    joined_probs = np.concatenate([block[:-STATE_ROWS] for block in blocks])
    np.testing.assert_allclose(joined_probs, at_once, atol=1e-4)
    np.testing.assert_allclose(joined_probs.sum(axis=1), 1, atol=1e-4)


def test_beatnet_follows_clicks(services: Services) -> None:
    waveform = np.zeros(20 * NOTE_SAMPLE_RATE, dtype=np.float32)
    clicks = np.arange(1, 19, 0.5)
    for second in clicks:
        start = round(second * NOTE_SAMPLE_RATE)
        waveform[start : start + 400] = noise(1)[:400]
    with services.runtime.cache.lease(BEATNET) as (model,):
        probs = beatnet_block(model, waveform, 5.0, 0, None)[:-STATE_ROWS, :2].sum(axis=1)
    frames = np.round(clicks[8:] * FRAMES_PER_SECOND).astype(int)
    assert np.mean([probs[frame - 2 : frame + 3].max() for frame in frames]) > 0.5
    assert np.mean(probs[frames + 12]) < 0.2


def test_the_filters_of_beatnet_are_distinct_and_sum_to_one() -> None:
    filters = filter_bank()
    assert filters.shape == (705, 136)
    np.testing.assert_allclose(filters.sum(axis=0), 1, atol=1e-5)


def test_blocks_of_the_harmony_network_join_without_a_seam(services: Services) -> None:
    notes = np.random.default_rng(0).uniform(0, 1, (HARMONY_RUN_FRAMES + 300, 2, 88)).astype(np.float32)
    with services.runtime.cache.lease(HARMONY_NETWORK) as (model,):
        chords, keys = harmony_logits(model, notes)
        at_once = model.run(["chords", "keys"], {"notes": notes[np.newaxis]})
    assert chords.shape == (len(notes), CHORD_COUNT)
    np.testing.assert_allclose(chords, at_once[0][0], atol=1e-3)
    np.testing.assert_allclose(keys, at_once[1][0].mean(axis=0), atol=1e-3)


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
    onsets = np.concatenate([onset for _, onset in blocks])
    for pitch, start in played:
        frame = int(onsets[:, pitch - LOWEST_PITCH].argmax())
        assert frame * NOTE_HOP_SAMPLES / NOTE_SAMPLE_RATE == pytest.approx(start, abs=0.05)
    assert {notes.shape for notes, _ in blocks} == {(BLOCK_FRAMES, 88)}
    pooled = pooled_notes(*blocks[0])
    assert pooled.shape == (BLOCK_FRAMES // POOL_FRAMES, 2, 88)
    assert blocks[0][1].max() == pooled[:, 1].max()


@pytest.mark.parametrize("samples", [1, 255, BLOCK_SAMPLES, BLOCK_SAMPLES + 1])
def test_any_length_has_blocks(services: Services, samples: int) -> None:
    waveform = noise(60)[:samples]
    with services.runtime.cache.lease(BASIC_PITCH) as (model,):
        last = note_block(model, waveform, note_block_count(samples) - 1)
    assert last[0].shape == (BLOCK_FRAMES, 88)
    with services.runtime.cache.lease(BEAT_NETWORK) as (model,):
        assert len(beat_block(model, waveform, 1.0, beat_block_count(samples) - 1))


def test_log_mel_frames_are_centred_and_blocks_agree() -> None:
    click = np.zeros(3 * NOTE_SAMPLE_RATE, dtype=np.float32)
    click[NOTE_SAMPLE_RATE] = 1
    mel = log_mel(click, 0, frame_count(len(click)))
    assert mel.shape == (1 + len(click) // HOP_SAMPLES, MEL_BANDS)
    assert mel.sum(axis=1).argmax() == FRAMES_PER_SECOND
    np.testing.assert_allclose(log_mel(click, 40, 30), mel[40:70], atol=1e-5)


def test_every_clip_is_brought_to_one_level() -> None:
    for loudness in (1e-3, 0.1, 1.0):
        waveform = loudness * noise(3)
        assert np.sqrt(np.mean(np.square(input_gain(waveform) * waveform))) == pytest.approx(INPUT_RMS, rel=1e-3)
    assert np.isfinite(input_gain(np.zeros(100, dtype=np.float32)))
