"""Trainings run on the CPU in the tests, also of machines with a GPU: they are tiny, and compared to the last bit."""

from __future__ import annotations

import os

os.environ["ACCELERATE_USE_CPU"] = "true"
