"""The training of the aligners: the objective, the packages' files, our own network, and the full thing on tiny checkpoints."""

from __future__ import annotations

import csv
import math
import random
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from models.loading.audio_aligner import save_aligner
from pipelines.pictures.vocabulary import concepts
from tests.models.tiny_aligners import save_picture_model, save_wav2vec2_bert
from training.audio_aligner.__main__ import YAMNET
from training.audio_aligner.calibrate import KEPT_APART, KeptApart, fit_calibration
from training.audio_aligner.captioned_sounds import CAPTIONS, caption_of, captioned_sounds
from training.audio_aligner.dataset import FITTING, Example
from training.audio_aligner.fitting import FittingOptions, TextSpace, build_aligner, class_concepts, fit, fitting_loss
from training.audio_aligner.objective import Objective, alignment_loss, contrastive_loss, metrics
from training.audio_aligner.packages import keep_sounds, of_openttd_sounds, of_qt_resources, rows
from training.audio_aligner.wav2vec2_bert import SECONDS, FullOptions, Training, load_models
from training.data.archives import ArchiveRefused
from training.loop.batches import Shard
from training.loop.config import read_config
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop

RATE = 16_000
TOKENS, WIDTH = 4, 6
WHOLE = Shard(0, 1)


@pytest.fixture(autouse=True)
def _same_numbers_in_every_test() -> None:
    torch.manual_seed(0)


def test_the_contrastive_loss_is_the_mean_of_both_directions():
    sounds, texts = torch.randn(3, 2, 5), torch.randn(3, 2, 5)
    cosines = torch.stack([torch.cosine_similarity(sounds[i].flatten(), texts.flatten(1), dim=-1) for i in range(3)])
    targets = torch.arange(3)
    expected = sum(torch.nn.functional.cross_entropy(side / 0.15, targets) for side in (cosines, cosines.T)) / 2
    torch.testing.assert_close(contrastive_loss(sounds, texts, targets, 0.15), expected)


def test_sounds_of_one_kind_are_no_rivals():
    same = torch.randn(1, 2, 5).repeat(2, 1, 1)
    assert contrastive_loss(same, same, torch.tensor([7, 7]), 0.15).item() == pytest.approx(0.0, abs=1e-6)
    assert contrastive_loss(same, same, torch.tensor([7, 8]), 0.15).item() == pytest.approx(math.log(2), abs=1e-5)


def test_the_distance_counts_as_much_as_it_should():
    sounds, texts, kinds = torch.randn(2, 3, 4), torch.randn(2, 3, 4), torch.arange(2)
    plain = alignment_loss(sounds, texts, kinds, Objective())
    torch.testing.assert_close(
        alignment_loss(sounds, texts, kinds, Objective(distance=2.0)), plain + 2 * (sounds - texts).square().mean()
    )


def test_the_metrics_are_those_of_audio2img():
    texts = torch.ones(2, 3, 4)
    assert metrics(2 * texts, texts) == pytest.approx({"cosine": 1.0, "euclidean": math.sqrt(12), "mse": 1.0})


def test_what_is_listed_is_known():
    names = {concept.name for concept in concepts()}
    assert {concept for row in rows() for concept in row.concepts} <= names
    assert not any("tuxpaint" in row.package for row in rows())
    assert FITTING.exists()


def qt_resources(content: bytes, compressed: bool) -> bytes:
    """A resource file of version 1 with /a/b.ogg in it."""
    names, offsets = b"", []
    for name in ("a", "b.ogg"):
        offsets.append(len(names))
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    data = struct.pack(">I", len(content)) + zlib.compress(content) if compressed else content
    blob = struct.pack(">I", len(data)) + data
    nodes = [(0, 2, 1, 1), (offsets[0], 2, 1, 2)]
    tree = b"".join(struct.pack(">iHii", *node) for node in nodes)
    tree += struct.pack(">iHHHi", offsets[1], int(compressed), 0, 0, 0)
    head = 20
    return b"qres" + struct.pack(">4i", 1, head, head + len(tree), head + len(tree) + len(blob)) + tree + blob + names


@pytest.mark.parametrize("compressed", [False, True])
def test_sounds_are_found_in_compiled_qt_resources(compressed: bool):
    assert list(of_qt_resources(qt_resources(b"OggS and so on", compressed))) == [("/a/b.ogg", b"OggS and so on")]


def zip_file(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "OggS and so on")
    return path


def test_sounds_of_a_packages_zip_file_are_kept_and_nothing_else(tmp_path: Path):
    zip_file(tmp_path / "sounds.zip", "a/bell.ogg", "a/readme.txt")
    (tmp_path / "copyright").touch()
    keep_sounds(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "sounds.zip.unpacked/a/bell.ogg"]


def test_a_packages_zip_file_with_a_path_outside_is_refused(tmp_path: Path):
    zip_file(tmp_path / "sounds.zip", "good.ogg", "../bell.ogg")
    with pytest.raises(ArchiveRefused):
        keep_sounds(tmp_path)
    assert not list(tmp_path.rglob("*.ogg"))


def test_sounds_are_found_in_openttds_file():
    wave = b"RIFF" + struct.pack("<I", 4) + b"WAVE"
    entry = bytes([4]) + b"Cow\0" + wave
    content = struct.pack("<II", 8 | 1 << 31, len(wave)) + entry
    assert list(of_openttd_sounds(content)) == [("00.wav", wave)]


def test_other_files_are_no_qt_resources():
    with pytest.raises(ValueError, match="Qt"):
        list(of_qt_resources(b"PK\3\4" + bytes(40)))


def test_classes_stand_for_concepts_as_the_vocabulary_has_them():
    table = class_concepts()
    assert table.shape == (521, len(concepts()))
    assert table.sum(axis=1).max() == 1
    assert table.any(axis=0).sum() > 100


def small_space() -> TextSpace:
    wordings = torch.randn(len(concepts()), 3, TOKENS, WIDTH)
    return TextSpace(wordings.mean(1), wordings)


def small_examples() -> list[Example]:
    rng = np.random.default_rng(0)
    return [Example(str(i), (i % 4,), rng.random((2, 1 + i % 3, 1024)).astype(np.float16) + i % 4) for i in range(12)]


def small_options(steps: int) -> FittingOptions:
    return FittingOptions(LoopOptions(steps=steps, batch_size=8, learning_rate=3e-3, warmup_steps=1, ema_decay=0.999))


def test_our_own_training_lowers_the_loss_and_is_the_same_every_time(tmp_path: Path):
    space, examples, options = small_space(), small_examples(), small_options(12)
    untrained = build_aligner(space, YAMNET)
    trained = [fit(examples, space, YAMNET, options, tmp_path / str(take)) for take in range(2)]
    before, after = (
        fitting_loss(model.eval(), examples, space, options)(0, WHOLE).total.item() for model in (untrained, trained[0])
    )
    assert after < before
    for one, other in zip(trained[0].parameters(), trained[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    save_aligner(trained[0], tmp_path / "saved")
    assert sum(file.stat().st_size for file in (tmp_path / "saved").iterdir()) < 10_000_000


def test_an_untrained_aligner_believes_yamnet():
    model = build_aligner(small_space(), YAMNET).eval()
    dog = next(index for index, concept in enumerate(concepts()) if concept.name == "dog")
    classes = torch.zeros(1, 521)
    classes[0, 70] = 1.0  # 'Bark'
    assert model.concept_logits(torch.zeros(1, 1024), classes).argmax().item() == dog


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Eight tones of 0.3 to 5 s with captions."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    for index in range(8):
        times = np.arange(round((0.3 + 0.6 * index) * RATE)) / RATE
        soundfile.write(folder / f"{index}.flac", 0.3 * np.sin(2 * np.pi * 110 * (index + 1) * times), RATE)
    with (folder / CAPTIONS).open("w", newline="") as file:
        csv.writer(file).writerows([("file", "caption"), *((f"{i}.flac", "abc"[i % 3] + "|" + "cba"[i % 3]) for i in range(8))])
    return folder


def test_labels_become_words():
    assert caption_of("Gunshot_and_gunfire,Explosion") == "gunshot and gunfire, explosion"
    assert caption_of(["Keyboard_(musical)", "Music"]) == "keyboard musical, music"


def test_a_long_sound_is_cut_and_the_same_part_comes_again(sounds: Path):
    found = captioned_sounds(sounds, 2.0)
    assert len(found) == 8
    part, caption = found[7]
    assert len(part) == 2 * RATE
    assert caption in {"b", "b"[::-1]} | set("abc")
    np.testing.assert_array_equal(part, found[7][0])
    assert len(found[0][0]) == round(0.3 * RATE)
    assert not np.array_equal(part, replace(found, epoch=1)[7][0])


CONFIG = Path(__file__).parents[2] / "training" / "audio_aligner" / "configs" / "wav2vec2_bert.yaml"


class TinyRun:
    """The full training on tiny checkpoints of the real classes, from disk."""

    def __init__(self, folder: Path, sounds: Path) -> None:
        encoder = save_wav2vec2_bert(folder / "encoder", apply_spec_augment=True, mask_time_prob=0.1, mask_time_length=4)
        picture_model = save_picture_model(folder / "picture")
        self.options = replace(
            read_config(CONFIG, FullOptions),
            sounds=sounds,
            target=folder / "out",
            encoder=str(encoder.directory),
            text_model=str(picture_model.directory),
        )

    def training(self, folder: Path, **changes: Any) -> Training:
        torch.manual_seed(0)
        sizes: dict[str, Any] = {"steps": 2, "batch_size": 4, "learning_rate": 3e-3, "warmup_steps": 1}
        options = replace(self.options, loop=replace(self.options.loop, **(sizes | changes)))
        models = load_models(options.encoder, options.text_model)
        loop = TrainingLoop(models.encoder, options.loop, folder)
        return Training(models, captioned_sounds(options.sounds, SECONDS), options, loop)


@pytest.fixture
def tiny_run(tmp_path: Path, sounds: Path) -> TinyRun:
    return TinyRun(tmp_path, sounds)


def mean_loss(training: Training) -> float:
    """Over the first epoch, with nothing left to chance."""
    training.loop.model.eval()
    with torch.no_grad():
        return float(np.mean([training.loss_at(step, WHOLE).total.item() for step in range(2)]))


def test_two_steps_of_the_full_training_lower_the_loss_and_the_app_can_open_the_result(tiny_run: TinyRun, tmp_path: Path):
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

    training = tiny_run.training(tmp_path / "work")
    batch = training.batch_at(0, WHOLE)
    assert (batch.features.shape, batch.ids.shape) == ((4, 188, 160), (4, 48))
    sounds, texts = training.embeds(training.loop.model, batch)
    assert sounds.shape == texts.shape == (4, 47, texts.shape[-1])
    before = mean_loss(training)
    training.run()
    assert mean_loss(training) < before
    assert set(training.measure(training.loop.model)) == {"cosine", "euclidean", "mse"}
    assert Wav2Vec2BertModel.from_pretrained(tmp_path / "out").config.add_adapter
    assert SeamlessM4TFeatureExtractor.from_pretrained(tmp_path / "out").stride == 2


def test_a_resumed_training_masks_what_an_unbroken_one_masks(tiny_run: TinyRun, tmp_path: Path):
    changes = {"accumulation_steps": 2, "ema_decay": 0.9}
    unbroken = tiny_run.training(tmp_path / "unbroken", **changes)
    unbroken.run()
    stopped = tiny_run.training(tmp_path / "stopped", **changes)
    stopped.loop.model.train()
    stopped.loop.train_step(stopped.loss_at)
    stopped.loop.save()
    random.seed(1)
    np.random.seed(1)
    resumed = tiny_run.training(tmp_path / "stopped", **changes)
    assert resumed.loop.step == 1
    resumed.run()
    for expected, found in zip(unbroken.loop.parameters, resumed.loop.parameters, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_no_package_that_is_kept_apart_is_trained_on():
    names = {concept.name for concept in concepts()}
    kept_apart = rows(KEPT_APART)
    assert {row.package for row in kept_apart}.isdisjoint(row.package for row in rows())
    assert {concept for row in kept_apart for concept in row.concepts} <= names


def test_a_weight_is_calibrated_to_the_fraction_of_such_concepts_that_are_right():
    sounds = [
        KeptApart("", ("dog",), ("dog" if index % 10 < right else "cat",), (weight,), True)
        for right, weight in ((9, 0.98), (2, 0.4))
        for index in range(200)
    ]
    calibration = fit_calibration(sounds)
    assert calibration.prob(0.98) == pytest.approx(0.9, abs=0.03)
    assert calibration.prob(0.4) == pytest.approx(0.2, abs=0.03)
    assert calibration.prob(1.0) == calibration.prob(0.995)
