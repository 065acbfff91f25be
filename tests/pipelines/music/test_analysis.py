"""Music facts with the real models: rendered pieces whose truth is known, the bundled examples, and what is no music."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.accuracy.readers.composed import annotation
from benchmarks.accuracy.scores import facts_reading, scores
from models.arrays import DoubleArray
from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption
from models.specs.music import MUSIC_MODELS
from models.specs.sound import YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.music.analysis import music_facts
from pipelines.music.facts import FactOptions, MusicFacts
from services import Services
from tests.pipelines.music.made_music import drum_bars, mix
from tests.recordings import EXAMPLES
from training.music.pieces.analysis import clip_of, read
from training.music.pieces.composition import styled_piece

RATE = 22_050
GUARD_SECONDS = 60.0

pytestmark = pytest.mark.models


def clip_from(services: Services, folder: Path, samples: DoubleArray) -> AudioClip:
    soundfile.write(folder / "sound.wav", samples.astype(np.float32), RATE)
    return services.clips.open(folder / "sound.wav")


def clicks(seconds: float, bpm: float) -> DoubleArray:
    """Short bursts of noise on every beat."""
    rng = np.random.default_rng(0)
    samples = np.zeros(round(seconds * RATE))
    burst = rng.normal(0, 0.4, 400) * np.exp(-np.arange(400) / 80)
    for start in np.arange(0.2, seconds - 0.1, 60 / bpm):
        samples[round(start * RATE) : round(start * RATE) + 400] += burst
    return samples


@pytest.mark.parametrize("seed", [36, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (7, 19, 61))])
def test_the_truth_of_a_rendered_piece_is_found(services: Services, seed: int) -> None:
    """Pieces of the validation split: a waltz; swing and two slow pieces in six-eight."""
    piece = styled_piece(seed, "validation")
    facts = read(clip_of(piece, services), services)
    found = scores(annotation(piece.truth, facts.duration), facts_reading(facts))
    assert found["tempo"] == found["key"] == found["metre"] == 1
    assert found["beats"] > 0.9 and found["downbeats"] > 0.75 and found["chords"] > 0.75
    assert facts.tempo is not None and facts.key is not None
    assert facts.tempo.confidence > 0.3 and facts.key.confidence > 0.5


def test_everything_that_is_said_fits_together(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    facts = read(clip, services)
    assert facts.tempo is not None and facts.beats is not None and facts.key is not None and facts.loudness is not None
    assert facts.tempo.bpm == pytest.approx(96, rel=0.04)
    assert (facts.key.name, facts.beats.metre) == ("C minor", "4/4")
    assert facts.vocals is not None and not facts.vocals.present
    assert -25 < (facts.loudness.integrated_lufs or 0) < -15
    assert all(0 <= one < other <= clip.duration for one, other in pairwise(facts.beats.times))
    assert set(facts.beats.positions) == set(range(1, facts.beats.beats_per_bar + 1))
    parts = (facts.chords, facts.sections, facts.key_spans)
    for spans in ([(span.start, span.end) for span in part] for part in parts):
        assert spans[0][0] == 0 and spans[-1][1] == pytest.approx(clip.duration, abs=0.01)
        assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert (facts.state, facts.position, len(facts.model.split(", "))) == ("done", 1.0, 6)


def test_a_metronome_has_a_tempo_and_no_key(services: Services, tmp_path: Path) -> None:
    facts = read(clip_from(services, tmp_path, clicks(12, 132)), services)
    assert facts.key is None and facts.chords == ()
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(132, rel=0.04)


def cadence(cents: float) -> DoubleArray:
    """C F G C Am Dm G C, 1.5 s each, at a tuning."""
    chords = ((48, 60, 64, 67), (53, 60, 65, 69), (47, 59, 62, 67), (48, 60, 64, 67), (45, 57, 60, 64), (50, 57, 62, 65))
    time = np.arange(round(1.5 * RATE)) / RATE
    parts = []
    for chord in (*chords, chords[2], chords[0]):
        hertz = [440 * 2 ** ((pitch - 69) / 12 + cents / 1200) for pitch in chord]
        tones = (np.sin(2 * np.pi * f * k * time) / k**1.5 for f in hertz for k in range(1, 8))
        parts.append(0.05 * np.sum(list(tones), axis=0) * np.exp(-2 * time))
    return np.concatenate(parts)


@pytest.mark.parametrize("cents", [-50, 23, *(pytest.param(cents, marks=pytest.mark.thorough) for cents in (-32, 46))])
def test_key_and_chords_do_not_depend_on_the_tuning(services: Services, tmp_path: Path, cents: float) -> None:
    facts = read(clip_from(services, tmp_path, cadence(cents)), services)
    assert facts.key is not None and facts.key.name == "C major"
    names = [chord.name for chord in facts.chords if chord.name != "N"]
    assert names[:7] == ["C:maj", "F:maj", "G:maj", "C:maj", "A:min", "D:min", "G:maj"]
    assert facts.tuning_cents == pytest.approx(cents, abs=4)


def test_eight_taps_have_a_tempo_and_the_last_one_counts(services: Services, tmp_path: Path) -> None:
    time = np.arange(round(0.08 * RATE)) / RATE
    tap, sound = 0.7 * np.sin(2 * np.pi * 900 * time) * np.exp(-60 * time), np.zeros(13 * RATE)
    starts = [0.627 + 1.254 * i for i in range(8)]
    for start in starts:
        sound[round(start * RATE) : round(start * RATE) + len(tap)] += tap
    facts = read(clip_from(services, tmp_path, sound), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(47.8, abs=0.5)
    assert facts.beats is not None
    np.testing.assert_allclose(facts.beats.times, starts, atol=0.04)


def is_without_music(facts: MusicFacts) -> bool:
    return facts.tempo is None and facts.beats is None and facts.key is None and facts.chords == () and facts.sections == ()


def test_speech_has_no_tempo_and_no_key(services: Services, speech: AudioClip) -> None:
    facts = read(speech, services)
    assert is_without_music(facts)
    assert facts.music is not None and facts.music < 0.1
    assert facts.vocals is not None and not facts.vocals.present
    assert facts.loudness is not None


def test_birds_and_noise_have_none(services: Services, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * RATE)
    for clip in (services.clips.open(EXAMPLES / "blackbird.ogg"), clip_from(services, tmp_path, noise)):
        assert is_without_music(read(clip, services))


def test_drums_alone_have_a_tempo_but_no_key_and_no_chords(services: Services, tmp_path: Path) -> None:
    drums = mix(drum_bars(110, 8, 4, (0, 2), (1, 3), 2), 17)
    facts = read(clip_from(services, tmp_path, drums), services)
    assert facts.tempo is not None
    assert (facts.key, facts.key_spans, facts.chords) == (None, (), ())


@pytest.mark.parametrize("seconds", [0.06, 0.5, 1.5, 3.0])
def test_the_shortest_clips_are_read(services: Services, tmp_path: Path, seconds: float) -> None:
    time = np.arange(round(seconds * RATE)) / RATE
    facts = read(clip_from(services, tmp_path, 0.3 * np.sin(2 * np.pi * 440 * time)), services)
    assert facts.state == "done"
    assert facts.tempo is None and facts.beats is None
    assert facts.loudness is not None and (facts.loudness.integrated_lufs is None) == (seconds < 0.4)


def test_a_second_request_needs_no_model(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    first = read(clip, services)
    with services.runtime.cache.lease(YAMNET, *MUSIC_MODELS):  # no other job can borrow them now
        again = read(clip, services)
    assert (again.tempo, again.beats, again.key, again.chords, again.sections) == (
        first.tempo,
        first.beats,
        first.key,
        first.chords,
        first.sections,
    )


def test_facts_come_one_after_the_other(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    snapshots = list(music_facts(clip, FactOptions(), replace(services.runtime, features=FeatureStore(2**24))))
    assert snapshots[0].state == "loading" and snapshots[-1].state == "done"
    positions = [snapshot.position for snapshot in snapshots]
    assert positions == sorted(positions) and positions[-1] == 1.0
    known = [(s.vocals is not None, s.tempo is not None, s.key is not None, s.loudness is not None) for s in snapshots]
    assert known == sorted(known)


def test_stop_keeps_what_is_there_and_returns_the_leases(services: Services, tmp_path: Path) -> None:
    clip, stop = clip_from(services, tmp_path, np.tile(clicks(20, 100), 5)), threading.Event()
    for snapshot in music_facts(clip, FactOptions(), replace(services.runtime, features=FeatureStore(2**24)), stop.is_set):
        if snapshot.vocals is not None:
            stop.set()
    assert snapshot.state == "stopped"
    assert snapshot.vocals is not None and snapshot.loudness is None
    with services.runtime.cache.lease(YAMNET, *MUSIC_MODELS, timeout_seconds=GUARD_SECONDS):
        pass


@pytest.mark.parametrize(
    "options",
    [
        FactOptions(min_bpm=20),
        FactOptions(max_bpm=400),
        FactOptions(min_bpm=100, max_bpm=150),
        FactOptions(min_bpm=float("nan")),
        FactOptions(beats_per_bar=1),
        FactOptions(beats_per_bar=12),
    ],
)
def test_bad_options_are_refused_before_a_model_is_touched(services: Services, speech: AudioClip, options: FactOptions) -> None:
    loads = services.runtime.cache.status().loads
    with pytest.raises(InvalidOption):
        list(music_facts(speech, options, services.runtime))
    assert services.runtime.cache.status().loads == loads


def test_what_the_person_knows_is_kept_to(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    options = FactOptions(min_bpm=40, max_bpm=80, beats_per_bar=3)
    *_, facts = music_facts(clip, options, services.runtime)
    assert facts.tempo is not None and facts.beats is not None
    assert facts.tempo.bpm <= 80 and facts.beats.beats_per_bar == 3
