"""Time of an embedding against the bare model's call, and leases of a second view of the same clip."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import soundfile

from benchmarks.report import Figure, alternating_medians, at_most, in_a_thread
from models.cache.feature_store import FeatureStore
from models.specs.encoders import WHISPER_BASE_STATES
from models.specs.sound import YAMNET
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.tagging import yamnet
from services import Services, build_services
from settings import Settings
from tests.recordings import EXAMPLES

SAMPLE_RATE = 16_000
WHISPER_SECONDS = 30
YAMNET_SECONDS = 240
ROUNDS = 7
MAX_TIMES_BARE = 1.05


def figures() -> list[Figure]:
    """Return the measured ratios; models are loaded before."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))
        return [*encoding_figures(services, Path(folder))]


def encoding_figures(services: Services, folder: Path) -> list[Figure]:
    """Compare embedding with the bare models without stored features, then count leases with them."""
    short, long = (music(services, folder, seconds) for seconds in (WHISPER_SECONDS, YAMNET_SECONDS))
    whisper = against_bare(services, short, "whisper-base-encoder", bare_whisper)
    yamnet = against_bare(services, long, "yamnet", bare_yamnet)
    return [
        at_most(f"encoding {WHISPER_SECONDS} s with Whisper base, against its bare call", whisper, MAX_TIMES_BARE, "x", 3),
        at_most(f"encoding {YAMNET_SECONDS} s with YAMNet, against its bare call", yamnet, MAX_TIMES_BARE, "x", 3),
        at_most("leases of a second view of the same clip and layer", leases_of_second_view(services, short), 0, digits=0),
    ]


def against_bare(services: Services, clip: AudioClip, encoder: str, bare: Callable[[Services, AudioClip], Any]) -> float:
    """Return the median time of an embedding, divided by that of the bare model."""
    calls = (lambda: embed(services, clip, encoder, FeatureStore(2**30)), lambda: bare(services, clip))
    contenders = [in_a_thread(call) for call in calls]
    for contender in contenders:
        contender()
    ours, theirs = alternating_medians(contenders, ROUNDS)
    return ours / theirs


def bare_whisper(services: Services, clip: AudioClip) -> Any:
    """Run the feature extractor and the encoder, as in the model's card."""
    import torch

    with services.runtime.cache.lease(WHISPER_BASE_STATES) as (whisper,), torch.inference_mode():
        sound = np.array(clip.waveform(SAMPLE_RATE))
        inputs = whisper.processor(audio=sound, sampling_rate=SAMPLE_RATE, return_tensors="pt")
        return whisper.model.model.encoder(inputs.input_features, output_hidden_states=True).last_hidden_state.numpy()


def bare_yamnet(services: Services, clip: AudioClip) -> Any:
    """Run all patches in one call."""
    sound = np.array(clip.waveform(SAMPLE_RATE))
    count = yamnet.patch_count(len(sound))
    whole = yamnet.PATCH_SAMPLES + (count - 1) * yamnet.PATCH_HOP_SAMPLES
    patches = yamnet.log_mel_patches(np.pad(sound, (0, whole - len(sound))))
    with services.runtime.cache.lease(YAMNET) as (session,):
        return session.run(["embedding"], {"patches": patches})


def leases_of_second_view(services: Services, clip: AudioClip) -> int:
    """Return the number of leases."""
    features = FeatureStore(2**30)
    embed(services, clip, "whisper-base-encoder", features)
    with patch.object(services.runtime.cache, "lease", wraps=services.runtime.cache.lease) as lease:
        embed(services, clip, "whisper-base-encoder", features)
    return lease.call_count


def embed(services: Services, clip: AudioClip, encoder: str, features: FeatureStore) -> None:
    """Embed a clip to the end."""
    for _ in embed_clip(clip, EmbeddingOptions(encoder), replace(services.runtime, features=features)):
        pass


def music(services: Services, folder: Path, seconds: int) -> AudioClip:
    """Return the music example, repeated to `seconds`."""
    samples, rate = soundfile.read(EXAMPLES / "music.ogg")
    path = folder / f"{seconds} seconds.wav"
    soundfile.write(path, np.resize(samples, (seconds * rate, *samples.shape[1:])), rate, "PCM_16")
    return services.clips.open(path)
