"""Workers of Ray Serve on this machine, for tests and benchmarks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args
from unittest import mock

from models.runtime import JobGroup, ModelRuntime
from services import Services
from tests.app_process import ROOT

CPUS = 8
"""That Ray counts; it starts no more processes."""
OBJECT_STORE_BYTES = 100 * 2**20
QUEUE_SECONDS = 60.0


@contextmanager
def local_cluster() -> Iterator[Path]:
    """Start Ray, whose processes keep clips and data in the folder, as this one does; everything ends with the block."""
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # a short path: sockets lie below it
        variables = {
            "AUDIOSCOPE_CLIP_DIR": f"{folder}/clips",
            "AUDIOSCOPE_DATA_DIR": f"{folder}/data",
            "GRADIO_TEMP_DIR": f"{folder}/uploads",
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
            "RAY_worker_niceness": "0",  # Ray's own is 15: workers would wait for whatever else runs
        }
        with mock.patch.dict(os.environ, variables):
            ray.init(
                num_cpus=CPUS,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _temp_dir=f"{folder}/ray",
                runtime_env={"env_vars": variables},
                log_to_driver=False,
            )
            try:
                yield Path(folder)
            finally:
                ray.shutdown()


def runtime_of(services: Services, handle: Any) -> ModelRuntime:
    """Return a runtime whose jobs run on one deployment."""
    from deploy.ray_serve.client import RayCluster

    cluster = RayCluster(dict.fromkeys(get_args(JobGroup), handle), services.clips, QUEUE_SECONDS)
    return replace(services.runtime, cluster=cluster)
