"""More jobs at once than a cluster lets wait, by `make cluster-test`: how fast they reach the queue depends on the machine."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.errors import QueueFull
from tests.deploy.ray_jobs import waiting
from tests.deploy.test_ray_serve import MAX_QUEUED, WORKERS, RunningCluster, cluster

__all__ = ["cluster"]


def test_more_jobs_than_may_wait_are_refused_with_a_sentence(cluster: RunningCluster, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    def job(number: int) -> object:
        try:
            return len(list(waiting(tmp_path / f"begun-{number}", gate, tmp_path / f"ended-{number}", cluster.runtime)))
        except QueueFull as refusal:
            gate.touch()
            return str(refusal)

    people = WORKERS + 2 * MAX_QUEUED  # when the last one comes, those before it may still be on their way to the queue
    with ThreadPoolExecutor(people) as pool:
        refusals = {answer for answer in pool.map(job, range(people)) if isinstance(answer, str)}
    # Several that come at once are counted with each other.
    assert refusals
    for refusal in refusals:
        counted = re.fullmatch(r"Too many jobs are waiting already \((\d+)\): please try again in a minute\.", refusal)
        assert counted and MAX_QUEUED <= int(counted[1]) < people
