"""Tempo, metre and key of pieces made from tones and noise, with the real models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from models.arrays import DoubleArray
from pipelines.clip.clip import AudioClip
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions
from services import Services
from tests.pipelines.music.made_music import RATE, drum_and_bass, drum_bars, drums_over_bass, five_four, mix, rock
from tests.recordings import EXAMPLES
from training.music.pieces.analysis import read

pytestmark = pytest.mark.models
THOROUGH = pytest.mark.thorough


def clip_from(services: Services, folder: Path, samples: DoubleArray) -> AudioClip:
    soundfile.write(folder / "sound.wav", samples.astype(np.float32), RATE, subtype="PCM_24")
    return services.clips.open(folder / "sound.wav")


@pytest.mark.parametrize(
    ("bpm", "kicks", "snares"),
    [
        (174, (0, 2.5), (1, 3)),
        *(
            pytest.param(bpm, kicks, (1, 3), marks=THOROUGH)
            for bpm, kicks in ((168, (0, 1.5, 2.5)), (150, (0, 2)), (92, (0, 2, 2.5)))
        ),
    ],
)
def test_drums_with_a_backbeat_have_the_tempo_of_their_backbeat(
    services: Services, tmp_path: Path, bpm: float, kicks: tuple[float, ...], snares: tuple[float, ...]
) -> None:
    facts = read(clip_from(services, tmp_path, drum_and_bass(bpm, kicks, snares)), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert all(other.confidence < facts.tempo.confidence for other in facts.tempo.alternatives)


@pytest.mark.parametrize(
    ("bpm", "kicks", "hats"),
    [
        *((165, (0, 2.5), 4), (87, (0, 1.75, 2.5), 2)),
        pytest.param(174, (0, 2.5), 2, marks=THOROUGH),
        pytest.param(170, (0, 1.5, 2.5), 2, marks=THOROUGH),
        pytest.param(92, (0, 0.75, 2.5), 4, marks=THOROUGH),
    ],
)
def test_drums_over_a_bass_alone_are_at_the_tempo_of_every_other_snare(
    services: Services, tmp_path: Path, bpm: float, kicks: tuple[float, ...], hats: int
) -> None:
    facts = read(clip_from(services, tmp_path, drums_over_bass(bpm, kicks, hats)), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize(
    ("bpm", "kicks", "snares"),
    [
        (172, (0, 3), (1, 4)),
        pytest.param(160, (0, 3), (2, 4), marks=THOROUGH),
        pytest.param(140, (0, 3), (2, 4), marks=THOROUGH),
    ],
)
def test_quick_fives_are_not_found_at_half_their_tempo(
    services: Services, tmp_path: Path, bpm: float, kicks: tuple[float, ...], snares: tuple[float, ...]
) -> None:
    facts = read(clip_from(services, tmp_path, five_four(bpm, kicks, snares)), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(bpm, rel=0.02)
    assert facts.beats is not None and facts.beats.metre == "5/4"


VARIANTS: dict[str, Callable[[DoubleArray], DoubleArray]] = {
    "as it is": lambda sound: sound,
    "at -57 dBFS": lambda sound: sound * 2e-3,
    "low-passed at 900 Hz": lambda sound: low_passed(sound, 900),
    "low-passed at 500 Hz": lambda sound: low_passed(sound, 500),
    "after 5 s of silence": lambda sound: np.concatenate([np.zeros(5 * RATE), sound]),
    "before 30 s of silence": lambda sound: np.concatenate([sound, np.zeros(30 * RATE)]),
    "with an offset": lambda sound: 0.5 * sound + 0.2,
}


def low_passed(sound: DoubleArray, hertz: float) -> DoubleArray:
    filtered: DoubleArray = sosfilt(butter(6, hertz, fs=RATE, output="sos"), sound)
    return filtered


@pytest.mark.parametrize(
    "variant",
    [
        *("at -57 dBFS", "low-passed at 500 Hz", "after 5 s of silence"),
        *(
            pytest.param(variant, marks=THOROUGH)
            for variant in ("as it is", "low-passed at 900 Hz", "before 30 s of silence", "with an offset")
        ),
    ],
)
def test_level_treble_and_silence_change_neither_metre_nor_tempo_nor_key(
    services: Services, tmp_path: Path, variant: str
) -> None:
    facts = read(clip_from(services, tmp_path, VARIANTS[variant](rock())), services)
    assert facts.tempo is not None and facts.tempo.bpm == pytest.approx(100, rel=0.01)
    assert facts.beats is not None and facts.beats.metre == "4/4"
    # Roots alone have no thirds, so that the mode is open.
    assert facts.key is not None and facts.key.tonic == "C"


@pytest.mark.parametrize(
    ("bpm", "roots"),
    [
        (122, (40, 40, 45, 47)),
        pytest.param(84, (45, 41, 36, 43), marks=THOROUGH),
        pytest.param(112, (45, 41, 36, 43), marks=THOROUGH),
    ],
)
def test_a_backbeat_below_a_bass_that_changes_with_the_bar_is_in_four(
    services: Services, tmp_path: Path, bpm: float, roots: tuple[int, ...]
) -> None:
    for sound in (rock(bpm, roots), low_passed(rock(bpm, roots), 900)):
        facts = read(clip_from(services, tmp_path, sound), services)
        assert facts.beats is not None and facts.beats.metre == "4/4"


def test_the_facts_of_a_clip_with_silence_at_its_ends_lie_on_its_time_axis(services: Services, tmp_path: Path) -> None:
    bare = read(clip_from(services, tmp_path, drum_and_bass(150)), services)
    silence = np.zeros(4 * RATE)
    late = read(clip_from(services, tmp_path, np.concatenate([silence, drum_and_bass(150), silence])), services)
    assert bare.beats is not None and late.beats is not None
    np.testing.assert_allclose(late.beats.times, np.array(bare.beats.times) + 4, atol=0.03)
    before, *chords, after = late.chords
    assert before.name == after.name == "N" and before.end == pytest.approx(4, abs=0.15)
    assert [chord.name for chord in chords] == [chord.name for chord in bare.chords if chord.name != "N"]
    assert after.end == late.sections[-1].end == pytest.approx(late.duration, abs=0.01)
    assert late.sections[0].start == 0


def damaged(sound: DoubleArray) -> DoubleArray:
    """Return the sound with ten samples that are no numbers and one that is infinite."""
    changed = sound.copy()
    changed[1000:1010], changed[50_000] = np.nan, np.inf
    return changed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda sound: 8 * sound / np.abs(sound).max(), marks=THOROUGH),
        pytest.param(lambda sound: 10**-3.5 * sound / np.abs(sound).max(), marks=THOROUGH),
        lambda sound: 10**-3.5 * sound / np.abs(sound).max() + 0.1,
        damaged,
    ],
    ids=["peaks at +18 dBFS", "peaks at -70 dBFS", "an offset of 0.1 with peaks at -70 dBFS", "not a number, infinite"],
)
def test_facts_and_tags_do_not_depend_on_level_offset_or_single_samples(
    services: Services, tmp_path: Path, change: Callable[[DoubleArray], DoubleArray]
) -> None:
    sound, rate = soundfile.read(EXAMPLES / "music.ogg")
    soundfile.write(tmp_path / "sound.wav", change(sound), rate, subtype="FLOAT")
    clips = services.clips.open(EXAMPLES / "music.ogg"), services.clips.open(tmp_path / "sound.wav")
    usual, other = (read(clip, services) for clip in clips)
    assert usual.tempo is not None and usual.beats is not None and usual.key is not None
    assert other.tempo is not None and other.beats is not None and other.key is not None
    assert other.tempo.bpm == pytest.approx(usual.tempo.bpm, rel=0.005)
    assert (other.beats.metre, other.key.name) == (usual.beats.metre, usual.key.name)
    np.testing.assert_allclose(other.beats.times, usual.beats.times, atol=0.03)
    assert [chord.name for chord in other.chords] == [chord.name for chord in usual.chords]
    *_, usual_tags = tag_music(clips[0], MusicTagOptions(), services.runtime)
    *_, other_tags = tag_music(clips[1], MusicTagOptions(), services.runtime)
    assert [tag.name for tag in other_tags.tags] == [tag.name for tag in usual_tags.tags]


def test_four_beats_are_too_short_for_a_tempo(services: Services, tmp_path: Path) -> None:
    facts = read(clip_from(services, tmp_path, mix(drum_bars(87, 1, 4, (0, 2), (1, 3), 2), 2.8)), services)
    assert facts.tempo is None and facts.no_tempo_reason == "too short"
