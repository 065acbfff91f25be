"""The beat networks over blocks: no seams, true times."""

from __future__ import annotations

import numpy as np
import pytest

from models.arrays import FloatArray
from models.specs.music import BEAT_NETWORK, BEATNET
from pipelines.music.harmony.note_activations import NOTE_SAMPLE_RATE
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


@pytest.mark.parametrize("samples", [1, 255, BEAT_BLOCK_FRAMES * HOP_SAMPLES, BEAT_BLOCK_FRAMES * HOP_SAMPLES + 1])
def test_any_length_has_blocks(services: Services, samples: int) -> None:
    waveform = noise(61)[:samples]
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
