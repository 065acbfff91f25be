"""PNG files with the settings inside: every setting comes back, and nothing that is hostile does harm."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.arrays import MAX_SEED
from models.specs.image import IMAGE_MODELS, drawing_defaults
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.errors import InvalidPictureFile
from pipelines.pictures.files.png_file import INIT_IMAGE_CHUNK, MAX_FILE_BYTES, MAX_SIDE, MAX_STORED_PIXELS, SIGNATURE
from pipelines.pictures.options import (
    SCHEDULERS,
    Picture,
    PictureOptions,
    PictureSettings,
)
from pipelines.pictures.png_metadata import (
    A1111_KEYWORD,
    OWN_KEYWORD,
    a1111_parameters,
    options_from_png,
    picture_from_png,
    png_bytes,
)
from services import Services
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT, header_of
from tests.recordings import EXAMPLES

IMAGE = Image.linear_gradient("L").resize((16, 16)).convert("RGB")
TEXT = st.text(max_size=60)
SHARE = st.floats(0, 1)
SECONDS = st.floats(0, 10_000, allow_subnormal=False)


@st.composite
def settings_of_pictures(draw: st.DrawFn) -> PictureSettings:
    """Any settings that a picture can have."""
    start, end = sorted(draw(st.lists(SECONDS, min_size=2, max_size=2, unique=True)))
    known: dict[str, Any] = {
        "start": st.just(start),
        "end": st.just(end),
        "audio_weight": SHARE,
        "audio_guidance": st.floats(0, 10),
        "prompt": st.none() | TEXT,
        "concepts": st.lists(TEXT, max_size=5).map(tuple),
        "steps": st.integers(1, 150),
        "guidance_scale": st.floats(0, 30),
        "width": st.integers(8, 128).map(lambda n: 8 * n),
        "height": st.integers(8, 128).map(lambda n: 8 * n),
        "scheduler": st.sampled_from(["", *SCHEDULERS]),
        "seed": st.integers(0, MAX_SEED),
        "init_image": st.none(),
        "strength": SHARE,
        "fast": st.booleans(),
    }
    return PictureSettings(**{field.name: draw(known.get(field.name, TEXT)) for field in fields(PictureSettings)})


SETTINGS = replace(
    DRAWN_FROM_TEXT,
    aligner="tiny-aligner",
    aligner_title="Audioscope tiny aligner",
    aligner_revision="1",
    clip_name="Hündin, 犬.ogg",
    end=2.25,
    audio_weight=0.4,
    concepts=("dog", "wolf"),
    extra_prompt="in the\nrain",
    negative_prompt="cat",
    style="flat style",
    steps=14,
    height=64,
    scheduler="Euler ancestral",
)


def png_with(*chunks: tuple[str, str], compressed: bool = False, start: bytes | None = None) -> bytes:
    """A small PNG with text chunks, and with what stands where an initial image would."""
    info = PngInfo()
    for keyword, text in chunks:
        info.add_text(keyword, text, zip=compressed)
    if start is not None:
        info.add(INIT_IMAGE_CHUNK, start)
    file = BytesIO()
    IMAGE.save(file, "PNG", pnginfo=info)
    return file.getvalue()


def stored(init_image: Image.Image | None = None, /, **changes: Any) -> str:
    """The JSON of a good picture, drawn from an initial image, with changed settings."""
    text = Image.open(BytesIO(png_bytes(Picture(IMAGE, 7, replace(SETTINGS, init_image=init_image))))).info[OWN_KEYWORD]
    content = json.loads(text)
    content["settings"] |= changes
    return json.dumps(content)


def noise(width: int, height: int) -> Image.Image:
    """A picture whose every bit tells."""
    levels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


def bare_png(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def refusal(source: bytes | str | Path) -> str:
    """The one sentence of the error."""
    with pytest.raises(InvalidPictureFile) as error:
        options_from_png(source)
    assert str(error.value).count("\n") == 0
    return str(error.value)


@given(settings_of_pictures())
@settings(max_examples=60, deadline=None)
def test_every_setting_comes_back(made: PictureSettings) -> None:
    restored = picture_from_png(png_bytes(Picture(IMAGE, made.seed, made)))
    assert restored.settings == made
    assert not restored.init_image_lost
    assert options_from_png(png_bytes(Picture(IMAGE, made.seed, made))) == made.options()


def test_an_init_image_comes_back_to_the_bit(tmp_path: Path) -> None:
    made = replace(SETTINGS, init_image=noise(96, 64), strength=0.35)
    file = tmp_path / "picture.png"
    file.write_bytes(png_bytes(Picture(IMAGE, 7, made)))
    restored = picture_from_png(file)
    assert restored.settings == made and not restored.init_image_lost
    assert options_from_png(str(file)) == made.options()
    assert png_bytes(Picture(IMAGE, 7, restored.settings)) == file.read_bytes()
    assert file.stat().st_size < len(bare_png(IMAGE)) + 96 * 64 * 3 + 2_500, "the pixels once, and the settings"
    with Image.open(file) as shown:
        assert shown.size == IMAGE.size and shown.tobytes() == IMAGE.tobytes()


@pytest.mark.models
def test_a_picture_with_a_init_image_is_drawn_again_from_its_file(services: Services) -> None:
    clip = services.clips.open(EXAMPLES / "blackbird.ogg")
    first = PictureOptions(steps=4, width=72, height=64, init_image=noise(300, 200), strength=0.5)
    files: list[bytes] = []
    for options in (lambda: first, lambda: options_from_png(files[0])):
        *_, done = audio_to_image(clip, options(), services.runtime)
        files.append(png_bytes(done.pictures[0]))
    assert files[0] == files[1]


def test_an_init_image_that_another_program_dropped_is_missed() -> None:
    rest = png_with((OWN_KEYWORD, stored(noise(96, 64))))
    restored = picture_from_png(rest)
    assert restored.init_image_lost and restored.settings == SETTINGS
    assert "its initial image was taken out" in refusal(rest)


def test_an_init_image_that_the_settings_do_not_know_of_is_left_alone() -> None:
    assert options_from_png(png_with((OWN_KEYWORD, stored()), start=b"anything")) == SETTINGS.options()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG",
        b"GIF89a" + bytes(100),
        bare_png(noise(96, 64))[:-2_000],
        bare_png(noise(64, 96)),
        bare_png(noise(96, 72)),
        bare_png(noise(96, 64).rotate(180)),
        bare_png(noise(96, 64).convert("L")),
    ],
    ids=["nothing", "a beginning", "another format", "cut off", "turned", "another size", "another picture", "without colours"],
)
def test_an_init_image_that_is_not_the_one_is_refused(content: bytes) -> None:
    assert "its initial image is damaged" in refusal(png_with((OWN_KEYWORD, stored(noise(96, 64))), start=content))


def test_a_huge_init_image_is_not_decoded() -> None:
    start = noise(96, 64)
    side = {"width": MAX_SIDE, "height": MAX_SIDE}
    bomb = header_of(MAX_SIDE, MAX_SIDE)
    assert "initial image is larger" in refusal(png_with((OWN_KEYWORD, stored(start, **side)), start=bomb))
    for size in (MAX_SIDE, 2**31 - 1):
        assert "damaged" in refusal(png_with((OWN_KEYWORD, stored(start)), start=header_of(size, size)))


def test_every_model_draws_less_than_the_largest_init_image() -> None:
    sides = [drawing_defaults(spec).largest for spec in IMAGE_MODELS if spec.task == "draw_pictures"]
    assert sides and max(sides) ** 2 <= MAX_STORED_PIXELS


def test_the_picture_is_untouched() -> None:
    image = Image.open(BytesIO(png_bytes(Picture(IMAGE, 7, SETTINGS))))
    assert image.mode == "RGB" and image.tobytes() == IMAGE.tobytes()


def test_other_tools_read_the_settings() -> None:
    text = Image.open(BytesIO(png_bytes(Picture(IMAGE, 7, SETTINGS)))).info[A1111_KEYWORD]
    assert text == (
        "dog barking, in the rain, flat style\n"
        "Negative prompt: cat\n"
        "Steps: 14, Sampler: Euler a, CFG scale: 4, Seed: 7, Size: 96x64, Model: tiny-diffusion, Version: Audioscope"
    )


def test_a_sound_without_words_is_described_by_its_concepts() -> None:
    bare = replace(SETTINGS, prompt=None, extra_prompt="", style="", negative_prompt="", scheduler="", init_image=IMAGE)
    assert a1111_parameters(bare) == (
        "the sound of dog, wolf\n"
        "Steps: 14, CFG scale: 4, Seed: 7, Size: 96x64, Model: tiny-diffusion, Denoising strength: 0.6, Version: Audioscope"
    )


def test_half_a_surrogate_pair_is_replaced() -> None:
    restored = picture_from_png(png_bytes(Picture(IMAGE, 7, replace(SETTINGS, clip_name="a\ud800.ogg", prompt="\udfff"))))
    assert restored.settings == replace(SETTINGS, clip_name="a?.ogg", prompt="?")


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"GIF89a" + bytes(100), SIGNATURE + bytes(100), b"RIFF" + bytes(40)])
def test_what_is_no_png_is_refused(content: bytes) -> None:
    assert "PNG" in refusal(content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "broken" in refusal(tmp_path / "nothing.png")
    assert "broken" in refusal("no\0path")


def test_a_png_without_settings_is_refused() -> None:
    assert "no settings" in refusal(png_with())
    assert "no settings" in refusal(png_with((A1111_KEYWORD, "a dog\nSteps: 20")))


def test_a_cut_off_png_is_refused() -> None:
    whole = png_bytes(Picture(IMAGE, 7, SETTINGS))
    assert "broken" in refusal(whole[:60])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"settings": 3}', "[" * 100_000, '{"settings": {}, "x": 1}', "\x00"])
def test_damaged_json_is_refused(text: str) -> None:
    refusal(png_with((OWN_KEYWORD, text)))


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"steps": 10**30},
        {"steps": "14"},
        {"steps": 14.5},
        {"steps": True},
        {"seed": -1},
        {"seed": MAX_SEED + 1},
        {"width": MAX_SIDE + 8},
        {"guidance_scale": float("nan")},
        {"guidance_scale": float("inf")},
        {"audio_weight": 1.01},
        {"start": -0.1},
        {"start": 2.25},
        {"prompt": ["a"]},
        {"prompt": "a" * 20_001},
        {"style": None},
        {"concepts": "dog"},
        {"concepts": [1]},
        {"concepts": ["dog"] * 101},
        {"fast": "yes"},
    ],
)
def test_impossible_values_are_refused(changes: dict[str, Any]) -> None:
    sentence = refusal(png_with((OWN_KEYWORD, stored(**changes))))
    assert next(iter(changes)) in sentence or "ends before it begins" in sentence


def test_another_version_is_named() -> None:
    assert "another version made it: 'settings.lustre' is unknown" in refusal(png_with((OWN_KEYWORD, stored(lustre=0.4))))
    content = json.loads(stored())
    del content["settings"]["seed"]
    assert "another version made it: 'settings.seed' is missing" in refusal(png_with((OWN_KEYWORD, json.dumps(content))))


def test_a_long_name_of_another_version_stays_one_sentence() -> None:
    assert len(refusal(png_with((OWN_KEYWORD, stored(**{"x" * 5000: 1}))))) < 250


@pytest.mark.parametrize("keyword", [OWN_KEYWORD, "comment"])
def test_a_compressed_bomb_is_refused(keyword: str) -> None:
    assert "broken" in refusal(png_with((keyword, "0" * 2**26), compressed=True))


def test_huge_dimensions_are_refused() -> None:
    assert "larger than any picture" in refusal(header_of(2**31 - 1, 2**31 - 1))
    assert "broken" in refusal(header_of(MAX_SIDE, MAX_SIDE))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.png"
    with open(file, "wb") as stream:
        stream.write(png_with())
        stream.truncate(MAX_FILE_BYTES + 1)
    assert "larger than any picture" in refusal(file)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_gives_settings_or_a_sentence(data: st.DataObject) -> None:
    content = bytearray(png_bytes(Picture(IMAGE, 7, replace(SETTINGS, width=16, height=8, init_image=noise(16, 8)))))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        options_from_png(bytes(content[: data.draw(st.integers(0, len(content)))]))
    except InvalidPictureFile as error:
        assert "\n" not in str(error)
