"""The commands write triples and say what is wrong in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from training.data.__main__ import commands, main
from training.data.renderer.render import RendererOptions
from training.data.triples import read_triples
from training.loop.config import read_config

CONFIG = Path(__file__).parents[3] / "training" / "data" / "configs" / "music.yaml"


def test_a_folder_becomes_a_data_set_and_is_checked(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(3):
        soundfile.write(tmp_path / f"{i}.wav", rng.normal(0, 0.1, 16_000), 16_000)
    rows = [
        {"clip": f"{i}.wav", "answer": "Good morning to all of you.", "split": split}
        for i, split in enumerate(("train", "validation", "test"))
    ]
    (tmp_path / "table.jsonl").write_text("\n".join(map(json.dumps, rows)))
    target = tmp_path / "out" / "data.jsonl"
    made = CliRunner().invoke(commands, ["folder", str(tmp_path), "--target", str(target)])
    assert made.exit_code == 0 and "3 triples" in made.output and len(read_triples(target)) == 3
    good = CliRunner().invoke(commands, ["check", str(target), "--no-near-duplicates"])
    assert good.exit_code == 0 and "0 errors, 0 warnings" in good.output
    soundfile.write(tmp_path / "1.wav", np.zeros(16_000), 16_000)
    bad = CliRunner().invoke(commands, ["check", str(target), "--no-near-duplicates"])
    assert bad.exit_code == 1 and "ERROR: silent clip (1): 1.wav. There is nothing to learn" in bad.output


def test_a_refused_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data.jsonl").write_text("{}")
    monkeypatch.setattr("sys.argv", ["data", "check", str(tmp_path / "data.jsonl")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1 and capsys.readouterr().err.startswith("Row 1 of data.jsonl cannot be used: clip: ")


def test_the_published_config_keeps_soundfonts_apart() -> None:
    options = read_config(CONFIG, RendererOptions)
    assert options.clips["test"] == 200 and options.soundfonts["test"] == ("TimGM6mb.sf2",)
