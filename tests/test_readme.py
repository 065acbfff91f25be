"""The README's notebook example runs as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.models
def test_the_notebook_block_transcribes_without_gradio(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## In a notebook")[1]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block is not None
    code = block[1].replace("interview.m4a", "examples/speech.flac")
    code = code.replace("TranscriptionOptions()", "TranscriptionOptions(model='whisper-base-offline')")
    environment = {
        **os.environ,
        "AUDIOSCOPE_DATA_DIR": str(tmp_path / "data"),
        "AUDIOSCOPE_CLIP_DIR": str(tmp_path / "clips"),
        "HF_HUB_OFFLINE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nassert 'gradio' not in sys.modules"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    last = run.stdout.strip().splitlines()[-1]
    assert last.startswith("15.39 ")
    assert "Dashwood" in last
