"""Whisper run by torch gives what CTranslate2 gives: the same calls, on the same file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ctranslate2.converters import TransformersConverter
from faster_whisper import WhisperModel

from models.loading.loaders import ModelLoaders
from models.loading.whisper_torch import TorchWhisperModel
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.speech.decoding import decode_speech
from pipelines.speech.transcript import DecodingOptions, Segment
from services import Services
from tests.models.tiny_encoders import save_whisper
from tests.models.tiny_models import fetched

RATE = 16_000
PROMPT = ["<|startoftranscript|>", "<|de|>", "<|transcribe|>"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper")
    original = save_whisper(folder / "original").directory
    TransformersConverter(str(original), copy_files=["tokenizer.json"]).convert(str(folder / "converted"))
    return folder / "converted"


@pytest.fixture(scope="module")
def engines(directory: Path) -> tuple[WhisperModel, TorchWhisperModel]:
    """CTranslate2's and torch's."""
    ours = ModelLoaders(1).build(fetched(directory, "whisper_torch"), "cpu")
    return WhisperModel(str(directory), device="cpu", compute_type="float32", cpu_threads=1), ours.model


@pytest.fixture(scope="module")
def features(engines: tuple[WhisperModel, TorchWhisperModel]) -> Any:
    """Log-mel features of three windows of 30 s."""
    rng = np.random.default_rng(0)
    sounds = [rng.normal(0, loudness, 30 * RATE).astype(np.float32) for loudness in (0.3, 0.1, 0.01)]
    return np.stack([engines[1].feature_extractor(sound)[:, :3000] for sound in sounds])


def prompts(whisper: Any, count: int) -> list[list[int]]:
    return [[whisper.hf_tokenizer.token_to_id(token) for token in PROMPT]] * count


def test_encoder_states_are_the_same(engines: tuple[Any, Any], features: Any) -> None:
    theirs, ours = (np.array(whisper.encode(features)) for whisper in engines)
    assert theirs.shape == ours.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_short_window_is_padded_with_silence(engines: tuple[Any, Any]) -> None:
    _, ours = engines
    sound = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    short, padded = ours.feature_extractor(sound, padding=0), ours.feature_extractor(sound, padding=27 * RATE)
    cut, whole = (np.array(ours.encode(mel[None, :, :3000]))[0, :140] for mel in (short, padded))
    assert cut.shape == (140, ours.model._model.config.d_model)
    np.testing.assert_allclose(cut, whole, atol=0.02)


@pytest.mark.parametrize("search", [{"beam_size": 1}, {"beam_size": 3}, {"beam_size": 1, "repetition_penalty": 1.2}])
def test_texts_scores_and_silence_are_the_same(engines: tuple[Any, Any], features: Any, search: dict[str, float]) -> None:
    theirs, ours = (
        whisper.model.generate(
            whisper.encode(features), prompts(whisper, 3), return_scores=True, return_no_speech_prob=True, **search
        )
        for whisper in engines
    )
    for expected, result in zip(theirs, ours, strict=True):
        assert result.sequences_ids[0] == list(expected.sequences_ids[0])
        assert result.scores[0] == pytest.approx(expected.scores[0], rel=1e-3)
        assert result.no_speech_prob == pytest.approx(expected.no_speech_prob, rel=1e-3)


def test_windows_with_prompts_of_different_lengths_keep_their_order(engines: tuple[Any, Any], features: Any) -> None:
    _, ours = engines
    states = ours.encode(features)
    plain = prompts(ours, 3)
    longer = [plain[0], [ours.hf_tokenizer.token_to_id("a"), *plain[1]], plain[2]]
    together = ours.model.generate(states, longer, beam_size=1)
    alone = [ours.model.generate(ours.encode(features[i]), [longer[i]], beam_size=1)[0] for i in range(3)]
    assert [one.sequences_ids for one in together] == [one.sequences_ids for one in alone]


def test_the_most_probable_language_comes_first(engines: tuple[Any, Any], features: Any) -> None:
    _, ours = engines
    for found in ours.model.detect_language(ours.encode(features)):
        assert {code for code, _ in found} == {"<|en|>", "<|de|>"}
        assert found[0][1] >= found[1][1]
        assert sum(probability for _, probability in found) == pytest.approx(1.0)


def test_tokens_are_aligned_as_by_ctranslate2(engines: tuple[Any, Any], features: Any) -> None:
    texts = [[5, 6, 7, 8, 9, 10], [70, 80], []]
    start = prompts(engines[0], 1)[0]
    theirs, ours = (whisper.model.align(whisper.encode(features), start, texts, [900, 600, 300]) for whisper in engines)
    for expected, result in zip(theirs[:2], ours[:2], strict=True):
        np.testing.assert_allclose(result.text_token_probs, expected.text_token_probs, rtol=1e-3)
        assert result.alignments[0] == (0, 0)
        assert result.alignments[-1] == expected.alignments[-1]
    assert ours[2].alignments == []


def test_it_moves_to_main_memory_and_back_as_any_torch_model(directory: Path) -> None:
    resident = ModelLoaders(1).build(fetched(directory, "whisper_torch"), "cpu")
    assert resident.can_park
    assert resident.weight_bytes() > 0
    assert resident.model.model.device == "cpu"


def test_the_two_engines_are_two_models(directory: Path) -> None:
    one, other = (fetched(directory, loader) for loader in ("faster_whisper", "whisper_torch"))
    assert one.identity("cuda") != other.identity("cuda")


@pytest.mark.models
def test_a_clip_is_written_down_in_the_same_words_at_the_same_times(services: Services, speech: AudioClip) -> None:
    sound = speech.speech_waveform(RATE)
    written, languages = [], list[Any]()
    for loader in ("faster_whisper", "whisper_torch"):
        spec = replace(WHISPER_BASE_OFFLINE, loader=loader, cpu_dtype="float32")
        with services.runtime.cache.lease(spec) as (whisper,):
            language, *steps = decode_speech(whisper, sound, DecodingOptions(beam_size=2), never_stop)
        languages.append(language)
        written.append([segment for segment in steps if isinstance(segment, Segment)])
    theirs, ours = written
    assert [found.code for found in languages] == ["en", "en"]
    assert languages[1].probability == pytest.approx(languages[0].probability, rel=1e-3)
    assert [segment.text for segment in ours] == [segment.text for segment in theirs]
    assert [word.text for segment in ours for word in segment.words] == [w.text for segment in theirs for w in segment.words]
    starts = [[word.start for segment in segments for word in segment.words] for segments in written]
    np.testing.assert_allclose(starts[1], starts[0], atol=0.05)


def test_an_english_model_knows_one_language_although_its_files_name_all(directory: Path) -> None:
    english, both = (
        ModelLoaders(1).build(fetched(directory, "whisper_torch", english_only=only), "cpu").model for only in (True, False)
    )
    assert not english.model.is_multilingual
    assert both.model.is_multilingual
