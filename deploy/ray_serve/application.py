"""The application for Ray Serve: a page, and workers for each group of jobs. `deploy/ray_serve.yaml` sets their numbers."""

from __future__ import annotations

from typing import get_args

from ray.serve.config import AutoscalingConfig

from deploy.ray_serve.page import page_deployment
from deploy.ray_serve.worker import worker_deployment
from models.runtime import JobGroup

MAX_ONGOING: dict[JobGroup, int] = {"speech": 8, "music": 2, "questions": 2, "pictures": 2, "embeddings": 2}
"""Jobs that one worker runs at once: those of speech share batches, all others take turns at their models."""
TARGET_ONGOING = 0.5
"""Jobs per worker, running and waiting, relative to `MAX_ONGOING`, above which Serve starts another worker."""
MAX_REPLICAS = 4
MAX_QUEUED = 64
"""Jobs of a page that wait for a worker of their group; one more is refused with a sentence."""

application = page_deployment.bind(
    {
        group: worker_deployment.options(
            name=group,
            max_ongoing_requests=MAX_ONGOING[group],
            max_queued_requests=MAX_QUEUED,
            autoscaling_config=AutoscalingConfig(
                min_replicas=1,
                max_replicas=MAX_REPLICAS,
                target_ongoing_requests=TARGET_ONGOING * MAX_ONGOING[group],
            ),
        ).bind()
        for group in get_args(JobGroup)
    }
)
