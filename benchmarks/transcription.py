"""Transcription through the pipeline, against the bare `faster_whisper` call with the same options, weights and clip."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks.report import Figure, alternating_medians, at_most
from models.specs.speech import WHISPER_BASE_OFFLINE
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import RESULTS_FOLDER
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services, build_services
from settings import Settings
from tests.recordings import EXAMPLES

ROUNDS = 9
BOUND = 1.05


def figures() -> list[Figure]:
    """Return the ratio of the medians, and whether the words are equal."""
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(Settings(data_dir=Path(scratch) / "data", clip_dir=Path(scratch) / "clips"))
        clip = services.clips.open(EXAMPLES / "speech.flac")
        services.runtime.cache.preload(WHISPER_BASE_OFFLINE)
        return _compare(services, clip)


def _compare(services: Services, clip: AudioClip) -> list[Figure]:
    from faster_whisper import WhisperModel

    directory = services.files.fetch(WHISPER_BASE_OFFLINE).directory
    whisper = WhisperModel(str(directory), device="cpu", compute_type=WHISPER_BASE_OFFLINE.cpu_dtype)

    def bare() -> str:
        segments, _ = whisper.transcribe(clip.waveform(16_000), beam_size=5, word_timestamps=True, vad_filter=True)
        return " ".join(segment.text.strip() for segment in segments)

    def ours() -> str:
        shutil.rmtree(clip.directory / RESULTS_FOLDER, ignore_errors=True)  # else it would be found, not computed
        return list(transcribe(clip, TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key), services.runtime))[-1].text

    same = ours() == bare()
    our_seconds, bare_seconds = alternating_medians([ours, bare], ROUNDS)
    claim = f"transcription of {clip.duration:.0f} s ({our_seconds:.2f} s), against bare faster-whisper ({bare_seconds:.2f} s)"
    return [
        at_most(claim, our_seconds / bare_seconds, BOUND, "x"),
        Figure("its words are those of bare faster-whisper", "same" if same else "other", "same", same),
    ]
