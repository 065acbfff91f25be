"""More channels than PyAV's planar access survives: read in a process of its own, whose exit code is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.clip.sound_files import encode, tone
from tests.recordings import EXAMPLES

FILES = {"wav": ("wav", "pcm_s16le"), "flac": ("flac", "flac"), "aac": ("adts", "aac"), "opus": ("ogg", "libopus")}
CASES = [(name, channels) for name in ("wav", "opus") for channels in (8, 9, 10, 12, 16)] + [("flac", 8), ("aac", 8)]
"""FLAC, and FFmpeg's AAC encoder, have 8 channels at most."""
SCRIPT = """
import json, sys
from pathlib import Path
from pipelines.clip.clip_store import ClipStore
from pipelines.music.loudness import LoudnessReader
clip = ClipStore(Path(sys.argv[2])).open(sys.argv[1])
part = ClipStore(Path(sys.argv[2])).cut(clip, 0.5, 1.0)
peak = LoudnessReader(clip.player_file).block(0)[0]
print(json.dumps({"channels": clip.channels, "duration": clip.duration, "mono": float(abs(clip.waveform()).max()),
                  "player": clip.player_file.name, "part": [part.channels, part.duration],
                  "part_mono": float(abs(part.waveform()).max()), "peak": float(peak)}))
"""


@pytest.mark.parametrize(("name", "channels"), CASES)
def test_a_file_of_eight_or_more_channels_is_read_played_and_cut(name: str, channels: int, tmp_path: Path) -> None:
    options = {"mapping_family": "255"} if name == "opus" else {}
    source = encode(tmp_path / f"clip.{name}", tone(1.5, 48_000, channels), *FILES[name], rate=48_000, **options)
    command = [sys.executable, "-c", SCRIPT, str(source), str(tmp_path / "clips")]
    done = subprocess.run(command, cwd=EXAMPLES.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["channels"] == channels
    assert found["duration"] == pytest.approx(1.5, abs=0.06)
    assert min(found["mono"], found["part_mono"], found["peak"]) > 0.05
    assert found["part"] == [channels, pytest.approx(0.5, abs=0.001)]
    if channels > 8:
        assert found["player"] == "player.flac"
