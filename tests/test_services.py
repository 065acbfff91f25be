"""The device that the services choose: NVIDIA's or AMD's GPU, Apple's, or the CPU."""

from __future__ import annotations

import html
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

import services
from components.model_status.catalogue import catalogue_markup
from models.cache.memory import MpsMemoryProbe
from models.files.hub_lock import HubLock
from models.loading.whisper_engine import APPLE
from models.specs.captioners import CAPTION_MODELS
from services import build_services
from settings import Settings
from tests.models.files.test_trained_models import ABOUT, trained_model
from tests.pipelines.embeddings.embedding_examples import embedding

GIB = 2**30


@dataclass
class Metal:
    """A fake of `torch.mps` and `torch.backends.mps`."""

    macos: tuple[int, int] = (15, 0)
    tensors: int = 3 * GIB
    taken: int = 4 * GIB

    def is_available(self) -> bool:
        return True

    def is_macos_or_newer(self, major: int, minor: int) -> bool:
        return self.macos >= (major, minor)

    def recommended_max_memory(self) -> int:
        return 12 * GIB

    def current_allocated_memory(self) -> int:
        return self.tensors

    def driver_allocated_memory(self) -> int:
        return self.taken

    def empty_cache(self) -> None:
        self.taken = self.tensors


def mac(monkeypatch: pytest.MonkeyPatch, metal: Metal) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(torch.backends, "mps", metal)
    monkeypatch.setattr(torch, "mps", metal)
    monkeypatch.setattr("models.loading.whisper_engine.try_torch", lambda device: None)


def settings_in(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", clip_dir=folder / "clips")


def test_a_mac_runs_its_models_on_apples_gpu_and_whisper_through_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mac(monkeypatch, Metal())
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 20 * GIB}))
    made = build_services(settings_in(tmp_path))
    catalog = made.runtime.catalog
    assert catalog.device == "mps"
    choice = catalog.choose("transcribe", "whisper-base-offline")
    assert (choice.spec.loader, choice.spec.place("mps"), choice.spec.dtype("mps")) == ("whisper_torch", "mps", "float16")
    assert APPLE in choice.reason
    assert f"Whisper runs through torch here: {html.escape(APPLE)}." in catalogue_markup(made)
    assert {spec.quantization for spec in catalog.models("describe_music")} == {""}  # bitsandbytes has no kernels for Metal
    assert catalog.choose("track_beats").spec.place("mps") == "cpu"
    assert made.runtime.cache.status().total_bytes == 12 * GIB


def test_a_mac_whose_metal_lacks_bfloat16_runs_its_models_on_the_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {spec.gpu_dtype for spec in CAPTION_MODELS} == {"bfloat16"}
    mac(monkeypatch, Metal(macos=(13, 6)))
    assert build_services(settings_in(tmp_path)).runtime.catalog.device == "cpu"


def test_a_machine_without_a_driver_never_imports_torch_to_look_for_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(services, "has_gpu", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", pytest.fail)
    assert build_services(settings_in(tmp_path)).runtime.catalog.device == "cpu"


@pytest.mark.parametrize(("available", "expected"), [(20 * GIB, 9 * GIB), (2 * GIB, 3 * GIB)])
def test_apples_gpu_shares_its_memory_with_everything_else(
    monkeypatch: pytest.MonkeyPatch, available: int, expected: int
) -> None:
    monkeypatch.setattr(torch, "mps", Metal())
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": available}))
    probe = MpsMemoryProbe()
    assert (probe.total_bytes(), probe.used_bytes()) == (12 * GIB, 3 * GIB)
    assert probe.free_bytes() == expected
    probe.give_back()
    assert probe.free_bytes() == min(9 * GIB, available)


def test_the_catalogue_has_trained_models_and_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    made = build_services(settings_in(tmp_path))
    assert "Trained here" not in catalogue_markup(made)
    (made.settings.trained_models_path / "broken").mkdir(parents=True)
    trained_model(made.settings.trained_models_path / "anna", ABOUT | {"title": "Anna & Co"})
    markup = catalogue_markup(made)
    assert "Anna &amp; Co <small>anna</small>" in markup
    assert "Trained here" in markup
    assert "broken is left out, for it is no trained model (there is no audioscope.json)" in markup


def test_what_the_app_keeps_lies_in_one_folder(tmp_path: Path) -> None:
    before = build_services(Settings(data_dir=tmp_path / "kept", clip_dir=tmp_path / "kept" / "clips"))
    clip = before.clips.open_waveform(np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    before.kept.store(clip, "ann", "map", "Ann's")
    before.library.add(clip, embedding(np.ones((5, 3), dtype=np.float32), clip.content_hash))
    HubLock(before.settings.hub_lock_path).write("tests/tiny", "a" * 40, ())
    trained_model(before.settings.trained_models_path / "anna")
    shutil.move(tmp_path / "kept", tmp_path / "backup")
    after = build_services(Settings(data_dir=tmp_path / "backup", clip_dir=tmp_path / "backup" / "clips"))
    found = after.clips.find(clip.content_hash)
    assert found and after.kept.find(found, "ann", "map") == "Ann's"
    assert [one.content_hash for one in after.library.clips()] == [clip.content_hash]
    assert HubLock(after.settings.hub_lock_path).commit("tests/tiny") == "a" * 40
    assert "trained-anna" in {spec.key for spec in after.runtime.catalog.specs}
