"""How many clips a person keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.keepers import ClipHoldings, TooManyClips


class Server:
    """A store in which each person keeps two clips."""

    def __init__(self, folder: Path) -> None:
        self.asking = "192.0.2.1"
        self.store = ClipStore(folder, holdings=ClipHoldings(2, lambda: self.asking))

    def clip(self, seed: int) -> AudioClip:
        return self.store.open_waveform(np.random.default_rng(seed).normal(0, 0.1, 1600).astype(np.float32), 16_000)

    def is_full(self, content_hash: str = "") -> bool:
        try:
            self.store.holdings.check_room(content_hash)
        except TooManyClips:
            return True
        return False


@pytest.fixture
def server(tmp_path: Path) -> Server:
    server = Server(tmp_path)
    for seed in (1, 2):
        server.store.keep(server.clip(seed), "a browser")
    return server


def test_the_clip_that_is_too_much_is_refused_whatever_browser_asks(server: Server) -> None:
    sentence = "You have 2 clips here already, the most that one person may have: delete some from the history first."
    for browser in ("a browser", "another"):
        with pytest.raises(TooManyClips, match=sentence):
            server.store.keep(server.clip(3), browser)
    assert server.is_full()
    server.store.keep(server.clip(1), "another")  # it is kept already
    assert not server.is_full(server.clip(1).content_hash)


def test_others_are_not_affected(server: Server) -> None:
    server.asking = "192.0.2.2"
    server.store.keep(server.clip(3), "a third")


def test_a_clip_counts_until_each_browser_of_its_person_lets_go(server: Server) -> None:
    first = server.clip(1).content_hash
    server.store.keep(server.clip(1), "another")
    server.store.release(first, "a browser")
    assert server.is_full()
    server.store.release(first, "another")
    assert not server.is_full()


def test_a_clip_that_is_gone_because_of_its_age_counts_no_more(server: Server) -> None:
    server.store.sweep(now=4e9)
    assert not server.is_full()
    for seed in (3, 4):
        server.store.keep(server.clip(seed), "a browser")
    assert server.is_full()


def test_nobody_is_counted_where_there_is_no_limit_or_no_request(tmp_path: Path) -> None:
    for holdings in (ClipHoldings(0, lambda: "192.0.2.1"), ClipHoldings(1)):
        for number in range(3):
            holdings.keep(str(number), "a browser")
            holdings.check_room()
