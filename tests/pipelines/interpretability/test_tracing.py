"""Logit lens runs: invalid options, stored traces, Stop, clips without speech, and windows of longer clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.cache.feature_store import FeatureStore
from models.errors import InvalidOption, UnknownModel
from models.specs.model_spec import EncoderFacts
from pipelines.clip.clip import AudioClip
from pipelines.interpretability.tracing import (
    LogitLensOptions,
    LogitLensProgress,
    trace_window,
    traceable_models,
)
from services import Services
from tests.models.tiny_language_models import save_qwen2_audio
from tests.pipelines.language_models.language_bench import Bench, noise
from tests.recordings import EXAMPLES, librivox_sentences

PAUSE_SECONDS = 31.0
BIT = 1 / 2**15


def run(services: Services, clip: AudioClip, features: FeatureStore | None = None, **options: object) -> list[LogitLensProgress]:
    chosen = LogitLensOptions(**options)  # type: ignore[arg-type]
    return list(trace_window(clip, chosen, replace(services.runtime, features=features or services.runtime.features)))


@pytest.mark.parametrize("start", [-1.0, 15.4, 1e9, float("nan")])
def test_a_start_outside_the_clip_is_refused_before_a_model_is_loaded(
    services: Services, speech: AudioClip, start: float
) -> None:
    with pytest.raises(InvalidOption, match="start"):
        run(services, speech, start=start)


def test_an_encoder_without_tokens_is_refused(services: Services, speech: AudioClip) -> None:
    with pytest.raises(UnknownModel):
        run(services, speech, model="yamnet")


@pytest.mark.models
def test_tokens_are_added_one_by_one_and_stored(services: Services, speech: AudioClip) -> None:
    features = FeatureStore(10**8)
    snapshots = run(services, speech, features)
    first, *_, last = snapshots
    assert (first.state, last.state, last.from_store) == ("loading", "done", False)
    counts = [len(now.trace.records) for now in snapshots if now.trace]
    assert sorted(set(counts)) == list(range(1, counts[-1] + 1))
    assert counts == sorted(counts)
    assert last.trace
    assert last.trace.text.startswith("And Mr. John Dashwood had then leisure to consider")
    assert (last.model, last.dtype, last.device, last.licence) == ("Whisper base (offline)", "float32", "CPU", "MIT")
    assert last.position > 14
    services.runtime.cache.evict_idle(0)
    again = run(services, speech, features)[-1]
    assert services.runtime.cache.status().residents == ()
    assert (again.state, again.from_store) == ("done", True)
    assert again.trace
    assert again.trace.records.tobytes() == last.trace.records.tobytes()


@pytest.mark.models
def test_stop_keeps_the_tokens_so_far_and_stores_nothing(services: Services, speech: AudioClip) -> None:
    features = FeatureStore(10**8)
    seen: list[LogitLensProgress] = []
    for now in trace_window(
        speech, LogitLensOptions(), replace(services.runtime, features=features), should_stop=lambda: len(seen) > 0
    ):
        if now.trace and len(now.trace.records) == 3:
            seen.append(now)
        last = now
    assert last.state == "stopped"
    assert last.trace
    assert last.trace.text == "And Mr"
    assert features.used_bytes == 0


@pytest.mark.models
@pytest.mark.parametrize("name", ["music.ogg", "blackbird.ogg"])
def test_clips_without_speech_have_no_trace(services: Services, name: str) -> None:
    last = run(services, services.clips.open(EXAMPLES / name))[-1]
    assert (last.state, last.trace) == ("done", None)


@pytest.mark.models
def test_a_window_of_a_longer_clip_has_the_times_of_the_clip(services: Services, tmp_path: Path) -> None:
    samples, rate = soundfile.read(librivox_sentences()[0].path, dtype="float32")
    hiss = np.random.default_rng(0).normal(0, BIT, round(PAUSE_SECONDS * rate)).astype(np.float32)
    soundfile.write(tmp_path / "late.wav", np.concatenate([hiss, samples]), rate)
    clip = services.clips.open(tmp_path / "late.wav")
    assert run(services, clip)[-1].trace is None
    late = run(services, clip, start=PAUSE_SECONDS)[-1]
    assert late.trace
    assert (late.start, late.end) == (PAUSE_SECONDS, clip.duration)
    alone = run(services, services.clips.open(librivox_sentences()[0].path))[-1]
    assert alone.trace
    assert late.trace.text == alone.trace.text
    offsets = [word.start - other.start for word, other in zip(late.trace.words, alone.trace.words, strict=True)]
    assert np.median(offsets) == pytest.approx(PAUSE_SECONDS, abs=0.02)


def test_an_audio_language_model_can_be_traced(tmp_path: Path) -> None:
    fetched = save_qwen2_audio(tmp_path / "qwen2-audio")
    facts = EncoderFacts("qwen2_audio", width=16, layers=2)
    spec = replace(fetched.spec, further_tasks=("embed_audio",), encoder=facts)
    bench = Bench(replace(fetched, spec=spec))
    assert traceable_models(bench.catalog) == (spec,)
    clip, features = noise(tmp_path, 2.0), FeatureStore(10**8)
    for from_store in (False, True):
        *_, last = trace_window(clip, LogitLensOptions(), replace(bench.runtime, features=features))
        assert (last.state, last.from_store) == ("done", from_store)
        assert last.trace
        assert last.trace.layers == ("Embedding", "Layer 1", "Layer 2")
        assert last.trace.frame_seconds * last.trace.records["attention"].shape[1] == pytest.approx(2.0, abs=0.05)
        assert all(token.ranks[-1] == 0 and 0 < token.audio_attention < 1 for token in last.trace.tokens)
        assert all(0 <= token.start < token.end <= 2.0 for token in last.trace.tokens)
    assert bench.is_free()
    bench.cache.clear()
