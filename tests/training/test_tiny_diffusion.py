"""The training of the small Stable Diffusion, on tiny sizes, and the weights that it made."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.loop.batches import Shard
from training.loop.config import read_config
from training.loop.options import LoopOptions
from training.loop.training_loop import TrainingLoop
from training.tiny_diffusion.__main__ import Recipe
from training.tiny_diffusion.autoencoder import (
    LATENT_CHANNELS,
    autoencoder_loss,
    build_autoencoder,
    decoder_loss,
    decoder_of,
    encode,
    normalise_latents,
)
from training.tiny_diffusion.captions import caption
from training.tiny_diffusion.concepts import STYLES, concepts
from training.tiny_diffusion.contact_sheet import SHIPPED, SheetOptions, draw_prompts
from training.tiny_diffusion.dataset import Dataset, Item
from training.tiny_diffusion.diffusion import Latents, NetworkOptions, build_text_to_latents, diffusion_loss, redrawn, resampled
from training.tiny_diffusion.evaluate import recognition
from training.tiny_diffusion.further import Further, drawing_errors
from training.tiny_diffusion.pictures import DRAWINGS, Picture, Variation, make_scene, make_variant, shaded
from training.tiny_diffusion.pipeline import build_pipeline, load_pipeline, save_pipeline
from training.tiny_diffusion.recognition import Recogniser, perceptual_distance, train_recogniser
from training.tiny_diffusion.renderings import SPRITE, Sprites, render_varied
from training.tiny_diffusion.tokenizer import TEXT_LENGTH, build_tokenizer, tokenize

SHIPPED_RECIPE = Path(__file__).parents[2] / "training" / "tiny_diffusion" / "configs" / "shipped.yaml"
LOOP = LoopOptions(steps=2, batch_size=8, learning_rate=3e-3, warmup_steps=1, ema_decay=0.999, mixed_precision="bf16")
WHOLE = Shard(0, 1)
TINY = NetworkOptions(text_width=32, text_layers=1, channels=(16, 32), latent_side=4, groups=8)
ITEMS = tuple(Item((concept.name,), style.name, "blue", 1.0) for concept in concepts()[:6] for style in STYLES)


@pytest.fixture(autouse=True)
def _same_weights_in_every_test() -> None:
    torch.manual_seed(0)


@pytest.fixture
def latents() -> Latents:
    shape = (len(ITEMS), LATENT_CHANNELS, TINY.latent_side, TINY.latent_side)
    return Latents(ITEMS, torch.randn(shape), torch.full(shape, 0.1))


def test_there_are_enough_concepts_and_each_is_well_formed():
    assert len(concepts()) >= 120
    for concept in concepts():
        assert concept.name and concept.category and concept.words
        assert concept.icons or concept.drawing
        assert concept.name == concept.name.lower()
    assert len(STYLES) >= 2


def test_no_word_belongs_to_two_concepts():
    words = Counter(word for concept in concepts() for word in (concept.name, *concept.words))
    assert [word for word, count in words.items() if count > 1] == []


def test_every_drawing_is_used_and_there():
    drawn = {concept.drawing for concept in concepts() if concept.drawing}
    assert {file.stem for file in DRAWINGS.glob("*.svg")} == drawn


def test_variants_of_a_picture_differ_and_scenes_hold_both():
    pytest.importorskip("resvg_py")
    rng = random.Random(0)
    square = '<rect width="10" height="10" fill="#{}"/>'
    red, green = (Picture(concepts()[0], "twemoji", square.format(colour), (0, 0, 10, 10)) for colour in ("ff0000", "00ff00"))
    first, second = (make_variant(red, Variation(), rng) for _ in range(2))
    assert first.pixels.shape == (96, 96, 3)
    assert (first.pixels != second.pixels).any()
    scene = make_scene(red, green, rng).pixels
    assert scene[48, 24].tolist() == [255, 0, 0]
    assert scene[48, 72].tolist() == [0, 255, 0]


def test_a_shaded_drawing_has_a_gradient_for_every_fill():
    body = shaded('<path fill="#808080"/><path fill="#102030"/>')
    assert body.count("<linearGradient") == 2
    assert 'fill="url(#fill-808080)"' in body


def test_renderings_differ_in_place_and_colour_and_keep_to_the_range():
    sprite = torch.full((1, 4, SPRITE, SPRITE), 255, dtype=torch.uint8)
    sprite[0, 3, :, SPRITE // 2 :] = 0
    sprites = Sprites(sprite, torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.bool))
    pictures = render_varied(sprites, torch.zeros(8, dtype=torch.long), torch.Generator().manual_seed(0))
    assert pictures.shape == (8, 3, 96, 96)
    assert pictures.abs().max() <= 1
    assert len({picture.numpy().tobytes() for picture in pictures}) == 8


def test_pictures_that_look_alike_are_perceptually_nearer_than_others():
    model, rng = Recogniser().eval(), torch.Generator().manual_seed(0)
    picture, other = torch.rand(2, 1, 3, 96, 96, generator=rng).mul(2).sub(1)
    same, near, far = (perceptual_distance(model, picture, seen).item() for seen in (picture, 0.9 * picture + 0.1 * other, other))
    assert same == 0
    assert near < far


def test_a_recogniser_learns_from_few_renderings(tmp_path: Path):
    rng = torch.Generator().manual_seed(0)
    sprites = Sprites(
        torch.randint(0, 256, (4, 4, SPRITE, SPRITE), dtype=torch.uint8, generator=rng),
        torch.arange(4),
        torch.ones(4, dtype=torch.bool),
    )
    model = train_recogniser(sprites, LOOP, tmp_path / "recogniser")
    pictures = torch.randint(0, 256, (1, len(concepts()), 32, 32, 3), dtype=torch.uint8, generator=rng)
    found = recognition(model, pictures)
    assert 0 <= found.accuracy <= 1 and set(found.concept_accuracy) == {concept.name for concept in concepts()}
    assert all(found.concept_accuracy[name] == 0 for name in found.worst[:1])


def test_a_picture_is_far_from_its_drawing_if_it_shows_something_else():
    names = [concept.name for concept in concepts()]
    pixels = torch.zeros(len(names), 96, 96, 3, dtype=torch.uint8)
    data = Dataset(tuple(Item((name,), "noto", "blue", 1.0) for name in names), pixels)
    drawn = pixels.clone()
    drawn[3] = 255
    errors = drawing_errors(drawn, data)
    assert errors.nonzero().flatten().tolist() == [3]


def test_a_further_training_sees_the_worst_concepts_most_often_and_scenes_as_before(latents: Latents):
    items = (Item(("dog",), "noto", "blue", 0.1), Item(("cat",), "noto", "blue", 0.1), Item(("dog", "cat"), "noto", "blue", 0.2))
    weighted = resampled(Latents(items, latents.means[:3], latents.deviations[:3]), {"dog": 3.0, "cat": 1.0})
    assert [item.weight for item in weighted.items] == pytest.approx([0.3, 0.1, 0.2])


def test_redrawn_latents_are_the_models_own_and_those_of_scenes_stay():
    tokenizer = build_tokenizer(ITEMS, vocabulary=300)
    pipeline = build_pipeline(build_autoencoder((8, 16), size=8), build_text_to_latents(tokenizer, TINY).eval(), tokenizer)
    items = (ITEMS[0], Item(("dog", "cat"), "noto", "blue", 1.0))
    shape = (2, LATENT_CHANNELS, TINY.latent_side, TINY.latent_side)
    latents = Latents(items, torch.randn(shape), torch.full(shape, 0.1))
    own = redrawn(pipeline, latents, torch.Generator().manual_seed(0))
    assert torch.equal(own[1], latents.means[1])
    assert own[0].isfinite().all() and not torch.equal(own[0], latents.means[0])


def test_captions_name_the_style_that_they_ask_for():
    rng = random.Random(0)
    captions = {caption(ITEMS[0], rng) for _ in range(200)}
    assert len(captions) > 50
    assert any(text.endswith("shaded style") for text in captions)
    assert not any("flat style" in text for text in captions)


def test_a_scene_is_reported_with_both_names():
    scene = Item(("dog", "piano"), "noto", "blue", 1.0)
    words = {concept.name: (concept.name, *concept.words) for concept in concepts()}
    text = caption(scene, random.Random(0))
    assert all(any(word in text for word in words[name]) for name in scene.concepts)


def test_the_tokenizer_knows_its_words_and_fills_up_with_the_end():
    tokenizer = build_tokenizer(ITEMS, vocabulary=300)
    ids = tokenize(tokenizer, ["a dog barking", "", "qqq zzz"])
    assert ids.shape == (3, TEXT_LENGTH)
    assert ids[1].tolist() == [tokenizer.bos_token_id, *[tokenizer.eos_token_id] * (TEXT_LENGTH - 1)]
    assert tokenizer.eos_token_id in ids[2].tolist()[3:]


def test_the_autoencoder_learns_and_its_latents_become_standard_normal(tmp_path: Path):
    pixels = torch.randint(0, 256, (8, 16, 16, 3), dtype=torch.uint8)
    loop = TrainingLoop(build_autoencoder((8, 16), size=16), LOOP, tmp_path)
    loss_at = autoencoder_loss(loop.model, pixels, LOOP)
    untrained = loss_at(0, WHOLE).total.item()
    loop.run(loss_at)
    assert loss_at(0, WHOLE).total.item() < untrained
    model = loop.averaged()
    before = model.decode(encode(model, pixels)[0]).sample
    normalise_latents(model, pixels)
    means, deviations = encode(model, pixels)
    whole = means.var((0, 2, 3)) + deviations.square().mean((0, 2, 3))
    torch.testing.assert_close(whole, torch.ones(LATENT_CHANNELS), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(model.decode(means).sample, before, atol=1e-3, rtol=1e-3)


def test_the_decoder_alone_is_trained_on_noisy_latents(tmp_path: Path):
    pixels = torch.randint(0, 256, (8, 16, 16, 3), dtype=torch.uint8)
    model = build_autoencoder((8, 16), size=16)
    latents, _ = encode(model, pixels)
    loop = TrainingLoop(decoder_of(model), LOOP, tmp_path)
    critic = Recogniser().eval().requires_grad_(False)
    loss_at = decoder_loss(model, pixels, encode(model, pixels)[0], LOOP, critic)
    untrained = loss_at(0, WHOLE).total.item()
    loop.run(loss_at)
    assert loss_at(0, WHOLE).total.item() < untrained
    torch.testing.assert_close(encode(model, pixels)[0], latents, rtol=0, atol=0)


def test_two_steps_lower_the_loss_and_draw_what_a_divided_batch_draws(latents: Latents, tmp_path: Path):
    tokenizer = build_tokenizer(ITEMS, vocabulary=300)
    loop = TrainingLoop(build_text_to_latents(tokenizer, TINY), LOOP, tmp_path)
    still = replace(TINY, text_noise=0.0)
    loss_at = diffusion_loss(loop.model, tokenizer, latents, still, LOOP)
    before = loss_at(0, WHOLE).total.item()
    assert before == pytest.approx(sum(loss_at(0, Shard(index, 3)).total.item() for index in range(3)), rel=1e-4)
    loop.run(loss_at)
    assert loss_at(0, WHOLE).total.item() < before


def test_the_shipped_recipe_is_a_config():
    assert read_config(SHIPPED_RECIPE, Recipe).loop.steps == 13_000


def test_the_further_recipe_goes_on_from_the_shipped_weights():
    recipe = read_config(SHIPPED_RECIPE.with_name("further.yaml"), Further)
    assert recipe.start == recipe.target == SHIPPED


def test_a_saved_pipeline_draws_again_and_keeps_the_model_card(tmp_path: Path):
    tokenizer = build_tokenizer(ITEMS, vocabulary=300)
    (tmp_path / "README.md").write_text("model card")
    model = build_text_to_latents(tokenizer, TINY).eval()
    save_pipeline(build_pipeline(build_autoencoder((8, 16), size=8).eval(), model, tokenizer), tmp_path)
    (image,) = draw_prompts(load_pipeline(tmp_path), ["a dog"], SheetOptions(steps=2))
    assert image.size == (8, 8)
    assert (tmp_path / "README.md").read_text() == "model card"


def test_the_shipped_files_are_small_and_tell_nothing_of_the_machine():
    files = [file for file in SHIPPED.rglob("*") if file.is_file()]
    assert files
    assert max(file.stat().st_size for file in files) < 10_000_000
    for file in files:
        if file.suffix == ".json":
            assert not re.search(r'"(?:/|[A-Z]:)\w', file.read_text(encoding="utf-8")), f"{file.name} holds an absolute path"


@pytest.mark.models
def test_the_shipped_weights_draw_the_same_from_text_and_from_its_embeddings():
    pipeline = load_pipeline(SHIPPED)
    tokens = tokenize(pipeline.tokenizer, ["dog barking", ""])
    with torch.no_grad():
        text, nothing = pipeline.text_encoder(tokens)[0].split(1)
    assert text.shape == (1, TEXT_LENGTH, pipeline.unet.config.cross_attention_dim)

    def draw(**inputs: object) -> torch.Tensor:
        rng = torch.Generator().manual_seed(0)
        return pipeline(**inputs, num_inference_steps=4, guidance_scale=3.0, generator=rng, output_type="pt").images

    from_text, from_embeddings = draw(prompt="dog barking"), draw(prompt_embeds=text, negative_prompt_embeds=nothing)
    assert from_text.shape == (1, 3, 96, 96)
    assert torch.equal(from_text, from_embeddings)
