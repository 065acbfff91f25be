"""Rows of several people in one run of an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.batching.batcher import Batcher, SharedModel
from models.batching.session import SharedSession
from models.specs.sound import YAMNET
from services import Services
from tests.models.fakes import GUARD_SECONDS, Gate, StopFlag, await_event, in_thread


class RecordedSession:
    """A session whose runs are recorded, the first of which waits at a gate."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.rows: list[int] = []
        self.gate = Gate()

    def run(self, outputs: Sequence[str], inputs: dict[str, FloatArray]) -> list[FloatArray]:
        (patches,) = inputs.values()
        self.rows.append(len(patches))
        if len(self.rows) == 1:
            self.gate()
        found: list[FloatArray] = self.session.run(outputs, inputs)
        return found


def test_the_scores_of_joined_rows_are_those_of_each_alone(services: Services) -> None:
    random = np.random.default_rng(0)
    patches = [random.normal(-3, 2, (rows, 1, 96, 64)).astype(np.float32) for rows in (1, 3, 2, 5)]
    with services.runtime.cache.lease(YAMNET) as (yamnet,):
        alone = [yamnet.run(["scores", "embedding"], {"patches": each}) for each in patches]
        recorded, batcher = RecordedSession(yamnet), Batcher()
        futures = []
        for each in patches:
            flag = StopFlag()
            session = SharedSession(SharedModel(recorded, batcher, flag), max_rows=8)
            futures.append(in_thread(session.run, ["scores", "embedding"], {"patches": each}))
            await_event(recorded.gate.reached)
            await_event(flag.asked)
        recorded.gate.opened.set()
        joined = [future.result(GUARD_SECONDS) for future in futures]
    assert recorded.rows == [1, 5, 5]
    for mine, ours in zip(alone, joined, strict=True):
        for before, after in zip(mine, ours, strict=True):
            np.testing.assert_allclose(after, before, atol=1e-6)
