"""Several people on one Whisper: a crowd with short clips against one after the other, and what sharing costs a lone person."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, permutations
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.report import Figure, alternating_medians, at_least, at_most
from models.arrays import FloatArray
from models.runtime import ModelRuntime
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import RESULTS_FOLDER
from pipelines.speech.decoding import decode_speech
from pipelines.speech.transcript import DecodingOptions, Segment, TranscriptionOptions
from pipelines.speech.transcription import borrow_whisper, transcribe, with_workers
from services import Services, build_services
from settings import Settings
from tests.assembled_speech import RATE, read_speech
from tests.recordings import librivox_sentences

PEOPLE = 8
CLIP_SECONDS = 10
PAUSE_SAMPLES = RATE // 2
ROUNDS = 5
LONE_ROUNDS = 15
MIN_SPEEDUP = 1.8
MAX_LONE_COST = 1.02


def figures() -> list[Figure]:
    """Return the speed of a crowd, whether its words are those of each alone, and the time of a lone person."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))
        clips = [opened(services, waveform, Path(folder) / f"{n}.wav") for n, waveform in enumerate(short_clips(PEOPLE))]
        return [*crowd(services, clips), lone(services, clips[0])]


def short_clips(count: int) -> list[FloatArray]:
    """Return different clips of `CLIP_SECONDS` at 16 kHz, each with two read sentences."""
    sentences = [read_speech(sentence.path) for sentence in librivox_sentences()]
    room = CLIP_SECONDS * RATE - PAUSE_SAMPLES
    pairs = ((first, second) for first, second in permutations(sentences, 2) if len(first) + len(second) <= room)
    clips = list[FloatArray]()
    for first, second in islice(pairs, count):
        waveform = np.zeros(CLIP_SECONDS * RATE, np.float32)
        waveform[: len(first)] = first
        begin = len(first) + PAUSE_SAMPLES
        waveform[begin : begin + len(second)] = second
        clips.append(waveform)
    return clips


def crowd(services: Services, clips: Sequence[AudioClip]) -> list[Figure]:
    """Compare all clips at once with the same clips one after the other; both take turns, so that other load affects both."""
    services.runtime.cache.preload(WHISPER_BASE_OFFLINE, with_workers(WHISPER_BASE_OFFLINE))
    texts: dict[str, list[str]] = {}

    def in_turn() -> None:
        texts["in turn"] = [transcribed(services.runtime, clip) for clip in clips]

    def at_once() -> None:
        together = threading.Barrier(len(clips))

        def arrive(clip: AudioClip) -> str:
            together.wait()
            return transcribed(services.runtime, clip)

        with ThreadPoolExecutor(len(clips)) as people:
            texts["at once"] = list(people.map(arrive, clips))

    in_turn_seconds, at_once_seconds = alternating_medians([in_turn, at_once], ROUNDS)
    same = texts["in turn"] == texts["at once"]
    claim = f"{PEOPLE} people with clips of {CLIP_SECONDS} s at once ({at_once_seconds:.1f} s), in turn ({in_turn_seconds:.1f} s)"
    return [
        at_least(claim, in_turn_seconds / at_once_seconds, MIN_SPEEDUP, "x"),
        Figure("their words are those of each alone", "same" if same else "other", "same", same),
    ]


def lone(services: Services, clip: AudioClip) -> Figure:
    """Compare decoding of a lone person who shares the model with decoding of one who has it exclusively."""
    waveform, options = clip.speech_waveform(RATE), DecodingOptions()

    def sharing() -> list[object]:
        with borrow_whisper(WHISPER_BASE_OFFLINE, services.runtime, options.beam_size) as (whisper, budget):
            return list(decode_speech(whisper, waveform, options, never_stop, budget))

    def exclusive() -> list[object]:
        with services.runtime.cache.lease(WHISPER_BASE_OFFLINE) as (whisper,):
            return list(decode_speech(whisper, waveform, options, never_stop))

    assert any(isinstance(step, Segment) for step in sharing())
    shared_seconds, exclusive_seconds = alternating_medians([sharing, exclusive], LONE_ROUNDS)
    claim = f"a lone person who shares ({shared_seconds:.2f} s), with the model exclusively ({exclusive_seconds:.2f} s)"
    return at_most(claim, shared_seconds / exclusive_seconds, MAX_LONE_COST, "x", 3)


def opened(services: Services, waveform: FloatArray, file: Path) -> AudioClip:
    """Return a waveform at 16 kHz as a clip of the store; `file` is written for it."""
    soundfile.write(file, waveform, RATE)
    return services.clips.open(file)


def transcribed(runtime: ModelRuntime, clip: AudioClip) -> str:
    """Return the text of a clip, decoded anew."""
    shutil.rmtree(clip.directory / RESULTS_FOLDER, ignore_errors=True)  # else it would be found, not computed
    return list(transcribe(clip, TranscriptionOptions(model=WHISPER_BASE_OFFLINE.key), runtime))[-1].text
