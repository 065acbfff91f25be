"""Whisper's decoder token by token: a tiny one from disk, and the one that packages carry, beside their bare `generate`."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.arrays import FloatArray
from models.loading.loaders import ProcessedModel
from models.specs.encoders import WHISPER_BASE_STATES
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.logit_lens import LogitLensTrace, TokenRecords
from pipelines.interpretability.tracing import LogitLensOptions, trace_window
from pipelines.interpretability.whisper_decoder import FRAME_SAMPLES, SAMPLE_RATE, trace_transcript
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services
from tests.models.tiny_language_models import byte_tokenizer
from tests.recordings import librivox_sentences

TOLERANCE = 1e-5
POSITIONS = 24
LANGUAGES = ("<|en|>", "<|de|>", "<|zh|>")
CONTROL = ("<|startoftranscript|>", *LANGUAGES, "<|translate|>", "<|transcribe|>", "<|notimestamps|>", "<|0.00|>", "<|0.02|>")
HEADS = [[0, 1], [1, 0]]
NEAR_SECONDS = 0.2
MIN_NEAR = 0.95
"""Share of the content words whose attention peak lies that near; 1.00 when this was written."""
SHORTEST_CONTENT_WORD = 4  # letters


def tiny_whisper(folder: Path, is_multilingual: bool = True) -> ProcessedModel:
    """A Whisper of two small layers on each side, saved and loaded."""
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
    )

    tokenizer = byte_tokenizer()
    tokenizer.add_tokens(list(CONTROL), special_tokens=True)
    number = tokenizer.convert_tokens_to_ids
    ids = {"decoder_start_token_id": number("<|startoftranscript|>"), "eos_token_id": number("<|endoftext|>")}
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_target_positions=POSITIONS,
        init_std=0.5,
        pad_token_id=ids["eos_token_id"],
        bos_token_id=ids["eos_token_id"],
        **ids,
    )
    torch.manual_seed(1)
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        alignment_heads=HEADS,
        suppress_tokens=[3, 4, number("<|startoftranscript|>"), *map(number, LANGUAGES)],
        begin_suppress_tokens=[5, ids["eos_token_id"]],
        no_timestamps_token_id=number("<|notimestamps|>"),
        is_multilingual=is_multilingual,
        task_to_id={"transcribe": number("<|transcribe|>"), "translate": number("<|translate|>")},
        pad_token_id=ids["eos_token_id"],
        bos_token_id=ids["eos_token_id"],
        max_length=POSITIONS,
        **({"lang_to_id": {name: number(name) for name in LANGUAGES}} if is_multilingual else {}),
        **ids,
    )
    model.save_pretrained(folder)
    loaded = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    return ProcessedModel(loaded, WhisperProcessor(WhisperFeatureExtractor(), tokenizer))


def noise(seconds: float) -> FloatArray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE)).astype(np.float32)


def records_of(whisper: ProcessedModel, sound: FloatArray) -> TokenRecords:
    return list(trace_transcript(whisper, sound, never_stop))[-1]


def bare(whisper: ProcessedModel, sound: FloatArray, language: str | None) -> Any:
    """What `generate` itself gives, with the attention implementation that returns its weights."""
    features = whisper.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
    spoken = {"language": language, "task": "transcribe"} if language else {}
    before = whisper.model.config._attn_implementation
    whisper.model.set_attn_implementation("eager")
    try:
        with torch.inference_mode():
            return whisper.model.generate(
                features,
                output_hidden_states=True,
                output_attentions=True,
                return_dict_in_generate=True,
                force_unique_generate_call=True,
                **spoken,
            )
    finally:
        whisper.model.set_attn_implementation(before)


def assert_equal_to_bare(whisper: ProcessedModel, sound: FloatArray, is_multilingual: bool = True) -> None:
    records = records_of(whisper, sound)
    language = records[0]["token"].decode() if is_multilingual else None
    result = bare(whisper, sound, language)
    spoken = records[1:] if is_multilingual else records
    assert len(spoken) > 3
    given = whisper.model.generation_config
    sequence = result.sequences[0].tolist()
    new = sequence[sequence.index(given.no_timestamps_token_id) + 1 :]
    assert spoken["id"].tolist() == new[: len(spoken)]
    assert len(spoken) == whisper.model.config.max_target_positions // 2 or new[len(spoken)] == given.eos_token_id
    heads = whisper.model.generation_config.alignment_heads
    frames = records["attention"].shape[1]
    for record, states, attention in zip(spoken, result.decoder_hidden_states, result.cross_attentions, strict=False):
        hidden = torch.stack([layer[0, -1] for layer in states]).numpy()
        assert np.abs(record["hidden"] - hidden).max() < TOLERANCE * np.abs(hidden).max()
        weights = np.mean([attention[layer][0, head, -1, :frames].numpy() for layer, head in heads], axis=0)
        assert np.abs(record["attention"] * record["audio_attention"] - weights).max() < TOLERANCE
        assert record["audio_attention"] == pytest.approx(weights.sum(), abs=TOLERANCE)


@pytest.mark.parametrize("is_multilingual", [True, False])
def test_a_tiny_decoder_equals_generate(tmp_path: Path, is_multilingual: bool) -> None:
    whisper = tiny_whisper(tmp_path, is_multilingual)
    assert_equal_to_bare(whisper, noise(2.5), is_multilingual)


def test_attention_has_a_frame_for_each_20_ms(tmp_path: Path) -> None:
    whisper = tiny_whisper(tmp_path)
    for seconds in (0.05, 2.501, 30.0):
        records = records_of(whisper, noise(seconds))
        assert records["attention"].shape[1] == -(-round(seconds * SAMPLE_RATE) // FRAME_SAMPLES)
        assert records["attention"].sum(axis=1) == pytest.approx(1, abs=1e-4)
        assert (records["audio_attention"] <= 1 + 1e-5).all()


def test_suppressed_tokens_are_not_generated(tmp_path: Path) -> None:
    whisper = tiny_whisper(tmp_path)
    records = records_of(whisper, noise(1.0))
    given = whisper.model.generation_config
    assert records["token"][0].decode() in LANGUAGES
    assert not set(records["id"][1:].tolist()) & {*given.suppress_tokens, given.eos_token_id}
    assert records["id"].max() <= given.no_timestamps_token_id
    assert records["rank"][:, -1].max() == 0
    assert len(records) <= 1 + POSITIONS // 2


def test_stop_ends_after_the_token_and_restores_the_attention_implementation(tmp_path: Path) -> None:
    whisper = tiny_whisper(tmp_path)
    assert len(list(trace_transcript(whisper, noise(1.0), lambda: True))) == 1
    assert whisper.model.config._attn_implementation == "sdpa"
    steps = trace_transcript(whisper, noise(1.0), never_stop)
    first, second = next(steps), next(steps)
    assert (len(first), len(second)) == (1, 2)
    assert first[0].tobytes() == second[0].tobytes()
    assert whisper.model.config._attn_implementation == "eager"
    steps.close()
    assert whisper.model.config._attn_implementation == "sdpa"


@pytest.mark.models
def test_the_real_decoder_equals_generate(services: Services) -> None:
    sound = services.clips.open(librivox_sentences()[0].path).waveform(SAMPLE_RATE)
    with services.runtime.cache.lease(WHISPER_BASE_STATES) as (whisper,):
        assert_equal_to_bare(whisper, np.array(sound))


def traced(services: Services, clip: AudioClip) -> LogitLensTrace:
    *_, result = trace_window(clip, LogitLensOptions(), services.runtime)
    assert result.trace is not None
    return result.trace


def spelled(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.lower())


@pytest.mark.models
def test_attention_peaks_lie_where_words_are_spoken(services: Services, speech: AudioClip) -> None:
    """The peak of a content word's attention lies within 0.2 s of where faster-whisper times the word."""
    far, count = [], 0
    for clip in (speech, services.clips.open(librivox_sentences()[0].path)):
        options = TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key)
        *_, transcription = transcribe(clip, options, services.runtime)
        timed = [word for segment in transcription.segments for word in segment.words]
        trace = traced(services, clip)
        assert trace.language == "en"
        assert all(token.ranks[-1] == 0 for token in trace.tokens)
        matcher = SequenceMatcher(None, [spelled(w.text) for w in timed], [spelled(w.text) for w in trace.words], autojunk=False)
        for block in matcher.get_matching_blocks():
            for spoken, path in zip(timed[block.a :], trace.words[block.b : block.b + block.size], strict=False):
                if len(spelled(path.text)) >= SHORTEST_CONTENT_WORD:
                    count += 1
                    peak = float(path.attention.argmax() + 0.5) * trace.frame_seconds
                    if not spoken.start - NEAR_SECONDS <= peak <= spoken.end + NEAR_SECONDS:
                        far.append(path.text)
    assert count >= 20
    assert len(far) <= (1 - MIN_NEAR) * count, far
