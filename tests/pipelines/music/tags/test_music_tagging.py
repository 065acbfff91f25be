"""Music tags with the real musicnn and YAMNet on rendered pieces, spoken sentences and noise."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from librosa.filters import mel
from onnx import load as load_onnx

from benchmarks.accuracy.readers.instruments import with_families
from components.timeline.tracks import HeatmapTrack
from models.arrays import FloatArray
from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption
from models.files.package_weights import WEIGHTS
from models.specs.sound import MUSICNN_MSD, MUSICNN_MTT, YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.clip.log_mel import mel_filters
from pipelines.music.tags.music_tagging import BLOCK_PATCHES, tag_music
from pipelines.music.tags.musicnn import (
    MEL_FRAMES,
    PATCH_HOP_SAMPLES,
    PATCH_SAMPLES,
    input_gain,
    log_mel_patches,
    patch_count,
)
from pipelines.music.tags.tag_fusion import (
    MusicScores,
    MusicTagOptions,
    MusicTags,
    best_tags,
    confidences,
    log_odds,
    music_scores,
    probability,
)
from pipelines.music.tags.tag_table import (
    MSD_TAGS,
    MTT_TAGS,
    TABLE,
    TAG_KINDS,
)
from pipelines.music.tags.vocal_evidence import clip_vocals_prob, vocal_probs
from pipelines.tagging.audioset import class_tree
from services import Services
from tests.recordings import librivox_sentences
from training.evaluate_music_tags import mix, piece_of, rows
from training.sung_speech import sing
from training.tagged_pieces import rendered_file

GUARD_SECONDS = 60.0
RATE = 16_000
PIECES = {row["name"]: piece_of(row) for row in rows("tuning", "test")}

pytestmark = pytest.mark.models


def run(services: Services, clip: AudioClip, **options: int) -> MusicTags:
    """The last snapshot of a whole run."""
    return list(tag_music(clip, MusicTagOptions(**options), services.runtime))[-1]


def rendered(services: Services, folder: Path, name: str) -> AudioClip:
    return services.clips.open(rendered_file(PIECES[name], folder))


def names_of(tags: MusicTags, kind: str) -> list[str]:
    return [tag.name for tag in tags.tags if tag.kind == kind]


def clip_of(services: Services, folder: Path, samples: FloatArray, rate: int = RATE) -> AudioClip:
    soundfile.write(folder / "made.wav", samples, rate)
    return services.clips.open(folder / "made.wav")


def noise(seconds: float) -> FloatArray:
    return np.random.default_rng(0).normal(0, 0.05, round(seconds * RATE)).astype(np.float32)


def scores(mtt: dict[str, float] | None = None, msd: dict[str, float] | None = None, **yamnet: float) -> MusicScores:
    """One stretch with the given scores; an underscore stands for a space, two for a comma and a space."""
    values = (np.full((1, 50), 0.01, np.float32), np.full((1, 50), 0.01, np.float32), np.zeros((1, 521), np.float32))
    for name, score in (mtt or {}).items():
        values[0][0, MTT_TAGS.index(name)] = score
    for name, score in (msd or {}).items():
        values[1][0, MSD_TAGS.index(name)] = score
    for name, score in yamnet.items():
        values[2][0, class_tree().index(name.replace("__", ", ").replace("_", " "))] = score
    return MusicScores(*values)


@pytest.mark.parametrize(
    ("piece", "instruments", "genres"),
    [
        ("t-piano-melody-chords", {"Piano"}, {"Classical", "Jazz"}),
        ("t-rock-band", {"Guitar", "Electric guitar", "Drums", "Bass guitar"}, {"Rock", "Hard rock", "Metal", "Punk"}),
        ("flute-solo", {"Flute"}, {"Classical"}),
        ("techno", {"Synthesizer", "Drums"}, {"Techno", "Electronic"}),
    ],
)
def test_pieces_are_tagged_with_what_plays_and_their_genre(
    services: Services, tmp_path: Path, piece: str, instruments: set[str], genres: set[str]
) -> None:
    tags = run(services, rendered(services, tmp_path, piece))
    assert tags.is_music
    named = set(names_of(tags, "instrument"))
    assert named <= set(with_families(instruments))
    assert named or piece == "techno", "of synthesizer and drum machine neither is sure enough"
    assert genres & set(names_of(tags, "genre")[:2])
    assert all(0.2 <= tag.confidence <= 1 for tag in tags.tags)


def test_speech_is_no_music_and_has_no_tags(services: Services, speech: AudioClip) -> None:
    tags = run(services, speech)
    assert tags.state == "done"
    assert tags.is_music is False
    assert tags.tags == ()
    assert tags.vocals_in_clip == 0
    assert tags.vocals.max() < 0.2
    assert len(tags.confidences) == patch_count(round(speech.duration * RATE))


def test_a_voice_over_a_guitar_is_noticed_and_the_guitar_alone_has_none(services: Services, tmp_path: Path) -> None:
    guitar = rendered(services, tmp_path, "nylon-guitar")
    speech, rate = soundfile.read(librivox_sentences()[0].path, dtype="float32")
    assert rate == RATE
    sung = clip_of(services, tmp_path, mix(sing(speech, 45, seed=0), np.array(guitar.waveform(RATE)), 4.0))
    alone, together = (run(services, clip) for clip in (guitar, sung))
    assert together.vocals_in_clip > 0.6
    assert alone.vocals_in_clip < 0.2
    assert together.vocals.mean() > alone.vocals.mean() + 0.3
    np.testing.assert_allclose(np.diff(together.times), together.hop_seconds, rtol=1e-4)


def test_a_choir_has_vocals(services: Services, tmp_path: Path) -> None:
    tags = run(services, rendered(services, tmp_path, "choir"))
    assert names_of(tags, "instrument")[0] == "Choir"
    assert tags.vocals_in_clip > 0.9


def test_music_is_tagged_at_the_same_level_however_soft_it_is(services: Services, tmp_path: Path) -> None:
    piece = np.array(rendered(services, tmp_path, "piano-slow").waveform(RATE))
    softly = piece * np.float32(0.25)
    soft = clip_of(services, tmp_path, softly)
    assert float(input_gain(softly)) == pytest.approx(4 * float(input_gain(piece)), rel=1e-4)
    tags = run(services, soft)
    assert names_of(tags, "instrument")[0] == "Piano"


def test_blocks_join_without_a_seam_and_stream(services: Services, tmp_path: Path) -> None:
    clip = clip_of(services, tmp_path, noise(40.0))
    snapshots = list(tag_music(clip, MusicTagOptions(), services.runtime))
    counts = {len(snapshot.times) for snapshot in snapshots}
    assert counts == {0, BLOCK_PATCHES, patch_count(40 * RATE)}
    assert snapshots[0].state == "loading"
    last = snapshots[-1]
    assert last.state == "done"
    assert last.position == last.duration == 40.0
    waveform = clip.waveform(RATE)
    with services.runtime.cache.lease(MUSICNN_MTT) as (musicnn,):
        sound = input_gain(waveform) * waveform[BLOCK_PATCHES * PATCH_HOP_SAMPLES :][:PATCH_SAMPLES]
        (expected,) = musicnn.run(["scores"], {"patches": log_mel_patches(sound)})
    slow = [row.name for row in TABLE].index("Slow")
    evidence = log_odds(expected[:, MTT_TAGS.index("slow")]) - log_odds(0.1)
    np.testing.assert_allclose(last.confidences[BLOCK_PATCHES, slow], probability(evidence)[0], atol=1e-4)


def test_what_is_known_needs_no_model(services: Services, tmp_path: Path) -> None:
    clip = clip_of(services, tmp_path, noise(5.0))
    first = run(services, clip)
    with services.runtime.cache.lease(MUSICNN_MTT, MUSICNN_MSD, YAMNET):  # no other job can borrow them now
        again = run(services, clip)
    np.testing.assert_array_equal(again.confidences, first.confidences)


def test_stop_keeps_what_is_there_and_returns_the_leases(services: Services, tmp_path: Path) -> None:
    clip, stop = clip_of(services, tmp_path, noise(70.0)), threading.Event()
    for snapshot in tag_music(clip, MusicTagOptions(), replace(services.runtime, features=FeatureStore(2**24)), stop.is_set):
        if len(snapshot.times):
            stop.set()
    assert snapshot.state == "stopped"
    assert snapshot.is_music is None
    assert BLOCK_PATCHES <= len(snapshot.times) < patch_count(70 * RATE)
    with services.runtime.cache.lease(MUSICNN_MTT, MUSICNN_MSD, YAMNET, timeout_seconds=GUARD_SECONDS):
        pass


@pytest.mark.parametrize("names", [0, 21])
def test_bad_options_are_refused_before_a_model_is_touched(services: Services, speech: AudioClip, names: int) -> None:
    loads = services.runtime.cache.status().loads
    with pytest.raises(InvalidOption):
        run(services, speech, names=names)
    assert services.runtime.cache.status().loads == loads


@pytest.mark.parametrize("seconds", [0.02, 0.5, 3.008, 3.1])
def test_any_length_has_tags(services: Services, tmp_path: Path, seconds: float) -> None:
    tags = run(services, clip_of(services, tmp_path, noise(seconds)))
    assert tags.confidences.shape == (patch_count(round(seconds * RATE)), len(TABLE))
    assert np.isfinite(tags.confidences).all()


def test_a_heatmap_fits_the_timeline(services: Services, tmp_path: Path) -> None:
    tags = run(services, rendered(services, tmp_path, "flute-solo"))
    heatmap = tags.heatmap("instrument")
    assert heatmap.rows[0] == "Flute"
    track = HeatmapTrack(
        id="instruments", name="Instruments", hop=heatmap.hop, start=heatmap.start, rows=heatmap.rows, scores=heatmap.scores
    )
    assert track.scores.shape == (len(tags.times), len(heatmap.rows))
    assert (heatmap.scores[tags.music < 0.2] == 0).all()


@pytest.mark.parametrize("folder", ["mtt", "msd"])
def test_the_converted_models_have_the_documented_outputs(services: Services, folder: str) -> None:
    spec = {"mtt": MUSICNN_MTT, "msd": MUSICNN_MSD}[folder]
    outputs = {output.name: output for output in load_onnx(WEIGHTS / "musicnn" / folder / "musicnn.onnx").graph.output}
    assert list(outputs) == ["scores", "embedding", "frames"]
    with services.runtime.cache.lease(spec) as (musicnn,):
        found = musicnn.run(list(outputs), {"patches": log_mel_patches(noise(10.0)[: PATCH_SAMPLES + PATCH_HOP_SAMPLES])})
    assert [array.shape for array in found] == [(2, 50), (2, 200), (2, 187, 753)]
    assert 0 < found[0].min() < found[0].max() < 1


def test_mel_bands_are_those_of_an_independent_implementation() -> None:
    np.testing.assert_allclose(mel_filters(MEL_FRAMES.bank), mel(sr=RATE, n_fft=512, n_mels=96).T, atol=1e-7)


def test_patches_of_silence_and_of_a_tone() -> None:
    time = np.arange(PATCH_SAMPLES + PATCH_HOP_SAMPLES, dtype=np.float32) / RATE
    silence, tone = log_mel_patches(np.zeros_like(time)), log_mel_patches(np.sin(2 * np.pi * 1000 * time))
    assert silence.shape == tone.shape == (2, 187, 96)
    assert (silence == 0).all()
    # 1000 Hz is 15 of Slaney's 45.2 mel up to 8 kHz; 98 edges stand 0.466 mel apart, so band 31 is centred at 14.9
    assert set(np.unique(tone.argmax(axis=-1))) <= {31, 32}


def test_every_tag_of_the_table_is_a_tag_of_its_model_and_every_family_is_there() -> None:
    assert len(set(MTT_TAGS)) == len(set(MSD_TAGS)) == 50
    tree = class_tree()
    for row in TABLE:
        assert set(row.mtt) <= set(MTT_TAGS)
        assert set(row.msd) <= set(MSD_TAGS)
        assert set(row.yamnet) <= set(tree.names)
        assert row.mtt or row.msd or row.yamnet
        assert not row.family or row.family in {other.name for other in TABLE if other.kind == row.kind}
    for kind in TAG_KINDS:
        names = [row.name for row in TABLE if row.kind == kind]
        assert names
        assert len(set(names)) == len(names)


def named(stretch: MusicScores, kind: str, count: int = 3) -> list[str]:
    return [tag.name for tag in best_tags(confidences(stretch)[0], kind, count)]  # type: ignore[arg-type]


def test_models_that_agree_count_more_than_one_of_them() -> None:
    both = scores({"piano": 0.4}, Music=0.9, Piano=0.1)
    only_yamnet, only_musicnn = scores(Music=0.9, Piano=0.1), scores({"piano": 0.4}, Music=0.9)
    piano = [row.name for row in TABLE].index("Piano")
    assert confidences(both)[0, piano] > max(confidences(only_yamnet)[0, piano], confidences(only_musicnn)[0, piano])
    assert named(both, "instrument") == ["Piano"]


def test_of_a_family_and_its_members_the_surer_is_named_and_of_a_vague_one_the_likely_member() -> None:
    piano = scores({"piano": 0.5}, Piano=0.2, Electric_piano=0.1)
    assert named(piano, "instrument") == ["Piano"]
    assert named(scores(Wind_instrument__woodwind_instrument=0.3, Clarinet=0.05), "instrument") == ["Clarinet"]
    assert named(scores(Wind_instrument__woodwind_instrument=0.3, Clarinet=0.002), "instrument") == ["Woodwind"]
    assert named(scores({"strings": 0.5, "violin": 0.6}, Violin__fiddle=0.5, Bowed_string_instrument=0.4), "instrument", 1) == [
        "Violin"
    ]
    assert "Strings" not in named(scores({"strings": 0.5, "violin": 0.6}, Violin__fiddle=0.5), "instrument")
    assert named(scores({"strings": 0.5}, Bowed_string_instrument=0.4, Cello=0.003), "instrument")[0] == "Strings"


def test_a_bass_guitar_beside_drums_is_no_guitar() -> None:
    musicnn = {"guitar": 0.6, "drums": 0.3}
    guitar = scores(musicnn, Guitar=0.2, Plucked_string_instrument=0.2, Drum_kit=0.1)
    bass = scores(musicnn, Guitar=0.2, Bass_guitar=0.25, Plucked_string_instrument=0.2, Drum_kit=0.1)
    assert "Guitar" in named(guitar, "instrument")
    assert "Guitar" not in named(bass, "instrument")


def test_where_nothing_is_likely_nothing_is_named_but_the_least_unlikely_genre() -> None:
    assert named(scores(), "mood") == []
    assert len(named(scores({"rock": 0.05}, {"rock": 0.05}, Rock_music=0.002), "genre")) <= 1


def test_vocals_need_music_and_are_no_speech() -> None:
    sung = {"singing": 0.4, "female vocal": 0.3}
    assert vocal_probs(scores(sung, Music=0.8, Singing=0.1, Song=0.02))[0] > 0.9
    assert vocal_probs(scores({"no vocals": 0.3}, Music=0.9))[0] < 0.1
    assert vocal_probs(scores(sung, Music=0.1, Speech=0.9))[0] == 0
    assert vocal_probs(scores(sung, Music=0.5, Song=0.02, Speech=0.9))[0] < 0.2


def test_a_singer_may_rest() -> None:
    music = np.ones(9, dtype=np.float32)
    rests: FloatArray = np.array([0.9, 0, 0.9, 0, 0.9, 0, 0.9, 0, 0.9], dtype=np.float32)
    assert clip_vocals_prob(rests, music) == pytest.approx(0.9)
    assert clip_vocals_prob(rests, np.zeros(9, dtype=np.float32)) == 0.0
    assert music_scores(scores(Piano=0.3, Music=0.2))[0] == pytest.approx(0.3)
