"""Every result names its models, their licences and the device in the same fields."""

from __future__ import annotations

from models.specs.sound import YAMNET
from models.specs.speech import SPEECH_MODELS
from pipelines.jobs.model_use import ModelUse, model_fields


def test_one_model_gives_its_title_licence_and_number_format():
    fields = model_fields([YAMNET], "cpu", "the only one")
    assert fields == {
        "model": YAMNET.title,
        "model_reason": "the only one",
        "licence": YAMNET.licence,
        "dtype": YAMNET.dtype("cpu"),
        "device": "CPU",
    }


def test_several_models_name_a_shared_licence_once():
    use = ModelUse(**model_fields([YAMNET, YAMNET, SPEECH_MODELS[0]], "cuda"))
    assert use.model == f"{YAMNET.title}, {YAMNET.title}, {SPEECH_MODELS[0].title}"
    assert use.licence.split(", ").count(YAMNET.licence.split(", ")[0]) == 1
    assert (use.state, use.elapsed, use.from_store) == ("loading", 0.0, False)
