"""Every family of encoders on tiny checkpoints of its real class from disk: each number is that of the bare model's call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.arrays import FloatArray
from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption, UnknownModel
from models.specs.model_spec import FetchedModel
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.embed import embed_clip, embed_texts
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import (
    TEXT_SPACE,
    FrameFamily,
    windows,
)
from pipelines.embeddings.encoders.registry import encoders
from tests.models import tiny_encoders as tiny
from tests.pipelines.embeddings.embedding_examples import joins
from tests.pipelines.language_models.language_bench import Bench, noise

TOLERANCE = 1e-5
RATE = 16_000
SECONDS = 7.3
LONG_WINDOWS = 1.6

Layers = list[FloatArray]
"""[frames, width] for each layer."""


@dataclass(frozen=True)
class Family:
    """A kind of encoder, and how its library itself is called."""

    save: Callable[[Path], FetchedModel]
    bare: Callable[[Any, FloatArray], Layers]
    """All layers of a sound, without cutting what is padding."""
    frames: tuple[int, ...]
    """Number of frames of 7.3 s, for each layer."""
    first_times: tuple[float, float]
    """Times of the first two frames of the last layer, in seconds."""


def bare_whisper(model: Any, sound: FloatArray) -> Layers:
    inputs = model.processor(audio=sound, sampling_rate=RATE, return_tensors="pt")
    output = model.model.model.encoder(inputs.input_features, output_hidden_states=True)
    return [layer[0].numpy() for layer in output.hidden_states]


def bare_tower(model: Any, sound: FloatArray) -> Layers:
    """As the whole Qwen2-Audio masks what is not sound."""
    inputs = model.processor(sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
    sounding = (int(inputs.attention_mask.sum()) - 1) // 2 + 1
    mask = torch.zeros(1, 1, 1500, 1500)
    mask[..., sounding:] = torch.finfo(torch.float32).min
    output = model.model(inputs.input_features, attention_mask=mask, output_hidden_states=True)
    return [layer[0].numpy() for layer in output.hidden_states]


def bare_speech_encoder(model: Any, sound: FloatArray) -> Layers:
    inputs = model.processor(sound, sampling_rate=RATE, return_tensors="pt")
    output = model.model(**inputs, output_hidden_states=True)
    return [layer[0].numpy() for layer in (*output.hidden_states[:-1], output.last_hidden_state)]


def bare_ast(model: Any, sound: FloatArray) -> Layers:
    """Bands stand before moments in its patches."""
    inputs = model.processor(sound, sampling_rate=RATE, return_tensors="pt")
    output = model.model.audio_spectrogram_transformer(inputs["input_values"], output_hidden_states=True)
    layers = [layer[0, 2:].numpy() for layer in (*output.hidden_states[:-1], output.last_hidden_state)]
    return [np.stack([layer[moment::101].mean(axis=0) for moment in range(101)]) for layer in layers]


def bare_clap(model: Any, sound: FloatArray) -> Layers:
    inputs = model.processor.feature_extractor(sound, sampling_rate=48_000, return_tensors="pt")
    states = model.model.audio_model(**inputs).last_hidden_state[0]  # [width, bands, moments]
    embedding = model.model.get_audio_features(**inputs).pooler_output
    return [states.mean(dim=1).T.numpy(), embedding.numpy()]


FAMILIES = {
    "whisper": Family(tiny.save_whisper, bare_whisper, (365,) * 3, (0.0, 0.02)),
    "qwen2-audio-tower": Family(tiny.save_qwen2_audio_tower, bare_tower, (365, 182), (0.01, 0.05)),
    "wav2vec2": Family(
        partial(tiny.save_speech_encoder, architecture="Wav2Vec2Model"), bare_speech_encoder, (364,) * 3, (0.0125, 0.0325)
    ),
    "hubert": Family(
        partial(tiny.save_speech_encoder, architecture="HubertModel", do_stable_layer_norm=True, feat_extract_norm="layer"),
        bare_speech_encoder,
        (364,) * 3,
        (0.0125, 0.0325),
    ),
    "data2vec": Family(
        partial(tiny.save_speech_encoder, architecture="Data2VecAudioModel"), bare_speech_encoder, (364,) * 3, (0.0125, 0.0325)
    ),
    "w2v-bert": Family(tiny.save_w2v_bert, bare_speech_encoder, (364,) * 3, (0.0175, 0.0375)),
    "ast": Family(tiny.save_ast_encoder, bare_ast, (73,) * 3, (0.0875, 0.1875)),
    "clap": Family(tiny.save_clap_encoder, bare_clap, (23, 1), (5.0, 7.0)),
}


class EncoderBench(Bench):
    """One tiny encoder."""

    def __init__(self, family: Family, folder: Path) -> None:
        super().__init__(family.save(folder / "tiny-states"))
        self.bare = family.bare
        self.encoder = encoders(self.catalog)[0]
        assert isinstance(self.encoder.family, FrameFamily)
        self.frame_family: FrameFamily = self.encoder.family
        self.features = FeatureStore(2**27)
        """Store of the tests that do not check what is computed when."""

    def embed(self, clip: AudioClip, layer: str, features: FeatureStore | None = None, **hooks: Any) -> ClipEmbedding:
        """The result of a whole run."""
        options = EmbeddingOptions(self.encoder.key, layer)
        *_, last = embed_clip(clip, options, replace(self.runtime, features=features or self.features), **hooks)
        assert last.state == "done"
        assert last.embedding
        return last.embedding

    def bare_layer(self, sound: FloatArray, layer: str) -> FloatArray:
        """In a thread of its own, as in the app: OpenMP counts its threads for each, and rounding depends on their number."""

        def bare_layers() -> Layers:
            with self.cache.lease(self.spec) as (model,), torch.inference_mode():
                return self.bare(model, sound)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(bare_layers).result()[self.encoder.layers.index(layer)]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def bench(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncoderBench]:
    bench = EncoderBench(family, tmp_path_factory.mktemp("encoder"))
    yield bench
    bench.cache.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    return noise(tmp_path_factory.mktemp("clip"), SECONDS)


@pytest.fixture(scope="module")
def long_clip(bench: EncoderBench, tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    seconds = LONG_WINDOWS * bench.frame_family.grid(bench.encoder.layers[-1]).window / bench.frame_family.sample_rate
    return noise(tmp_path_factory.mktemp("long"), seconds)


def test_every_layer_is_the_bare_models_without_its_padding(family: Family, bench: EncoderBench, clip: AudioClip) -> None:
    sound = np.array(clip.waveform(bench.frame_family.sample_rate))
    assert len(bench.encoder.layers) == len(family.frames)
    for layer, frames in zip(bench.encoder.layers, family.frames, strict=True):
        found = bench.embed(clip, layer)
        assert found.frames.shape == (frames, bench.frame_family.width(layer))
        bare = bench.bare_layer(sound, layer)
        np.testing.assert_allclose(found.frames, bare[:frames], rtol=0, atol=TOLERANCE)
        assert np.ptp(bare, axis=0).max() > 1e-2 or len(bare) == 1, "the frames do not differ at all"
        assert found.frames.flags.c_contiguous and not found.frames.flags.writeable
        assert found.layer == layer


def test_times_are_the_centres_of_the_frames(family: Family, bench: EncoderBench, long_clip: AudioClip) -> None:
    found = bench.embed(long_clip, bench.encoder.layers[-1])
    np.testing.assert_allclose(found.times[:2], family.first_times)
    np.testing.assert_allclose(np.diff(found.times), found.frame_seconds)
    assert found.times.shape == (len(found.frames),)
    assert found.times[-1] < found.duration
    if bench.encoder.layers[-1] != TEXT_SPACE:
        assert found.times[-1] > found.duration - 2 * found.frame_seconds
        whole = bench.frame_family.grid(found.layer).count(len(long_clip.waveform(bench.frame_family.sample_rate)))
        assert len(found.frames) == whole


@pytest.mark.parametrize("end", [0, -1])
def test_a_long_clip_is_the_bare_model_window_by_window(bench: EncoderBench, long_clip: AudioClip, end: int) -> None:
    layer = bench.encoder.layers[end]
    found = bench.embed(long_clip, layer)
    waveform = np.array(long_clip.waveform(bench.frame_family.sample_rate))
    grid = bench.frame_family.grid(layer)
    parts = windows(grid, len(waveform))
    assert len(parts) > 1
    borders = (0, *joins(parts), len(found.frames))
    for number, window in enumerate(parts):
        first = borders[number] + (grid.fade // 2 + 1 if number else 0)
        last = borders[number + 1] - (grid.fade // 2 + 1 if number + 1 < len(parts) else 0)
        assert window.first <= first < last <= window.first + window.frames
        if layer == TEXT_SPACE:
            continue
        bare = bench.bare_layer(waveform[window.start : window.stop], layer)
        expected = bare[first - window.first : last - window.first]
        np.testing.assert_allclose(found.frames[first:last], expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("seconds", [0.011, 0.03, 0.25])
def test_the_shortest_sounds_have_frames(bench: EncoderBench, tmp_path: Path, seconds: float) -> None:
    found = bench.embed(noise(tmp_path, seconds), "")
    assert len(found.frames) >= 1
    assert np.isfinite(found.frames).all()


def test_a_second_view_calls_no_model(bench: EncoderBench, clip: AudioClip, long_clip: AudioClip, monkeypatch: Any) -> None:
    features = FeatureStore(2**26)
    first = [bench.embed(one, "", features) for one in (clip, long_clip)]
    monkeypatch.setattr(bench.cache, "lease", None)
    again = [bench.embed(one, "", features) for one in (clip, long_clip)]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def test_each_window_is_a_lease_of_its_own_and_stop_comes_between(bench: EncoderBench, long_clip: AudioClip) -> None:
    options, positions = EmbeddingOptions(bench.encoder.key), []
    stop = threading.Event()
    for snapshot in embed_clip(long_clip, options, replace(bench.runtime, features=FeatureStore(2**26)), stop.is_set):
        if snapshot.state == "encoding":
            positions.append(snapshot.position)
            stop.set()
    assert snapshot.state == "stopped"
    assert snapshot.embedding is None
    assert 0 < positions[0] < long_clip.duration
    with bench.cache.lease(bench.spec, timeout_seconds=60.0):
        pass


def test_unknown_encoders_and_layers_are_refused(bench: EncoderBench, clip: AudioClip) -> None:
    loads = bench.cache.status().loads
    with pytest.raises(InvalidOption, match="layer"):
        bench.embed(clip, "layer 99")
    with pytest.raises(UnknownModel):
        next(embed_clip(clip, EmbeddingOptions("ear"), replace(bench.runtime, features=FeatureStore(0))))
    assert bench.cache.status().loads == loads


def test_the_list_tells_what_an_encoder_gives(bench: EncoderBench, clip: AudioClip) -> None:
    one = bench.encoder
    found = bench.embed(clip, "")
    assert found.layer == one.default_layer
    assert found.frames.shape[1] == one.width
    assert one.frame_rate == pytest.approx(1 / found.frame_seconds)
    assert one.licence == bench.spec.licence
    assert one.has_text == (TEXT_SPACE in one.layers)


def test_texts_share_the_space_of_clap(tmp_path: Path) -> None:
    bench = EncoderBench(FAMILIES["clap"], tmp_path)
    texts = ("a dog", "rain on a roof")
    found = embed_texts(texts, bench.encoder, bench.runtime)
    with bench.cache.lease(bench.spec) as (clap,), torch.inference_mode():
        bare = clap.model.get_text_features(**clap.processor.tokenizer(list(texts), padding=True, return_tensors="pt"))
    np.testing.assert_allclose(found, bare.pooler_output, atol=TOLERANCE)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=TOLERANCE)
    for refused in ((), ("",), ("x" * 501,), ("a",) * 101):
        with pytest.raises(InvalidOption):
            embed_texts(refused, bench.encoder, bench.runtime)


def test_an_encoder_without_texts_refuses_them(tmp_path: Path) -> None:
    bench = EncoderBench(FAMILIES["ast"], tmp_path)
    with pytest.raises(InvalidOption, match="shares a space"):
        embed_texts(("a dog",), bench.encoder, bench.runtime)
    assert bench.cache.status().loads == 0
