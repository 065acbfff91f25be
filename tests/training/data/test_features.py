"""Encoder states are computed once for each content, and are those of the embeddings tab."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from models.errors import InvalidOption
from pipelines.embeddings.embed import EmbeddingOptions, embed_clip
from services import Services
from training.data.errors import UnusableClip
from training.data.features import CatalogueEncoder, FeatureFiles
from training.data.triples import Triple
from training.data.waveforms import read_waveform


class CountingEncoder:
    """Frames of 100 samples."""

    name, sample_rate, width = "frames-of-100", 8000, 100

    def __init__(self) -> None:
        self.calls = 0

    def frames(self, waveform: FloatArray) -> FloatArray:
        self.calls += 1
        return waveform[: len(waveform) // 100 * 100].reshape(-1, 100)


@pytest.fixture
def clip(tmp_path: Path) -> Triple:
    sound = np.random.default_rng(0).normal(0, 0.1, (32_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    return Triple(tmp_path / "a.wav", 0.5, 1.0, "What is it?", "Noise.", "caption", "a", "train")


def test_states_are_computed_once_for_each_content(tmp_path: Path, clip: Triple) -> None:
    encoder = CountingEncoder()
    files = FeatureFiles(tmp_path / "features", encoder)
    assert files.missing([clip]) == [clip]
    frames = files.of_triple(clip)
    assert frames.shape == (80, 100) and frames.dtype == np.float16
    shutil.copy(clip.clip, tmp_path / "copy.wav")
    again = FeatureFiles(tmp_path / "features", encoder)
    assert np.array_equal(again.of_triple(replace(clip, clip=tmp_path / "copy.wav", question="Who?")), frames)
    assert encoder.calls == 1 and not again.missing([clip])
    files.of_triple(replace(clip, start=0.0))
    files.of_waveform(np.zeros(800, np.float32))
    files.of_waveform(np.zeros(800, np.float32))
    assert encoder.calls == 3


def test_a_file_that_changed_is_encoded_again(tmp_path: Path, clip: Triple) -> None:
    files = FeatureFiles(tmp_path / "features", CountingEncoder())
    before = files.of_triple(clip)
    soundfile.write(clip.clip, np.full(32_000, 0.5, np.float32), 16_000, subtype="FLOAT")
    assert not np.array_equal(files.of_triple(clip), before)


def test_a_part_is_mixed_and_resampled_and_what_cannot_be_read_is_named(clip: Triple, tmp_path: Path) -> None:
    stereo, _ = soundfile.read(clip.clip, dtype="float32")
    assert np.allclose(read_waveform(clip.clip, 16_000, 0.5, 1.0), stereo[8000:24_000].mean(axis=1))
    assert len(read_waveform(clip.clip, 8000)) == 16_000
    for file, start, what in ((tmp_path / "none.wav", 0.0, "no such file"), (clip.clip, 3.0, "ends before 3 s")):
        with pytest.raises(UnusableClip, match=what):
            read_waveform(file, 16_000, start)
    (tmp_path / "text.mp3").write_text("no sound")
    with pytest.raises(UnusableClip, match=r"text\.mp3"):
        read_waveform(tmp_path / "text.mp3", 16_000)


def test_an_encoder_of_the_catalogue_gives_the_states_of_the_embeddings_tab(services: Services, tmp_path: Path) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 40_000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    encoder = CatalogueEncoder("yamnet", "", services.runtime)
    *_, last = embed_clip(services.clips.open(tmp_path / "a.wav"), EmbeddingOptions(encoder="yamnet"), services.runtime)
    assert last.embedding is not None
    np.testing.assert_allclose(encoder.frames(sound), last.embedding.frames, atol=1e-4)
    assert encoder.width == 1024 and encoder.name.startswith("yamnet-patches-")
    with pytest.raises(InvalidOption, match="layer"):
        CatalogueEncoder("yamnet", "layer 9", services.runtime)
