"""These tests need a GPU; without one they are not collected. `make gpu-test` runs them and prints one table."""

from __future__ import annotations

from pathlib import Path

import torch

collect_ignore = [] if torch.cuda.is_available() else [file.name for file in Path(__file__).parent.glob("test_gpu_*.py")]
