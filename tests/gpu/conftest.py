"""These tests need a GPU; without one they are not collected."""

from __future__ import annotations

import torch

collect_ignore = [] if torch.cuda.is_available() else ["test_gpu_cache.py", "test_gpu_pictures.py"]
