"""What is said below the words of a picture."""

from __future__ import annotations

from components.pictures.hints import hints_for
from components.pictures.labels import UNUSED_PROMPT
from models.specs.model_spec import AUTO
from services import Services


def test_a_prompt_has_no_effect_only_where_audio_alone_is_drawn(services: Services) -> None:
    assert UNUSED_PROMPT in hints_for(services.runtime.catalog, AUTO, 1.0, "owl hooting", "")[0]
    for share, prompt in ((1.0, ""), (1.0, " "), (0.95, "owl hooting"), (0.0, "owl hooting")):
        assert hints_for(services.runtime.catalog, AUTO, share, prompt, "") == ("", "")


def test_there_is_no_hint_about_a_prompt_that_a_drawing_wrote(services: Services) -> None:
    for share in (0.5, 1.0):
        hints = hints_for(services.runtime.catalog, "tiny-diffusion", share, "flute at night", "in red", "flute at night ")
        assert hints == ("", hints_for(services.runtime.catalog, "tiny-diffusion", share, "", "in red")[1])
    assert hints_for(services.runtime.catalog, AUTO, 1.0, "flute at night", "", "flute")[0]


def test_words_that_the_small_model_never_saw_are_named(services: Services) -> None:
    prompt, extra = hints_for(
        services.runtime.catalog, "tiny-diffusion", 0.5, "Owl <hooting> at night", "rain in my red carriage"
    )
    assert "does not know “night”." in prompt
    assert "does not know “red” and “carriage”." in extra
    assert "“a”" not in hints_for(services.runtime.catalog, AUTO, 0.0, "abc def ghi jkl mno <pqr>", "")[0]
    assert hints_for(services.runtime.catalog, "stable-diffusion-2-1", 0.5, "at night", "in red") == ("", "")


def test_a_missing_model_is_reported_when_drawing(services: Services) -> None:
    assert hints_for(services.runtime.catalog, "no-such-model", 0.5, "at night", "in red") == ("", "")
