"""What the tab that draws writes on the page, and the files behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from components.pictures.files import (
    DrawnPicture,
    KeptPicture,
    keep_pictures,
    open_init_image,
    thumbnail_url,
)
from components.pictures.markup import concepts_markup, drawing_summary, foreign_markup, gallery_markup, pictures_markup
from models.errors import InvalidOption
from pipelines.clip.clip import AudioClip
from pipelines.isolation.isolation import NoIsolation
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import ConceptWeight, Drawing, Picture
from pipelines.pictures.png_metadata import options_from_png
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

SETTINGS = replace(DRAWN_FROM_TEXT, model_title="Tiny <model>", prompt='a "dog" <barking>', style="flat style")
PICTURE = Picture(Image.new("RGB", (384, 384), "teal"), 7, SETTINGS)
NOW = Drawing(
    state="drawing",
    start=0.5,
    end=2.0,
    concepts=(ConceptWeight("dog", "animals", 0.8), ConceptWeight("cat", "animals", 0.1)),
    picture=1,
    step=2,
    steps=3,
    model="Tiny <model>",
    model_reason="it is <here>",
    licence="Apache-2.0 (ours), Apache-2.0 (ours too)",
    dtype="float32",
    device="CPU",
    elapsed=1.26,
)


@pytest.fixture
def clip(tmp_path: Path) -> AudioClip:
    return AudioClip("0" * 32, 16_000, 2.0, 1, "wav", "pcm_s16le", tmp_path, "dog/<1>.wav")


def test_a_picture_is_kept_with_its_settings_and_shown_with_its_seed(clip: AudioClip) -> None:
    (kept,) = keep_pictures(clip, (PICTURE,))
    assert kept.path.is_relative_to(clip.directory)
    assert options_from_png(kept.path) == SETTINGS.options()
    markup = pictures_markup(replace(NOW, state="done", pictures=(PICTURE,)), (kept,))
    assert 'data-seed="7"' in markup
    assert 'width="384" height="384"' in markup and 'alt="a &quot;dog&quot; &lt;barking&gt;, flat style"' in markup
    assert "<1>" not in markup
    assert 'data-asked="1"' in markup
    assert 'data-asked="4"' in pictures_markup(NOW, (), 4), "the first of four stands where it will stay"


def test_the_concepts_beside_an_unclear_one_are_buttons_and_beside_a_clear_one_are_not() -> None:
    unclear = (ConceptWeight("flute", "music", 0.77), ConceptWeight("<sax>", "music", 0.21))
    markup = concepts_markup(replace(NOW, concepts=unclear))
    assert 'data-concept="&lt;sax&gt;"' in markup and 'data-concept="flute"' not in markup
    assert "<button" not in concepts_markup(replace(NOW, concepts=(ConceptWeight("bird", "animals", 0.98), *unclear[1:])))


def test_the_page_says_that_a_sound_is_unsure_and_what_was_drawn_instead() -> None:
    found = (ConceptWeight("mobile phone", "home", 0.95), ConceptWeight("piano", "music", 0.03))
    assert "nsure" not in concepts_markup(replace(NOW, concepts=found, certainty=0.9))
    markup = concepts_markup(replace(NOW, concepts=found, certainty=0.38, prompt="<piano>"))
    assert "Unsure" in markup and "38 % sure" in markup and "“&lt;piano&gt;”" in markup
    assert 'data-concept="piano"' in markup, "however large its weight, a concept that is probably wrong is not shown as clear"


def test_the_gallery_has_the_latest_picture_first() -> None:
    pictures = tuple(DrawnPicture(f"/clips/{seed}.png", seed, "a <dog>", 64, 64) for seed in (1, 2))
    markup = gallery_markup(pictures)
    assert markup.index('data-seed="2"') < markup.index('data-seed="1"') and "a &lt;dog&gt;" in markup
    assert gallery_markup(()) == ""


def test_the_preview_stands_behind_the_finished_pictures_and_stays_when_stopped(clip: AudioClip) -> None:
    kept = (KeptPicture(PICTURE, clip.directory / "a.png"),)
    preview = Image.new("RGB", (96, 96), "red")
    drawing = replace(NOW, pictures=(PICTURE,), picture=2, preview=preview)
    for state in ("drawing", "stopped"):
        markup = pictures_markup(replace(drawing, state=state), kept)
        assert markup.index('data-seed="7"') < markup.index("data:image/webp;base64,")
    finished = replace(drawing, picture=1)
    assert "data:image" not in pictures_markup(finished, kept)


def test_before_there_is_anything_to_see_the_page_says_what_it_waits_for() -> None:
    assert "Loading the model" in pictures_markup(Drawing(), ())
    assert "Stopped before" in pictures_markup(Drawing(state="stopped"), ())


def test_the_line_says_how_far_and_by_what() -> None:
    line = drawing_summary(NOW)
    assert '<progress max="3" value="2"' in line
    assert "step 2 of 3 · segment 0:00.5–0:02.0 · Tiny &lt;model&gt; · Apache-2.0 · float32 on CPU · 1.3 s" in line
    assert "it is &lt;here&gt;; Apache-2.0 (ours), Apache-2.0 (ours too)" in line
    done = drawing_summary(replace(NOW, state="done", pictures=(PICTURE,)))
    assert "progress" not in done
    assert "seed 7" in done
    assert 'data-state="stopped">stopped at step 2 of 3 ·' in drawing_summary(replace(NOW, state="stopped"))


def test_concepts_are_shaded_by_their_weight() -> None:
    assert "--level:0.80" in concepts_markup(NOW)
    assert "--level:0.10" in concepts_markup(NOW)
    assert concepts_markup(Drawing()) == ""


def test_thumbnails_are_small() -> None:
    assert len(thumbnail_url(PICTURE.image)) < 1000


def test_only_uploaded_pictures_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    inside, outside = uploads / "in.png", tmp_path / "out.png"
    PICTURE.image.save(inside)
    PICTURE.image.save(outside)
    assert open_init_image({"path": str(inside)}, NoIsolation()).size == (384, 384)
    for refused in ({"path": str(outside)}, {"path": str(uploads / "../out.png")}, str(inside), {}, None):
        with pytest.raises(InvalidOption, match="init_image"):
            open_init_image(refused, NoIsolation())


def test_words_without_effect_are_named_in_the_summary() -> None:
    markup = drawing_summary(replace(NOW, prompt_overflow="a <red> balloon", negative_prompt_overflow="word " * 100 + "end"))
    assert "“a &lt;red&gt; balloon”" in markup
    assert "word word … word word" in markup and "word end”" in markup
    assert "no effect" not in drawing_summary(NOW)


def test_what_another_tool_left_out_is_named() -> None:
    found = ForeignSettings("ComfyUI", prompt="barn", negative_prompt="", steps=20, left_out=("sampler <Heun>", "model"))
    markup = foreign_markup(found)
    assert "Restored from ComfyUI: prompt and steps; the picture is based on text." in markup
    assert "Not restored: sampler &lt;Heun&gt;, model." in markup


def test_seeds_that_begin_again_at_0_are_all_named(clip: AudioClip) -> None:
    pictures = tuple(replace(PICTURE, seed=seed) for seed in (2**32 - 1, 0, 1))
    assert "seeds 4294967295, 0, 1" in drawing_summary(replace(NOW, pictures=pictures))
    assert "seeds 7 to 8" in drawing_summary(replace(NOW, pictures=(PICTURE, replace(PICTURE, seed=8))))
