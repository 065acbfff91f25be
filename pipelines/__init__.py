"""Plain Python pipelines, usable from a notebook. Nothing in here knows Gradio.

`from pipelines import transcribe` and the like: one function for each task; see `pipelines.tasks`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

APP_NAME = "Audioscope"
"""What exported files name as the program that made them."""
APP_VERSION = "0.1.0"
"""Its version."""

# numba reads this when it is imported, by librosa or UMAP, which takes seconds that a start need not wait for.
os.environ.setdefault("NUMBA_CACHE_LOCATOR_CLASSES", "pipelines.compiled_functions.ProcessCacheLocator")

if TYPE_CHECKING:
    from pipelines.tasks import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Import the tasks when one is asked for: one pipeline alone needs few modules, all of them many."""
        if name == "__all__" or not name.startswith("_"):
            tasks = import_module("pipelines.tasks")
            if name == "__all__" or name in tasks.__all__:
                return getattr(tasks, name)
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the names of the module and of the tasks, for completion in notebooks."""
        return sorted({*globals(), *import_module("pipelines.tasks").__all__})
