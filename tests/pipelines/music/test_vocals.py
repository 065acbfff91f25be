"""Vocals and music from what the models say."""

from __future__ import annotations

import numpy as np

from models.arrays import FloatArray
from pipelines.music.facts import Vocals
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.music.vocals import find_vocals, music_score
from pipelines.tagging.audioset import class_tree
from pipelines.tagging.tags import SoundTags

HOP_SECONDS = 0.48
PATCHES = 100
DURATION = HOP_SECONDS * PATCHES


def scores(patches: int = PATCHES, **spans: tuple[int, int, float]) -> FloatArray:
    """[patches, 521]; each name has a score from one patch to before another."""
    values = np.zeros((patches, 521), dtype=np.float32)
    for name, (first, last, score) in spans.items():
        values[first:last, class_tree().index(name.replace("_", " "))] = score
    return values


def sound_tags(values: FloatArray) -> SoundTags:
    times = np.arange(len(values), dtype=np.float32) * np.float32(HOP_SECONDS)
    return SoundTags(DURATION, times, values, hop_seconds=HOP_SECONDS, patch_seconds=2 * HOP_SECONDS)


def vocals_of(
    yamnet_scores: FloatArray, over_music: tuple[int, int] = (0, 0), in_clip: float = 0.0, is_music: bool | None = None
) -> Vocals:
    """For YAMNet's scores, and musicnn's voices from one patch of 1.5 s to before another."""
    sounds = sound_tags(yamnet_scores)
    times = np.arange(0, DURATION, 1.5, dtype=np.float32)
    voices = np.zeros(len(times), dtype=np.float32)
    voices[slice(*over_music)] = 0.9
    music = MusicTags(
        DURATION,
        times,
        np.zeros((len(times), 1), np.float32),
        voices,
        voices,
        vocals_in_clip=in_clip,
        is_music=is_music,
        hop_seconds=HOP_SECONDS,
        patch_seconds=2 * HOP_SECONDS,
    )
    return find_vocals(sounds, music)


def test_singing_alone_is_found_where_it_is() -> None:
    vocals = vocals_of(scores(Singing=(20, 50, 0.5)))
    assert vocals.present and vocals.probability > 0.9
    ((start, end),) = vocals.spans
    assert abs(start - 20 * HOP_SECONDS) < 1.5 and abs(end - 50 * HOP_SECONDS) < 1.5


def test_singing_over_music_is_found_where_it_is() -> None:
    vocals = vocals_of(scores(Music=(0, 100, 0.99)), over_music=(10, 20), in_clip=0.9)
    assert vocals.present and vocals.probability > 0.8
    ((start, end),) = vocals.spans
    assert abs(start - 15.0) < 2.5 and abs(end - 30.0) < 2.5


def test_a_tag_that_does_not_hold_for_the_clip_is_no_vocals() -> None:
    assert not vocals_of(scores(Music=(0, 100, 0.99)), over_music=(10, 12), in_clip=0.2).present


def test_speech_and_instruments_do_not_sing() -> None:
    for yamnet_scores in (scores(Speech=(0, 100, 0.99)), scores(Music=(0, 100, 0.99), Flute=(0, 100, 0.5)), scores(1)):
        vocals = vocals_of(yamnet_scores)
        assert not vocals.present and not vocals.spans and vocals.probability < 0.1


def test_a_voice_with_a_trace_of_singing_may_sing_and_plain_speech_does_not() -> None:
    sung = scores(Speech=(0, 100, 0.6), Singing=(0, 100, 0.02))
    assert vocals_of(sung, is_music=False).present is None
    assert vocals_of(scores(Speech=(0, 100, 0.99)), is_music=False).present is False


def test_a_single_patch_is_no_vocals() -> None:
    assert not vocals_of(scores(Singing=(40, 41, 0.9))).spans


def test_a_short_clip_can_be_sung() -> None:
    assert vocals_of(scores(2, Choir=(0, 2, 0.9))).present


def test_music_is_how_much_sounds_like_it() -> None:
    assert music_score(sound_tags(scores(10, Music=(0, 5, 1.0), Piano=(0, 10, 0.5)))) == 0.75
    assert music_score(sound_tags(scores(10, Speech=(0, 10, 1.0)))) == 0.0
