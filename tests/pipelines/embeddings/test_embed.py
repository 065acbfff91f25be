"""The offline encoders with their real weights, beside the bare models; and what is computed when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from models.cache.feature_store import FeatureStore
from models.model_catalog import ALL_MODELS
from models.specs.aligner import TINY_ALIGNER
from models.specs.encoders import WHISPER_BASE_STATES
from models.specs.model_spec import AUTO
from models.specs.sound import MUSICNN_MSD, MUSICNN_MTT, YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import FrameFamily, windows
from pipelines.embeddings.encoders.registry import encoders
from pipelines.embeddings.errors import AudioTooLong
from pipelines.embeddings.map import MapOptions, stored_map
from pipelines.music.tags import musicnn
from pipelines.tagging import yamnet
from services import Services
from tests.pipelines.embeddings.embedding_examples import joins
from tests.recordings import EXAMPLES
from training.evaluate_layers import LOOPS, repetition_spread, write_loop

pytestmark = pytest.mark.models
RATE = 16_000
TOLERANCE = 1e-5


def embed(
    services: Services, clip: AudioClip, encoder: str, layer: str = "", features: FeatureStore | None = None
) -> ClipEmbedding:
    options = EmbeddingOptions(encoder, layer)
    *_, last = embed_clip(clip, options, replace(services.runtime, features=features or services.runtime.features))
    assert last.embedding
    return last.embedding


def example(services: Services, name: str, seconds: float | None = None, times: int = 1) -> AudioClip:
    """An example, cut or repeated."""
    samples, rate = soundfile.read(EXAMPLES / name, dtype="float32")
    whole = np.concatenate([samples] * times)
    path = services.settings.data_dir / f"{times} {seconds} {Path(name).stem}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, whole[: round(seconds * rate)] if seconds else whole, rate, "FLOAT")
    return services.clips.open(path)


@pytest.fixture(scope="module")
def clip(services: Services) -> AudioClip:
    return example(services, "speech.flac", 7.3)


def test_whispers_encoder_is_the_bare_model_in_every_layer(services: Services, clip: AudioClip) -> None:
    with services.runtime.cache.lease(WHISPER_BASE_STATES) as (whisper,), torch.inference_mode():
        features = whisper.processor(audio=np.array(clip.waveform(RATE)), sampling_rate=RATE, return_tensors="pt")
        bare = whisper.model.model.encoder(features.input_features, output_hidden_states=True).hidden_states
    names = embed(services, clip, "auto").encoder.layers
    assert len(names) == len(bare) == 7
    for name, layer in zip(names, bare, strict=True):
        found = embed(services, clip, "whisper-base-encoder", name)
        assert found.frames.shape == (365, 512)
        np.testing.assert_allclose(found.frames, layer[0, :365], rtol=0, atol=TOLERANCE)


def test_yamnet_is_the_bare_model(services: Services, clip: AudioClip) -> None:
    found = embed(services, clip, "yamnet")
    sound = np.array(clip.waveform(RATE))
    with services.runtime.cache.lease(YAMNET) as (session,):
        for number in (0, 7, 14):
            part = np.zeros(yamnet.PATCH_SAMPLES, dtype=np.float32)
            features = sound[number * yamnet.PATCH_HOP_SAMPLES :][: len(part)]
            part[: len(features)] = features
            bare = session.run(["embedding"], {"patches": yamnet.log_mel_patches(part)})[0]
            np.testing.assert_allclose(found.frames[number], bare[0], rtol=0, atol=TOLERANCE)
    assert found.frames.shape == (15, 1024)
    assert found.times[0] == yamnet.PATCH_SECONDS / 2


@pytest.mark.parametrize("spec", [MUSICNN_MTT, MUSICNN_MSD], ids=lambda spec: spec.key)
def test_musicnn_is_the_bare_model(services: Services, clip: AudioClip, spec: Any) -> None:
    patches, frames = (embed(services, clip, spec.key, layer) for layer in ("patches", "frames"))
    sound = musicnn.input_gain(clip.waveform(RATE)) * np.array(clip.waveform(RATE))
    whole = musicnn.PATCH_SAMPLES + 3 * musicnn.PATCH_HOP_SAMPLES
    features = musicnn.log_mel_patches(np.pad(sound, (0, whole - len(sound))))
    with services.runtime.cache.lease(spec) as (session,):
        outputs = session.run(["embedding", "frames"], {"patches": features[1:2]})
    assert patches.frames.shape == (4, 200)
    assert frames.frames.shape == (1 + (len(sound) - 512) // 256, 753)
    np.testing.assert_allclose(patches.frames[1], outputs[0][0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(frames.frames[94 + 46 : 94 + 140], outputs[1][0, 46:140], rtol=0, atol=TOLERANCE)


def test_the_aligner_is_the_bare_model_on_each_patch_of_yamnet(services: Services, clip: AudioClip) -> None:
    patches = embed(services, clip, "yamnet")
    concepts, prompt = (embed(services, clip, "tiny-aligner", layer) for layer in ("concepts", "prompt"))
    with services.runtime.cache.lease(TINY_ALIGNER) as (aligner,), torch.inference_mode():
        assert TINY_ALIGNER.encoder
        assert TINY_ALIGNER.encoder.concepts == aligner.config.slots
        one = torch.tensor(patches.frames[5])[None, None]
        np.testing.assert_allclose(prompt.frames[5], aligner(one).flatten(), rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(
            concepts.frames[5], aligner.concept_logits(*aligner.pool_patches(one))[0], rtol=0, atol=TOLERANCE
        )
    np.testing.assert_array_equal(prompt.times, patches.times)


@pytest.mark.parametrize(
    ("encoder", "layer", "times"),
    [
        *(("yamnet", "patches", 12), ("musicnn-msd", "patches", 3)),
        pytest.param("musicnn-msd", "frames", 3, marks=pytest.mark.thorough),
    ],
)
def test_patches_follow_each_other_over_windows_as_if_encoded_at_once(
    services: Services, encoder: str, layer: str, times: int
) -> None:
    clip = example(services, "music.ogg", times=times)
    found = embed(services, clip, encoder, layer)
    family = found.encoder.family
    assert isinstance(family, FrameFamily)
    waveform = clip.waveform(family.sample_rate)
    assert len(windows(family.grid(layer), len(waveform))) > 1
    with services.runtime.cache.lease(found.encoder.spec) as (model,):
        (whole,) = family.hidden_states(model, family.input_gain(waveform) * np.array(waveform), (layer,))
    # The spectrogram of a longer sound is rounded in another order.
    np.testing.assert_allclose(found.frames, whole, rtol=0, atol=TOLERANCE * np.abs(whole).max())


@pytest.mark.parametrize(
    "layer", ["layer 6", *(pytest.param(layer, marks=pytest.mark.thorough) for layer in ("embedding", "layer 3"))]
)
def test_whispers_windows_are_joined_without_a_seam(services: Services, layer: str) -> None:
    """Whisper's states tell where in its window a frame lies: from one window to the next they would jump."""
    clip = example(services, "speech.flac", times=3)
    found = embed(services, clip, "whisper-base-encoder", layer)
    steps = np.linalg.norm(np.diff(found.frames, axis=0), axis=1)
    family = found.encoder.family
    assert isinstance(family, FrameFamily)
    grid = family.grid(layer)
    (join,) = joins(windows(grid, len(clip.waveform(RATE))))
    fade = grid.fade
    inside = np.concatenate([steps[: join - fade], steps[join + fade :]])
    at_the_join = steps[join - fade // 2 - 2 : join + fade // 2 + 2]
    assert np.median(at_the_join) < 1.25 * np.median(inside)
    assert at_the_join.max() < inside.max()


def test_a_view_of_another_layer_of_a_short_clip_takes_no_lease(services: Services, clip: AudioClip, monkeypatch: Any) -> None:
    features = FeatureStore(2**27)
    embed(services, clip, "whisper-base-encoder", features=features)
    monkeypatch.setattr(services.runtime.cache, "lease", None)
    for layer in ("embedding", "layer 4"):
        assert embed(services, clip, "whisper-base-encoder", layer, features).frames.shape == (365, 512)


def test_the_list_begins_with_the_offline_encoders(services: Services) -> None:
    listed = encoders(services.runtime.catalog)
    offline = [encoder.key for encoder in listed if encoder.spec.is_offline]
    assert [encoder.key for encoder in listed][: len(offline)] == offline
    assert offline[:5] == ["whisper-base-encoder", "whisper-base-decoder", "yamnet", "musicnn-mtt", "musicnn-msd"]
    assert len({encoder.key for encoder in listed}) == len(listed)
    assert {spec.key for spec in ALL_MODELS if spec.encoder} <= {encoder.spec.key for encoder in listed} | {
        spec.key for spec in ALL_MODELS if spec.quantization
    }
    for encoder in listed:
        assert encoder.width > 0 and encoder.frame_rate >= 0
        assert encoder.default_layer in encoder.layers
        assert encoder.description and encoder.licence and encoder.title


@pytest.mark.parametrize("name", LOOPS)
def test_equal_moments_lie_closer_in_the_default_layer_than_in_the_last(services: Services, tmp_path: Path, name: str) -> None:
    write_loop(tmp_path / "loop.wav", name)
    loop, (_, duration, _) = services.clips.open(tmp_path / "loop.wav"), LOOPS[name]
    spread, map_spread = {}, {}
    for layer in ("", "layer 6"):
        found = embed(services, loop, "whisper-base-encoder", layer)
        period = round(duration / found.frame_seconds)
        spread[layer] = repetition_spread(found.normalised_frames(), period)
        map_spread[layer] = repetition_spread(stored_map([found], MapOptions(), services.runtime.features).points, period)
    assert spread[""] < 0.7
    assert spread[""] < 0.85 * spread["layer 6"]
    assert map_spread[""] < 0.3
    assert map_spread[""] < 0.35 * map_spread["layer 6"]


@pytest.mark.parametrize("name", LOOPS)
def test_the_default_map_of_every_example_fills_its_area(services: Services, name: str) -> None:
    """The middle 90 % of the frames extend over at least half of each axis."""
    found = embed(services, services.clips.open(EXAMPLES / name), AUTO)
    assert found.encoder.key == "whisper-base-encoder"
    points = stored_map([found], MapOptions(), services.runtime.features).points
    low, high = np.percentile(points, (5, 95), axis=0)
    assert ((high - low) / 2 > 0.5).all()


def test_audio_that_is_too_long_is_refused_with_the_maximum_before_a_model_is_loaded(services: Services, clip: AudioClip) -> None:
    hours = replace(clip, duration=5 * 3600.0)
    with pytest.raises(AudioTooLong, match=r"at most 4:22:09 of audio .* 5:00:00: .* YAMNet"):
        next(embed_clip(hours, EmbeddingOptions("whisper-base-encoder"), services.runtime))
    assert next(embed_clip(hours, EmbeddingOptions("yamnet"), services.runtime)).state == "loading"
