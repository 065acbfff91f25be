"""What the model reads, what counts in its loss, what is saved of it and what its answers are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from models.loading.audio_language_model import IGNORED, PROJECTORS, AudioLanguageConfig, AudioLanguageModel, ProjectorKind
from training.audio_language_model.batches import BatchMaker, drawn_part, padded_states
from training.audio_language_model.building import llama_config, merged, with_lora
from training.audio_language_model.evaluation import Evaluation, claim_accuracies
from training.audio_language_model.fact_prompt import prompt_with_facts
from training.audio_language_model.metrics import caption_scores, mean_average_precision, word_error_rate
from training.audio_language_model.options import DataOptions, LanguageModelOptions, LlamaSizes
from training.audio_language_model.tokens import answer_labels, prompt_tokens, trained_tokenizer
from training.data.triples import Triple

TEXTS = ["What plays?", "A slow piano.", "A fast organ."]
TOKENIZER = trained_tokenizer(TEXTS, 300)
SIZES = LlamaSizes(16, 1, 2, 32)


def model_of(projector: ProjectorKind = "mean", **encoders: int) -> AudioLanguageModel:
    torch.manual_seed(0)
    model = AudioLanguageModel(AudioLanguageConfig(encoders, projector, 3, llama_config(SIZES, TOKENIZER)))
    model.eval()
    return model


def batch(answers: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    ids, mask = prompt_tokens(TOKENIZER, ["What plays?"] * len(rows), 20)
    states, counts = padded_states(rows)
    labels = answer_labels(TOKENIZER, answers, 20)
    return {"input_ids": ids, "attention_mask": mask, "states": states, "counts": counts, "labels": labels}


@pytest.mark.parametrize("projector", PROJECTORS)
def test_neither_padding_nor_neighbours_change_a_loss(projector: ProjectorKind) -> None:
    rng = np.random.default_rng(0)
    model = model_of(projector, near=8, far=5)
    rows = [{"near": rng.normal(size=(frames, 8)), "far": rng.normal(size=(frames + 1, 5))} for frames in (7, 4)]
    answers = ["A slow piano.", "A fast organ, and more."]
    together = model(**batch(answers, rows))
    for number in range(2):
        alone = model(**batch(answers[number : number + 1], rows[number : number + 1]))
        torch.testing.assert_close(together[number, : alone.shape[1]], alone[0], atol=1e-5, rtol=1e-4)
        assert not together[number, alone.shape[1] :].any()


def test_the_audio_changes_the_answer_and_the_prompt_is_no_part_of_the_loss() -> None:
    model = model_of(near=8)
    one, other = ({"near": np.random.default_rng(seed).normal(size=(4, 8))} for seed in (1, 2))
    assert not torch.allclose(model(**batch(["A slow piano."], [one])), model(**batch(["A slow piano."], [other])))
    labels = batch(["A slow piano."], [one])["labels"]
    assert TOKENIZER.decode(labels[labels != IGNORED]) == "A slow piano.</s>"


def test_no_token_of_an_answer_sees_the_next_one_in_a_language_model_that_was_loaded_before() -> None:
    language_model = AutoModelForCausalLM.from_config(llama_config(SIZES, TOKENIZER))
    model = AudioLanguageModel(AudioLanguageConfig({"near": 8}, "mean", 1, language_model.config), language_model).eval()
    row = {"near": np.ones((3, 8))}
    one, other = (model(**batch([answer], [row])) for answer in ("A slow piano.", "A slow organ."))
    same = int((batch(["A slow piano."], [row])["labels"] == batch(["A slow organ."], [row])["labels"])[0].cumprod(0).sum())
    assert same == 2
    torch.testing.assert_close(one[0, :same], other[0, :same])


def test_a_saved_model_answers_as_before_and_its_files_are_safetensors(tmp_path: Path) -> None:
    model = model_of("resampler", zebra=8, ant=5)
    model.save_pretrained(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    loaded = AudioLanguageModel.from_pretrained(tmp_path, dtype=torch.float32).eval()
    inputs = batch(["A slow piano."], [{"zebra": np.ones((3, 8)), "ant": np.ones((2, 5))}])
    torch.testing.assert_close(loaded(**inputs), model(**inputs))
    del inputs["labels"]
    options: dict[str, Any] = {"max_new_tokens": 4, "do_sample": False}
    assert torch.equal(loaded.generate(**inputs, **options), model.generate(**inputs, **options))


def test_merged_adapters_answer_as_the_model_with_adapters(tmp_path: Path) -> None:
    model = model_of(near=8)
    model.language_model = with_lora(model.language_model, LanguageModelOptions(training="lora"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    inputs = batch(["A slow piano."], [{"near": np.ones((3, 8))}])
    adapted = model.eval()(**inputs)
    merged(model).save_pretrained(tmp_path)
    assert not [name for name in load_file(tmp_path / "model.safetensors") if "lora" in name]
    torch.testing.assert_close(AudioLanguageModel.from_pretrained(tmp_path).eval()(**inputs), adapted, atol=1e-4, rtol=1e-4)


def test_a_drawn_part_is_the_same_of_every_encoder() -> None:
    states = {"slow": np.arange(10, dtype=np.float16)[:, None], "fast": np.arange(40, dtype=np.float16)[:, None]}
    for seed in range(20):
        torch.manual_seed(seed)
        part = drawn_part(states, 0.5)
        assert 4 <= len(part["slow"]) <= 10
        assert abs(float(part["fast"][0, 0]) / 4 - float(part["slow"][0, 0])) <= 1
    assert len(drawn_part({"one": np.zeros((1, 3), np.float16)}, 0.5)["one"]) == 1


def test_training_drops_states_and_evaluation_does_not() -> None:
    triple = Triple(Path("clip.wav"), 0.0, 1.0, "What plays?", "A slow piano.", "caption", "piece", "train")
    options = DataOptions(Path("triples.jsonl"), ("caption",), state_dropout=0.5)
    maker = BatchMaker(TOKENIZER, lambda triple: {"near": np.ones((4, 64), np.float16)}, options, torch.device("cpu"))
    assert (maker.inputs([triple])["states"]["near"] == 1).all()
    assert 0.3 < float((maker.inputs([triple], is_training=True)["states"]["near"] == 0).float().mean()) < 0.7


def test_the_prompt_of_facts_names_what_is_known_and_nothing_else() -> None:
    facts = {"bpm": 91.6, "tonic": 9, "mode": "minor", "chords": [[0, 2, "A:min"], [2, 4, "F:maj"]], "downbeats": [0.5, 3.1]}
    assert prompt_with_facts("Describe the music.", facts) == (
        "Tempo: 92 BPM. Key: A minor. Downbeats: 0.5, 3.1. Chords: A:min, F:maj. Describe the music."
    )
    assert prompt_with_facts("Describe the music.", {}) == "Describe the music."


def test_an_answer_is_right_about_what_the_reference_claims() -> None:
    accuracies = claim_accuracies(
        ["A slow piece in minor, led by a piano.", "It is fast."],
        ["A slow piece in major, led by a piano.", "The tempo is slow."],
    )
    assert accuracies == {"tempo": 0.5, "mode": 0.0, "family": 1.0}


def test_a_model_is_evaluated_as_it_is_after_training() -> None:
    place = (Path("clip.wav"), 0.0, 1.0, "Tag this.")
    triples = [Triple(*place, answer, "tags", answer, "test") for answer in ("piano, slow", "organ, fast")]
    maker = BatchMaker(
        TOKENIZER,
        lambda triple: {"near": np.ones((4, 8), np.float16)},
        DataOptions(Path("triples.jsonl"), ("tags",), max_answer_tokens=4),
        torch.device("cpu"),
    )
    figures = Evaluation(maker, triples)(model_of(near=8))
    assert {"loss", "tags_map", "tags_family", "tags_tempo"} <= figures.keys()
    assert 0 <= figures["tags_map"] <= 1


def test_measures_are_those_of_their_libraries() -> None:
    assert word_error_rate(["The cat sat!"], ["the cat sat down"]) == pytest.approx(0.25)
    assert caption_scores(["a slow piano piece"], [["a slow piano piece", "something else"]])["bleu"] == pytest.approx(100)
    scores, truth = np.array([[0.9, 0.1, 0.5], [0.2, 0.8, 0.5]], np.float32), np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    assert mean_average_precision(scores, truth) == 1.0
