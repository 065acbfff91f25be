from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.arrays import FloatArray
from models.files.adapted_weights import merge_whisper
from models.files.whisper_file import named_weights, read_variables
from models.loading.whisper_engine import PROBE
from models.specs.speech import WHISPER_BASE_OFFLINE, WHISPER_ITALIAN_TELEPHONE
from services import build_services
from settings import Settings

VALUE = "model.decoder.layers.0.encoder_attn.v_proj.weight"


def factors(name: str, rows: int = 64) -> dict[str, FloatArray]:
    random = np.random.default_rng(0)
    return {
        f"{name}.lora_A": random.normal(size=(2, 64)).astype(np.float32),
        f"{name}.lora_B": random.normal(size=(rows, 2)).astype(np.float32),
    }


def weights_of(folder: Path) -> dict[str, FloatArray]:
    return {name: np.array(values, np.float32) for name, values in named_weights(read_variables(folder / "model.bin"))}


def test_an_update_changes_its_weight_by_the_product_of_its_factors_and_nothing_else(tmp_path: Path) -> None:
    update = factors(VALUE)
    save_file(update, tmp_path / "update.safetensors")
    merged = merge_whisper(PROBE, tmp_path / "update.safetensors", "1", tmp_path / "weights")
    before, after = weights_of(PROBE), weights_of(merged)
    expected = before[VALUE] + update[f"{VALUE}.lora_B"] @ update[f"{VALUE}.lora_A"]
    assert np.abs(after[VALUE] - expected).max() < 0.01
    assert [name for name in before if not np.array_equal(before[name], after[name])] == [VALUE]
    assert {file.name for file in merged.iterdir()} == {file.name for file in PROBE.iterdir()}
    assert not any(file.stat().st_mode & 0o222 for file in merged.iterdir()), "nothing changes weights by mistake"


def test_a_version_is_merged_once(tmp_path: Path) -> None:
    save_file(factors(VALUE), tmp_path / "update.safetensors")
    first = merge_whisper(PROBE, tmp_path / "update.safetensors", "1", tmp_path / "weights")
    marked = (first / "model.bin").stat().st_mtime_ns
    assert merge_whisper(PROBE, tmp_path / "update.safetensors", "1", tmp_path / "weights") == first
    assert (first / "model.bin").stat().st_mtime_ns == marked
    assert merge_whisper(PROBE, tmp_path / "update.safetensors", "2", tmp_path / "weights") != first


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (factors("model.decoder.layers.7.fc1.weight"), "there is no model.decoder.layers.7.fc1.weight"),
        (factors(VALUE, rows=32), r"is \(32, 64\), its weight \(64, 64\)"),
    ],
)
def test_the_update_of_another_model_is_refused_and_leaves_nothing(
    tmp_path: Path, update: dict[str, FloatArray], words: str
) -> None:
    save_file(update, tmp_path / "update.safetensors")
    with pytest.raises(ValueError, match=words):
        merge_whisper(PROBE, tmp_path / "update.safetensors", "1", tmp_path / "weights")
    assert list((tmp_path / "weights").iterdir()) == []


@pytest.mark.models
def test_the_update_of_the_catalogue_changes_the_decoder_alone(tmp_path: Path) -> None:
    files = build_services(Settings(data_dir=tmp_path / "data", clip_dir=tmp_path / "clips")).files
    base, tuned = (
        dict(named_weights(read_variables(files.fetch(spec).directory / "model.bin")))
        for spec in (WHISPER_BASE_OFFLINE, WHISPER_ITALIAN_TELEPHONE)
    )
    assert base.keys() == tuned.keys()
    changed = {name for name in base if not np.array_equal(base[name], tuned[name])}
    linear = {name for name in base if ".decoder.layers." in name and base[name].ndim == 2}
    assert changed == linear
