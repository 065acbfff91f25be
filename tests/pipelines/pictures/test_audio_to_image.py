"""From a clip to pictures along the full-size path, with tiny checkpoints of the real classes, saved and loaded from disk."""

from __future__ import annotations

import math
import threading
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.arrays import MAX_SEED
from models.cache.feature_store import FeatureStore
from models.errors import AudioscopeError, InvalidOption, JobStopped, UnknownModel
from pipelines.pictures.audio_to_image import audio_to_image, picture_segment, segment_concepts
from pipelines.pictures.errors import InvalidInitImage, TextWidthMismatch
from pipelines.pictures.options import Drawing, PictureOptions, PictureSettings
from pipelines.pictures.png_metadata import options_from_png, png_bytes
from services import Services
from tests.models.tiny_image_models import (
    SIDE,
    save_stable_diffusion_2_1,
    save_w2v_bert_aligner,
    with_drawing,
)
from tests.pipelines.language_models.language_bench import Bench, noise
from tests.pipelines.pictures.picture_bench import PictureBench
from tests.recordings import EXAMPLES

SD = "stable-diffusion-2-1"
WORDS = PictureOptions(model=SD, audio_weight=0.0, prompt="a dog", seed=5)
SOUND = PictureOptions(model=SD, seed=5)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> PictureBench:
    folder = tmp_path_factory.mktemp("pictures")
    return PictureBench(folder, noise(folder, 6.0))


def pixels(drawing: Drawing, number: int = 0) -> NDArray[np.uint8]:
    return np.asarray(drawing.pictures[number].image)


def test_text_draws_without_an_aligner_or_tags(bench: PictureBench) -> None:
    bench.cache.clear()
    drawing = bench.draw(WORDS)
    assert bench.loaded() == {"Stable Diffusion 2.1", "Tiny AutoEncoder for Stable Diffusion"}
    assert (drawing.prompt, drawing.concepts, drawing.model) == ("a dog", (), bench.spec.title)
    assert pixels(drawing).shape == (SIDE, SIDE, 3)


def test_audio_alone_draws_without_tags(bench: PictureBench) -> None:
    bench.cache.clear()
    drawing = bench.draw(replace(SOUND, start=1.0, end=4.0))
    assert "Model tags" not in bench.loaded()
    assert len(drawing.concepts) == 5
    assert (drawing.start, drawing.end, drawing.prompt) == (1.0, 4.0, "")
    assert drawing.licence == ", ".join(dict.fromkeys(bench.specs[number].licence for number in (0, 4)))


def test_a_written_prompt_is_blended_with_the_sound_of_the_salient_window(bench: PictureBench) -> None:
    direct, fused = (bench.draw(replace(SOUND, audio_weight=weight)) for weight in (1.0, 0.5))
    words = bench.draw(replace(SOUND, audio_weight=0.0, start=fused.start, end=fused.end))
    assert fused.prompt == words.prompt != ""
    assert fused.concepts == direct.concepts
    assert math.isclose(fused.end - fused.start, 3.75)
    assert (fused.start, fused.end) == picture_segment(bench.clip, SOUND, bench.runtime)
    assert len({pixels(drawing).tobytes() for drawing in (direct, fused, words)}) == 3


def test_words_take_over_where_the_first_concept_is_probably_wrong(bench: PictureBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.pictures.audio_to_image.first_concept_prob", lambda concepts, aligner: 0.4)
    unsure = bench.draw(replace(SOUND, start=1.0, end=4.0))
    settings = unsure.pictures[0].settings
    assert unsure.is_unsure and unsure.concepts and not unsure.drawn_concepts
    assert (settings.audio_weight, settings.aligner, settings.concepts) == (0.0, "", ())
    assert settings.prompt == unsure.prompt != ""
    words = bench.draw(settings.options())
    assert np.array_equal(pixels(words), pixels(unsure))
    own_words = bench.draw(replace(SOUND, prompt="a dog"))
    assert own_words.prompt == "a dog"


def test_extra_prompt_style_and_negative_prompt_change_what_is_drawn_from_sound_alone(bench: PictureBench) -> None:
    plain = bench.draw(SOUND)
    for changed in ({"extra_prompt": "red"}, {"style": "sketch"}, {"negative_prompt": "blue"}, {"audio_guidance": 1.5}):
        assert not np.array_equal(pixels(bench.draw(replace(SOUND, **changed))), pixels(plain)), changed


def test_concepts_can_be_asked_for_alone(bench: PictureBench) -> None:
    drawing = bench.draw(SOUND)
    assert segment_concepts(bench.clip, SOUND, bench.runtime) == (drawing.start, drawing.end, drawing.concepts)


@pytest.mark.parametrize("polls", range(3))
def test_the_search_for_a_segment_and_its_concepts_ends_at_any_poll(bench: PictureBench, polls: int) -> None:
    answers = iter([False] * polls)
    with pytest.raises(JobStopped):
        segment_concepts(bench.clip, SOUND, bench.runtime, lambda: next(answers, True))


def test_a_repeated_clip_is_not_encoded_again(bench: PictureBench) -> None:
    bench.draw(SOUND)
    bench.cache.clear()
    bench.draw(replace(SOUND, seed=6))
    assert bench.loaded() == {"Stable Diffusion 2.1", "Tiny AutoEncoder for Stable Diffusion"}


def test_pictures_are_the_same_alone_and_among_others_to_the_bit(bench: PictureBench) -> None:
    several = bench.draw(replace(WORDS, pictures=3))
    assert [picture.seed for picture in several.pictures] == [5, 6, 7]
    for number in range(3):
        assert np.array_equal(pixels(bench.draw(replace(WORDS, seed=5 + number))), pixels(several, number))


def test_a_random_seed_is_reported_and_draws_the_same_again(bench: PictureBench) -> None:
    first = bench.draw(replace(WORDS, seed=None))
    assert np.array_equal(pixels(bench.draw(replace(WORDS, seed=first.pictures[0].seed))), pixels(first))


@pytest.mark.parametrize(
    "options",
    [
        WORDS,
        replace(SOUND, audio_weight=0.4, extra_prompt="red", style="sketch", negative_prompt="blue", audio_guidance=1.2),
        replace(WORDS, scheduler="Euler", steps=5, guidance_scale=3.0, width=48, height=24, fast=True),
        replace(WORDS, init_image=Image.new("RGBA", (70, 40), (0, 200, 0, 128)), strength=0.7),
    ],
    ids=["words", "fused", "settings", "initial image"],
)
def test_the_settings_draw_the_picture_again_to_the_bit(bench: PictureBench, options: PictureOptions) -> None:
    first = bench.draw(options)
    again = bench.draw(first.pictures[0].settings.options())
    assert np.array_equal(pixels(again), pixels(first))
    assert again.pictures[0].settings == first.pictures[0].settings


def test_the_settings_name_all_that_took_part(bench: PictureBench) -> None:
    settings = bench.draw(SOUND).pictures[0].settings
    assert (settings.model, settings.model_title, settings.model_revision) == (SD, "Stable Diffusion 2.1", "c0ffee")
    assert (settings.aligner, settings.aligner_revision) == ("w2v-bert-aligner", "c0ffee")
    assert (settings.clip_name, settings.clip_hash) == ("noise.wav", bench.clip.content_hash)
    assert settings.prompt is None
    assert len(settings.concepts) == 5


def test_every_option_that_decides_the_picture_is_among_the_settings() -> None:
    kept = {field.name for field in fields(PictureSettings)}
    assert {field.name for field in fields(PictureOptions)} - kept == {"pictures", "preview_every"}


def test_previews_come_at_the_first_step_and_then_as_often_as_was_asked(bench: PictureBench) -> None:
    for every, expected in ((0, set()), (1, {1, 2, 3, 4, 5}), (2, {1, 2, 4}), (3, {1, 3})):
        steps, last = set(), None
        for now in bench.snapshots(replace(WORDS, steps=6, preview_every=every)):
            if now.preview is not last and now.preview is not None and not now.pictures:
                steps.add(now.step)
                assert now.preview.size == (SIDE, SIDE)
            last = now.preview
        assert steps == expected


def test_a_stop_keeps_the_preview_and_gives_the_models_back(bench: PictureBench) -> None:
    stopped = threading.Event()
    last = Drawing()
    for last in bench.snapshots(replace(WORDS, steps=50), stopped.is_set):
        if last.step >= 3:
            stopped.set()
    assert last.state == "stopped"
    assert last.step < 50
    assert last.preview is not None
    assert last.pictures == ()
    with bench.cache.lease(bench.spec):
        pass


def test_a_closed_generator_gives_the_models_back(bench: PictureBench) -> None:
    snapshots = bench.snapshots(replace(WORDS, steps=50))
    for now in snapshots:
        if now.step == 2:
            break
    snapshots.close()  # type: ignore[attr-defined]
    with bench.cache.lease(bench.spec):
        pass


def test_an_error_while_drawing_gives_the_models_back(bench: PictureBench) -> None:
    with bench.cache.lease(bench.spec) as (pipeline,):
        bias = pipeline.vae.decoder.conv_out.bias
    kept = bias.detach().clone()
    bias.data.fill_(float("nan"))
    try:
        with pytest.raises(AudioscopeError, match="is empty"):
            list(bench.snapshots(WORDS))
    finally:
        bias.data.copy_(kept)
    assert bench.is_free()
    bench.draw(WORDS)


def test_turbo_and_lcm_are_drawn_along_the_same_path(bench: PictureBench) -> None:
    assert bench.draw(replace(SOUND, model="sd-turbo")).steps == 2
    lcm = bench.draw(replace(SOUND, model="lcm-dreamshaper-v7"))
    assert lcm.steps == 2
    assert pixels(lcm).std() > 5


def test_fast_takes_a_model_that_is_made_for_few_steps(bench: PictureBench) -> None:
    assert bench.draw(PictureOptions(seed=1)).model.startswith("Stable Diffusion 2.1, ")
    fast = bench.draw(PictureOptions(seed=1, fast=True))
    assert fast.model.startswith("SD Turbo, ")
    assert fast.steps == 2
    assert bench.draw(replace(WORDS, fast=True)).steps == 2


def test_an_init_image_is_drawn_over(bench: PictureBench) -> None:
    red = replace(WORDS, init_image=Image.new("RGB", (100, 60), "red"), steps=10)
    drawing = bench.draw(replace(red, strength=0.5))
    assert drawing.steps == 5
    assert drawing.pictures[0].settings.init_image is not None
    assert drawing.pictures[0].settings.init_image.size == (SIDE, SIDE)


def broken_picture(folder: Path) -> Image.Image:
    """Its file ends in the middle."""
    file = folder / "broken.png"
    Image.effect_noise((200, 200), 80).save(file)
    file.write_bytes(file.read_bytes()[:2000])
    return Image.open(file)


REFUSED = [
    ({"audio_weight": 1.5}, "audio weight"),
    ({"audio_weight": math.nan}, "audio weight"),
    ({"audio_guidance": -1.0}, "audio guidance"),
    ({"steps": 0}, "steps"),
    ({"steps": 1000}, "steps"),
    ({"steps": 60, "scheduler": "LCM"}, "steps"),
    ({"guidance_scale": 100.0}, "guidance scale"),
    ({"width": 33}, "width"),
    ({"width": 8}, "width"),
    ({"height": 4096}, "height"),
    ({"scheduler": "Magic"}, "scheduler"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**40}, "seed"),
    ({"pictures": 0}, "number of pictures"),
    ({"preview_every": -1}, "preview"),
    ({"start": -1.0}, "segment"),
    ({"start": 5.0, "end": 2.0}, "segment"),
    ({"start": 100.0}, "segment"),
    ({"prompt": "dog " * 1000}, "prompt"),
    ({"extra_prompt": "x" * 3000}, "extra prompt"),
    ({"negative_prompt": "x" * 3000}, "negative prompt"),
    ({"style": "x" * 3000}, "style"),
    ({"init_image": Image.new("RGB", (8, 8)), "strength": 0.0}, "strength"),
    ({"strength": 2.0}, "strength"),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED, ids=[f"{name}-{n}" for n, (_, name) in enumerate(REFUSED)])
def test_a_bad_option_is_named_before_a_model_is_touched(bench: PictureBench, changes: dict[str, Any], named: str) -> None:
    bench.cache.clear()
    with pytest.raises(InvalidOption, match=f"^The option {named} cannot be [^\n]*[.]$"):
        next(bench.snapshots(replace(SOUND, **changes)))
    assert bench.loaded() == set()


def test_an_init_image_that_is_broken_or_huge_is_refused(bench: PictureBench, tmp_path: Path) -> None:
    for picture, why in ((broken_picture(tmp_path), "file is damaged"), (Image.new("1", (10_000, 10_000)), "10000 by 10000")):
        with pytest.raises(InvalidInitImage, match=why):
            next(bench.snapshots(replace(WORDS, init_image=picture)))


def test_models_that_are_unknown_or_do_not_belong_together_are_refused(bench: PictureBench, tmp_path: Path) -> None:
    for options in (replace(SOUND, model="nothing"), replace(SOUND, aligner="nothing")):
        with pytest.raises(UnknownModel, match="nothing"):
            next(bench.snapshots(options))
    wide = with_drawing(save_stable_diffusion_2_1(tmp_path / "wide"), text_width=999)
    other = Bench(wide, save_w2v_bert_aligner(tmp_path / "aligner"))
    with pytest.raises(TextWidthMismatch):
        next(
            audio_to_image(
                bench.clip, replace(SOUND, aligner="w2v-bert-aligner"), replace(other.runtime, features=FeatureStore(1))
            )
        )


@pytest.mark.models
def test_the_tiny_model_draws_something_from_a_recording(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "speech.flac")
    *_, drawing = audio_to_image(clip, PictureOptions(seed=1, style="flat style"), services.runtime)
    assert drawing.state == "done"
    assert "tiny offline model" in drawing.model
    image = drawing.pictures[0].image
    assert image.size == (384, 384)
    assert np.asarray(image).std() > 10
    assert drawing.concepts
    *_, again = audio_to_image(clip, drawing.pictures[0].settings.options(), services.runtime)
    assert np.array_equal(np.asarray(again.pictures[0].image), np.asarray(image))


def test_words_beyond_the_limit_of_the_text_encoder_are_named(bench: PictureBench) -> None:
    words = "dog " * 100
    cut = bench.draw(replace(WORDS, prompt=f"{words}and a bright red balloon", negative_prompt=f"{words}blurry"))
    assert cut.prompt_overflow.endswith("dog and a bright red balloon")
    assert cut.negative_prompt_overflow.endswith("dog blurry")
    kept = cut.pictures[0].settings.prompt or ""
    without = bench.draw(replace(WORDS, prompt=kept.removesuffix(cut.prompt_overflow), negative_prompt=words))
    assert np.array_equal(pixels(cut), pixels(without)), "what is named has no effect"
    whole = bench.draw(WORDS)
    assert (whole.prompt_overflow, whole.negative_prompt_overflow) == ("", "")


def test_seeds_after_the_last_one_begin_at_0_and_every_png_is_restored(bench: PictureBench) -> None:
    options = PictureOptions(seed=MAX_SEED, pictures=3, audio_weight=0, prompt="dog")
    pictures = bench.draw(options).pictures
    assert [picture.seed for picture in pictures] == [MAX_SEED, 0, 1]
    assert [options_from_png(png_bytes(picture)).seed for picture in pictures] == [MAX_SEED, 0, 1]
