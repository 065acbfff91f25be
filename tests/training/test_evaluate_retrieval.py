from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from services import Services
from training.evaluate_retrieval import (
    CUT_SECONDS,
    STAMPS,
    Evaluation,
    Neighbour,
    Retrieval,
    Sound,
    rate_of_kinds,
    rate_of_retrievals,
    sounds,
    write_mp3,
)

BIRD, OTHER_BIRD, DOG, WORD = (
    Sound("a", "bird", "animals"),
    Sound("b", "bird", "animals"),
    Sound("c", None, "animals"),
    Sound("d", "speech", "people"),
)
SOME = ("tools/saw", "percussion/cymbal_crash", "percussion/drumkit", "birds/duck", "birds/turkey", "cats/lion", "cats/tiger")


def test_every_sound_is_there_once_and_every_kind_has_two() -> None:
    known = sounds()
    assert len({one.file for one in known}) == len(known) > 110
    assert all((STAMPS / one.file).is_file() for one in known)
    for of in (lambda one: one.kind, lambda one: one.source):
        groups = [of(one) for one in known if of(one) is not None]
        assert all(groups.count(group) >= 2 for group in groups)


def test_rates_count_what_has_a_kind() -> None:
    pairs = ((BIRD, OTHER_BIRD), (OTHER_BIRD, DOG), (DOG, BIRD), (WORD, DOG))
    found = [Neighbour(sound, nearest) for sound, nearest in pairs]
    assert rate_of_kinds(found, lambda one: one.kind, with_speech=False) == (0.5, 2)
    assert rate_of_kinds(found, lambda one: one.kind, with_speech=True) == (1 / 3, 3)
    assert rate_of_kinds(found, lambda one: one.source, with_speech=False) == (1.0, 3)
    back = [Retrieval(BIRD, "cut", "a"), Retrieval(DOG, "cut", "a"), Retrieval(DOG, "MP3", "c")]
    assert rate_of_retrievals(back, "cut") == (0.5, 2)


def test_mp3_has_the_same_sound_in_the_same_place(services: Services, tmp_path: Path) -> None:
    rate = 11_025
    tone = np.zeros((2 * rate, 1), dtype=np.float32)
    tone[rate // 2 : rate, 0] = 0.5 * np.sin(np.arange(rate // 2, rate) * 0.3)
    write_mp3(tmp_path / "tone.mp3", tone, rate)
    clip = services.clips.open(tmp_path / "tone.mp3")
    assert clip.codec.startswith("mp3")
    assert clip.duration == pytest.approx(2, abs=0.06)
    loud = np.flatnonzero(np.abs(clip.waveform()) > 0.2)
    assert loud[[0, -1]] / clip.sample_rate == pytest.approx([0.5, 1.0], abs=0.02)


@pytest.mark.models
def test_sounds_find_their_kind_and_themselves(services: Services, tmp_path: Path) -> None:
    some = [one for one in sounds() if any(part in one.file for part in SOME)]
    assert len(some) == len(SOME)
    evaluation = Evaluation(services, tmp_path, ("yamnet",), some)
    neighbours, returns = evaluation.neighbours(), evaluation.retrievals()
    assert {one.sound.file for one in neighbours if one.sound.kind == one.nearest.kind} >= {
        one.file for one in some if one.kind in ("percussion", "bird")
    }
    for change in {one.change for one in returns}:
        rate, count = rate_of_retrievals(returns, change)
        assert rate == 1
        assert count <= len(some)
    cut = {one.sound.file for one in returns if one.change.startswith("2 s")}
    assert cut == {one.file for one in some if soundfile.info(STAMPS / one.file).duration > CUT_SECONDS}
