"""Labels of a person's choice with a tiny CLAP of the real classes: every number is that of the bare model."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from models.arrays import FloatArray
from models.cache.feature_store import FeatureStore
from models.cache.memory import HostMemoryProbe
from models.cache.model_cache import CacheLimits, ModelCache
from models.errors import InvalidOption, UnknownModel
from models.files.model_files import Availability
from models.loading.loaders import ModelLoaders
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import FetchedModel, ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.tagging.clap import CLAP_SAMPLE_RATE
from pipelines.tagging.zero_shot import (
    BLOCK_WINDOWS,
    LabelOptions,
    LabelScores,
    score_labels,
)
from tests.models.tiny_models import save_clap

LABELS = ("a dog", "piano music", "rain")
WINDOW, HOP = 10 * CLAP_SAMPLE_RATE, 5 * CLAP_SAMPLE_RATE


class OneModel:
    """A hub with a single model, already downloaded."""

    def __init__(self, model: FetchedModel) -> None:
        self.model = model

    def fetch(self, spec: ModelSpec) -> FetchedModel:
        assert spec is self.model.spec
        return self.model

    def availability(self, spec: ModelSpec) -> Availability:
        return Availability(True, "downloaded")


class Bench:
    """Everything a pipeline needs, around one tiny model."""

    def __init__(self, model: FetchedModel) -> None:
        files: Any = OneModel(model)
        self.spec = model.spec
        self.cache = ModelCache(files, ModelLoaders(1), HostMemoryProbe(), limits=CacheLimits(headroom_bytes=0))
        catalog = ModelCatalog(files, "cpu", lambda: 2**34, (model.spec,))
        self.runtime = ModelRuntime(catalog, self.cache, FeatureStore(2**24))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(save_clap(tmp_path_factory.mktemp("clap") / "clap"))
    yield bench
    bench.cache.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> AudioClip:
    """23 s of noise that grows: four windows, the last of them 8 s long."""
    folder = tmp_path_factory.mktemp("clip")
    return noise(folder, 23.0)


def noise(folder: Path, seconds: float) -> AudioClip:
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * CLAP_SAMPLE_RATE))
    soundfile.write(folder / "noise.wav", samples * np.linspace(0.01, 1, len(samples)), CLAP_SAMPLE_RATE, subtype="FLOAT")
    return ClipStore(folder / "clips").open(folder / "noise.wav")


def run(bench: Bench, clip: AudioClip, labels: tuple[str, ...] = LABELS, **options: str) -> LabelScores:
    """The last snapshot of a whole run."""
    return list(score_labels(clip, labels, LabelOptions(**options), bench.runtime))[-1]


def bare(bench: Bench, sound: FloatArray, labels: tuple[str, ...] = LABELS) -> Any:
    """CLAP's own output for one window."""
    with bench.cache.lease(bench.spec) as (clap,), torch.inference_mode():
        sentences = [f"This is a sound of {label}." for label in labels]
        # Not the processor: up to transformers 5.20 it hands `padding=True`, meant for the texts, to the sound as well.
        texts = clap.processor.tokenizer(sentences, return_tensors="pt", padding=True)
        sounds = clap.processor.feature_extractor(sound, sampling_rate=CLAP_SAMPLE_RATE, return_tensors="pt")
        return clap.model(**texts, **sounds)


def test_each_window_has_the_probabilities_of_the_bare_model(bench: Bench, clip: AudioClip) -> None:
    scores = run(bench, clip)
    assert scores.state == "done"
    assert scores.times.tolist() == [0.0, 5.0, 10.0, 15.0]
    waveform = np.array(clip.waveform(CLAP_SAMPLE_RATE))
    for window in range(4):
        output = bare(bench, waveform[window * HOP : window * HOP + WINDOW])
        expected = output.logits_per_audio.softmax(dim=-1)[0]
        np.testing.assert_allclose(scores.probabilities[window], expected, atol=1e-5)
        np.testing.assert_allclose(scores.similarities[window], (output.audio_embeds @ output.text_embeds.T)[0], atol=1e-5)
    assert np.ptp(scores.probabilities, axis=0).max() > 1e-5  # the windows do not sound alike
    np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_clip_is_its_mean_embedding_and_the_best_label_comes_first(bench: Bench, clip: AudioClip) -> None:
    scores = run(bench, clip)
    waveform = np.array(clip.waveform(CLAP_SAMPLE_RATE))
    outputs = [bare(bench, waveform[window * HOP : window * HOP + WINDOW]) for window in range(4)]
    mean = torch.cat([output.audio_embeds for output in outputs]).mean(dim=0)
    similarity = outputs[0].text_embeds @ (mean / mean.norm())
    assert [score.label for score in scores.clip] == [LABELS[i] for i in torch.argsort(-similarity)]
    assert {score.label: score.similarity for score in scores.clip} == pytest.approx(
        dict(zip(LABELS, similarity.tolist(), strict=True)), abs=1e-4
    )
    assert sum(score.probability for score in scores.clip) == pytest.approx(1, abs=1e-3)


def test_a_short_clip_is_one_window(bench: Bench, tmp_path: Path) -> None:
    clip = noise(tmp_path, 0.3)
    scores = run(bench, clip)
    expected = bare(bench, np.array(clip.waveform(CLAP_SAMPLE_RATE))).logits_per_audio.softmax(dim=-1)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-5)


def test_other_labels_for_the_same_clip_embed_no_sound_again(
    bench: Bench, clip: AudioClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(bench, clip)
    with bench.cache.lease(bench.spec) as (clap,):
        monkeypatch.setattr(clap.model, "get_audio_features", None)
    again = run(bench, clip, (*LABELS, "a choir"))
    np.testing.assert_allclose(again.similarities[:, :3], first.similarities, atol=1e-5)
    assert again.probabilities.shape == (4, 4)


def test_a_longer_clip_streams_and_stops(bench: Bench, tmp_path: Path) -> None:
    clip, stop = noise(tmp_path, 90.0), threading.Event()
    for snapshot in score_labels(clip, LABELS, LabelOptions(), replace(bench.runtime, features=FeatureStore(2**24)), stop.is_set):
        if len(snapshot.times):
            stop.set()
    assert snapshot.state == "stopped"
    assert snapshot.clip == ()
    assert BLOCK_WINDOWS <= len(snapshot.times) < 17
    with bench.cache.lease(bench.spec, timeout_seconds=60.0):
        pass


@pytest.mark.parametrize(
    "labels", [(), ("dog",), ("dog", " "), ("dog", "x" * 121), ("dog", "Dog "), tuple(f"label {i}" for i in range(51))]
)
def test_labels_that_cannot_be_compared_are_refused(bench: Bench, clip: AudioClip, labels: tuple[str, ...]) -> None:
    loads = bench.cache.status().loads
    with pytest.raises(InvalidOption):
        run(bench, clip, labels)
    assert bench.cache.status().loads == loads


def test_an_unknown_model_is_refused(bench: Bench, clip: AudioClip) -> None:
    with pytest.raises(UnknownModel):
        run(bench, clip, model="clop")


def test_the_snapshot_names_the_model(bench: Bench, clip: AudioClip) -> None:
    scores = run(bench, clip, (" a dog ", "rain"))
    assert scores.labels == ("a dog", "rain")
    assert (scores.model, scores.dtype, scores.device) == (bench.spec.title, "float32", "CPU")
    assert replace(scores, state="done").position == clip.duration


def test_neither_torchaudio_nor_torchvision_is_needed(bench: Bench, clip: AudioClip) -> None:
    run(bench, clip)
    assert not {name.split(".")[0] for name in sys.modules} & {"torchaudio", "torchvision"}
