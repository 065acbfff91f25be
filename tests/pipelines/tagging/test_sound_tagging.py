"""Sound tags with the real YAMNet on real sounds."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
import torch
from librosa.filters import mel

from components.timeline.tracks import HeatmapTrack
from models.arrays import FloatArray
from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption, UnknownModel
from models.specs.sound import YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.clip.log_mel import mel_filters
from pipelines.tagging.audioset import (
    ABOUT_THE_RECORDING,
    ANIMAL_FAMILIES,
    NOT_IN_YAMNET,
    best_names,
    class_tree,
    tree_of,
)
from pipelines.tagging.sound_tagging import segment_tags, tag_sounds
from pipelines.tagging.taggers import AstTagger, YamnetTagger
from pipelines.tagging.tags import SoundTags, TagOptions
from pipelines.tagging.yamnet import (
    MEL_FRAMES,
    PATCH_HOP_SAMPLES,
    PATCH_SAMPLES,
    log_mel_patches,
    patch_count,
)
from services import Services
from tests.models.tiny_models import save_audioset_transformer
from tests.pipelines.tagging.test_zero_shot import Bench
from tests.recordings import EXAMPLES
from training.evaluate_sound_tags import CRITERION, STAMPS, outcomes

GUARD_SECONDS = 60.0
RATE = 16_000
BLOCK_PATCHES = YamnetTagger.block_patches
AUDIOSET = (*class_tree().names[:1], *list(NOT_IN_YAMNET)[:2], *class_tree().names[1:], *list(NOT_IN_YAMNET)[2:])
SOUNDFONTS = ("FluidR3_GM.sf2", "TimGM6mb.sf2")

pytestmark = pytest.mark.models


def run(services: Services, clip: AudioClip, **options: object) -> SoundTags:
    """The last snapshot of a whole run."""
    chosen = TagOptions(**options)  # type: ignore[arg-type]
    return list(tag_sounds(clip, chosen, services.runtime))[-1]


def names_of(tags: SoundTags) -> list[str]:
    return [tag.name for tag in tags.top]


def sounds_like(services: Services, clip: AudioClip, start: float, end: float, names: int = 1) -> list[str]:
    """Names of a stretch."""
    tags = segment_tags(clip, start, end, services.runtime, names)
    return [tag.name for tag in tags]


def scores(**named: float) -> FloatArray:
    """[521] with the given scores; an underscore stands for a space, two for a comma and a space."""
    values = np.zeros(521, dtype=np.float32)
    for name, score in named.items():
        values[class_tree().index(name.replace("__", ", ").replace("_", " "))] = score
    return values


def noise_clip(services: Services, folder: Path, seconds: float) -> AudioClip:
    """A clip of its own for each length."""
    samples = np.random.default_rng(0).normal(0, 0.05, round(seconds * RATE)).astype(np.float32)
    soundfile.write(folder / "noise.wav", samples, RATE)
    return services.clips.open(folder / "noise.wav")


def piano_piece(folder: Path, soundfont: str) -> Path:
    """Six bars of broken chords under a melody, 12 s, on a General MIDI grand piano."""
    track = mido.MidiTrack()
    for bar, root in enumerate((48, 53, 55, 48, 57, 55)):
        for step, interval in enumerate((0, 7, 12, 16, 12, 7, 12, 16)):
            pitches = [(root + interval, 56)] + ([(root + 24 + (0, 4, 7, 12)[(bar + step) % 4], 84)] if step % 2 == 0 else [])
            track += [mido.Message("note_on", note=pitch, velocity=velocity) for pitch, velocity in pitches]
            track += [mido.Message("note_off", note=pitch, time=240 * (i == 0)) for i, (pitch, _) in enumerate(pitches)]
    midi = mido.MidiFile()
    midi.tracks.append(track)
    midi.save(folder / "piece.mid")
    command = ["fluidsynth", "-qni", "-F", f"{folder}/piece.wav", f"/usr/share/sounds/sf2/{soundfont}", f"{folder}/piece.mid"]
    subprocess.run(command, check=True, capture_output=True, timeout=GUARD_SECONDS)
    return folder / "piece.wav"


@pytest.mark.thorough
def test_a_fitting_label_is_in_the_top_three_for_three_quarters_of_the_sounds(services: Services) -> None:
    measured = [outcome for outcome in outcomes(services) if outcome.group in CRITERION]
    assert len(measured) == 67
    assert np.mean([outcome.hit() for outcome in measured]) >= 0.75
    assert np.mean([outcome.hit() for outcome in measured]) > np.mean([outcome.bare_hit(3) for outcome in measured]) + 0.2


@pytest.mark.parametrize("soundfont", SOUNDFONTS)
def test_a_piano_piece_is_called_piano_where_bare_yamnet_says_music(services: Services, tmp_path: Path, soundfont: str) -> None:
    tags = run(services, services.clips.open(piano_piece(tmp_path, soundfont)))
    assert "Piano" in names_of(tags)[:2]
    assert "Music" not in names_of(tags)
    assert tags.classes[tags.scores.mean(axis=0).argmax()] == "Music"


def test_speech_is_called_speech_and_nothing_else(services: Services, speech: AudioClip) -> None:
    assert names_of(run(services, speech)) == ["Speech"]
    assert sounds_like(services, speech, 0.0, 5.0) == []


def test_stretches_without_speech_are_named(services: Services) -> None:
    assert sounds_like(services, services.clips.open(EXAMPLES / "music.ogg"), 0.0, 10.0) == ["Flute"]
    fireworks = services.clips.open(STAMPS / "seasonal/newyears/fireworks.ogg")
    assert sounds_like(services, fireworks, 0.0, fireworks.duration) == ["Explosion"]
    assert sounds_like(services, fireworks, 0.5, 0.55) == []


@pytest.mark.parametrize(("start", "end"), [(5.0, 3.0), (-1.0, 3.0), (900.0, 901.0)])
def test_a_stretch_outside_the_clip_is_refused(services: Services, speech: AudioClip, start: float, end: float) -> None:
    with pytest.raises(InvalidOption):
        sounds_like(services, speech, start, end)


def test_blocks_join_without_a_seam_and_stream(services: Services, tmp_path: Path) -> None:
    clip = noise_clip(services, tmp_path, 70.0)
    snapshots = list(tag_sounds(clip, TagOptions(), services.runtime))
    counts = [len(snapshot.scores) for snapshot in snapshots]
    assert {0, BLOCK_PATCHES, 2 * BLOCK_PATCHES, patch_count(70 * RATE)} == set(counts)
    last = snapshots[-1]
    assert (last.state, last.position, last.model, last.dtype) == ("done", clip.duration, YAMNET.title, "float32")
    assert last.times.shape == (len(last.scores),)
    assert np.allclose(np.diff(last.times), last.hop_seconds)
    assert last.times[-1] + last.patch_seconds >= clip.duration
    whole = log_mel_patches(
        np.pad(clip.waveform(RATE), (0, PATCH_SAMPLES))[: PATCH_SAMPLES + (len(last.scores) - 1) * PATCH_HOP_SAMPLES]
    )
    with services.runtime.cache.lease(YAMNET) as (yamnet,):
        (at_once,) = yamnet.run(["scores"], {"patches": whole})
    np.testing.assert_allclose(last.scores, at_once, atol=1e-4)


def test_what_was_computed_is_found_again_without_the_model(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "music.ogg")
    first = run(services, clip)
    with services.runtime.cache.lease(YAMNET):  # no other job can borrow it now
        again = run(services, clip)
    np.testing.assert_array_equal(again.scores, first.scores)
    assert again.top == first.top


def test_stop_keeps_what_is_there_and_returns_the_lease(services: Services, tmp_path: Path) -> None:
    clip, stop = noise_clip(services, tmp_path, 200.0), threading.Event()
    for snapshot in tag_sounds(clip, TagOptions(), replace(services.runtime, features=FeatureStore(2**24)), stop.is_set):
        if len(snapshot.scores):
            stop.set()
    assert snapshot.state == "stopped"
    assert BLOCK_PATCHES <= len(snapshot.scores) < patch_count(200 * RATE)
    with services.runtime.cache.lease(YAMNET, timeout_seconds=GUARD_SECONDS):
        pass


@pytest.mark.parametrize(
    ("options", "error"), [({"names": 0}, InvalidOption), ({"names": 51}, InvalidOption), ({"model": "yamnot"}, UnknownModel)]
)
def test_bad_options_are_refused_before_a_model_is_touched(
    services: Services, speech: AudioClip, options: dict[str, object], error: type[Exception]
) -> None:
    loads = services.runtime.cache.status().loads
    with pytest.raises(error):
        run(services, speech, **options)
    assert services.runtime.cache.status().loads == loads


@pytest.mark.parametrize("seconds", [0.01, 0.3, 0.975, 0.976])
def test_any_length_has_scores(services: Services, tmp_path: Path, seconds: float) -> None:
    tags = run(services, noise_clip(services, tmp_path, seconds))
    assert tags.scores.shape == (patch_count(round(seconds * RATE)), 521)
    assert np.isfinite(tags.scores).all()


def test_filters_are_those_of_an_independent_implementation() -> None:
    theirs = mel(sr=RATE, n_fft=512, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None)
    # librosa's triangles are straight in Hz, TensorFlow's on the mel scale
    np.testing.assert_allclose(mel_filters(MEL_FRAMES.bank), theirs.T, atol=0.03)


def test_patches_of_silence_and_of_a_tone() -> None:
    time = np.arange(PATCH_SAMPLES + PATCH_HOP_SAMPLES, dtype=np.float32) / RATE
    silence, tone = log_mel_patches(np.zeros_like(time)), log_mel_patches(np.sin(2 * np.pi * 1000 * time))
    assert silence.shape == tone.shape == (2, 1, 96, 64)
    np.testing.assert_allclose(silence, np.log(1e-3), rtol=1e-5)
    # 1000 Hz is 1000 mel; band i is centred at 185 + 39.8 (i + 1) mel: halfway between bands 19 and 20
    assert set(np.unique(tone.argmax(axis=-1))) <= {19, 20}


def test_the_tree_has_every_class_of_the_model_and_every_name_in_use() -> None:
    tree = class_tree()
    assert len(tree.names) == len(set(tree.names)) == 521
    assert {*ABOUT_THE_RECORDING, *ANIMAL_FAMILIES} <= set(tree.names)
    assert [tree.names[i] for i in tree.ancestors(tree.index("Quack"))][:2] == ["Duck", "Fowl"]
    assert not any(re.search(r"^\s|\s$", name) for name in tree.names)


def test_of_a_class_and_its_kinds_one_is_named() -> None:
    assert [t.name for t in best_names(scores(Animal=0.99, Fowl=0.9, Duck=0.9, Quack=0.85, Bird=0.2), 3)] == ["Quack", "Bird"]
    assert [t.name for t in best_names(scores(Animal=0.6, Dog=0.2, Cat=0.18), 3)] == ["Animal", "Dog", "Cat"]
    assert [t.name for t in best_names(scores(Explosion=0.4, Fireworks=0.3, Eruption=0.29), 3)] == ["Explosion"]
    assert [t.name for t in best_names(scores(Explosion=0.4, Fireworks=0.3, Eruption=0.1), 3)] == ["Fireworks", "Eruption"]
    assert [t.name for t in best_names(scores(Explosion=0.3, Thump__thud=0.4), 1)] == ["Explosion"]


def test_music_gives_way_to_what_plays_and_faint_speech_is_not_named() -> None:
    assert [t.name for t in best_names(scores(Music=0.9, Piano=0.04, Ding=0.3, Speech=0.4), 3)] == ["Piano", "Ding"]
    assert [t.name for t in best_names(scores(Music=0.9), 3)] == ["Music"]
    assert best_names(scores(Speech=0.9, Conversation=0.8), 3, excluded=("Speech",)) == ()
    assert best_names(scores(Silence=1.0, Echo=0.5), 3) == ()


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A tiny audio spectrogram transformer with AudioSet's 527 classes."""
    bench = Bench(save_audioset_transformer(tmp_path_factory.mktemp("ast") / "ast", AUDIOSET))
    yield bench
    bench.cache.clear()


def bare_transformer(transformer: Bench, sound: FloatArray) -> FloatArray:
    """Scores [527] of one window of the bare model."""
    with transformer.cache.lease(transformer.spec) as (model,), torch.inference_mode():
        inputs = model.processor(sound, sampling_rate=RATE, return_tensors="pt")
        scores: FloatArray = model.model(**inputs).logits.sigmoid()[0].numpy()
    return scores


def test_a_transformer_has_its_own_classes_and_the_scores_of_the_bare_model(
    services: Services, transformer: Bench, tmp_path: Path
) -> None:
    clip = noise_clip(services, tmp_path, 45.0)
    options = TagOptions(model=transformer.spec.key)
    tags = list(tag_sounds(clip, options, transformer.runtime))[-1]
    assert tags.state == "done"
    assert tags.classes == AUDIOSET
    assert tags.scores.shape == (8, 527)
    tagger = AstTagger()
    assert (tags.hop_seconds, tags.patch_seconds) == (5.12, tagger.patch_samples / RATE)
    waveform = np.pad(np.array(clip.waveform(RATE)), (0, tagger.patch_samples))
    for patch in (0, 5, 6, 7):  # the second block begins at 6, and the last patch ends in silence
        begin = patch * tagger.hop_samples
        expected = bare_transformer(transformer, waveform[begin : begin + tagger.patch_samples])
        np.testing.assert_allclose(tags.scores[patch], expected, atol=1e-5)
    assert tags.top == best_names(tags.scores.mean(axis=0), 5, min_score=0.01, tree=tree_of(AUDIOSET))
    assert not {name.split(".")[0] for name in sys.modules} & {"torchaudio", "torchvision"}


def test_a_transformer_names_a_stretch(services: Services, transformer: Bench, tmp_path: Path) -> None:
    clip = noise_clip(services, tmp_path, 4.0)
    tagger = AstTagger()
    stretch = np.array(clip.waveform(RATE))[RATE : 3 * RATE]
    expected = bare_transformer(transformer, np.pad(stretch, (0, tagger.patch_samples - len(stretch))))
    named = segment_tags(clip, 1.0, 3.0, transformer.runtime, names=3)
    assert named == best_names(expected, 3, min_score=0.1, excluded=("Speech",), tree=tree_of(AUDIOSET))


def test_the_other_classes_of_audioset_have_their_place_in_the_tree() -> None:
    tree = tree_of(AUDIOSET)
    assert len(tree.names) == 527
    assert [tree.names[i] for i in tree.ancestors(tree.index("Male singing"))][:1] == ["Singing"]
    assert [tree.names[i] for i in tree.ancestors(tree.index("Quack"))][:2] == ["Duck", "Fowl"]
    values = np.zeros(527, dtype=np.float32)
    values[[tree.index("Speech"), tree.index("Female speech, woman speaking")]] = 0.9, 0.8
    assert [tag.name for tag in best_names(values, 3, tree=tree)] == ["Female speech, woman speaking"]
    assert best_names(values, 3, excluded=("Speech",), tree=tree) == ()
    assert tree_of(("Speech", "A sound of its own")).parents == (None, None)


@pytest.mark.parametrize("name", ["", "A sound of its own", "Funny music"])
def test_no_class_is_its_own_ancestor_whatever_its_name(name: str) -> None:
    tree = tree_of((name, "Speech", "Music", "Dog"))
    assert all(len(list(islice(tree.ancestors(position), 4))) < 4 for position in range(4))


def test_classes_of_which_two_have_one_name_have_no_tree() -> None:
    with pytest.raises(ValueError, match="not distinct"):
        tree_of((*AUDIOSET, "Music"))


def test_a_heatmap_has_the_sounds_that_stand_out(services: Services) -> None:
    tags = run(services, services.clips.open(EXAMPLES / "music.ogg"))
    heatmap = tags.heatmap(rows=6)
    assert "Flute" in heatmap.rows
    assert 1 <= len(heatmap.rows) <= 6
    track = HeatmapTrack(
        id="sounds", name="Sounds", hop=heatmap.hop, start=heatmap.start, rows=heatmap.rows, scores=heatmap.scores
    )
    np.testing.assert_array_equal(track.scores[:, heatmap.rows.index("Flute")], tags.scores[:, tags.classes.index("Flute")])
    assert heatmap.start == pytest.approx((tags.patch_seconds - tags.hop_seconds) / 2)
    assert replace(tags, scores=tags.scores[:0]).heatmap().rows == ()
