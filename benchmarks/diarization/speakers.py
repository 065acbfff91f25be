"""Diarization error, number of speakers and cost on 40 conversations of 21 people whom no decision was tuned on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import platformdirs

from benchmarks.diarization.mixtures import Conversation, conversation, turns_of
from benchmarks.diarization.voices import SAMPLE_RATE, Split, recordings, voices
from benchmarks.report import Figure, at_least, at_most
from models.runtime import ModelRuntime
from models.specs.speakers import RESEMBLYZER
from models.stopping import never_stop
from pipelines.speech.diarization.clustering import find_speakers
from pipelines.speech.diarization.units import Unit, label_units
from pipelines.speech.diarization.voices import embed_voices
from pipelines.speech.voice_activity import SpeechRegion, speech_regions
from services import build_services
from settings import Settings

CONVERSATIONS = 40
FIRST_SEED: dict[Split, int] = {"tuning": 0, "kept apart": 1000}
COLLAR_SECONDS = 0.25
PIECE_SECONDS = 0.2
MAX_ERROR, MIN_RIGHT_NUMBERS, MAX_COST = 12.0, 80.0, 5.0
"""Per cent."""


@dataclass(frozen=True)
class Diarized:
    """What was found in one conversation."""

    truth: Conversation
    turns: tuple[tuple[float, float, int], ...]
    """Start and end in seconds, and the speaker."""
    seconds: float
    """Processor time that it took, of all threads."""


def figures() -> list[Figure]:
    """Return the error, the share of right numbers and the cost."""
    folder = platformdirs.user_cache_path("audioscope-voices")
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(Settings(data_dir=Path(scratch) / "data", clip_dir=Path(scratch) / "clips"))
        found = [diarized(each, services.runtime) for each in conversations("kept apart", folder)]
    length = sum(len(each.truth.waveform) for each in found) / SAMPLE_RATE
    right = sum(len({turn[2] for turn in each.turns}) == each.truth.speakers for each in found)
    claim = f"diarization error, {len(found)} conversations of 2 to 5 people ({length / 60:.0f} min, {COLLAR_SECONDS:g} s collar)"
    cost = 100 * sum(each.seconds for each in found) / length
    return [
        at_most(claim, 100 * error_rate(found), MAX_ERROR, " %", 1),
        at_least("their number of speakers is right", 100 * right / len(found), MIN_RIGHT_NUMBERS, " %", 0),
        at_most("processor time to find the speakers, share of the length", cost, MAX_COST, " %", 1),
    ]


def conversations(split: Split, folder: Path) -> Iterator[Conversation]:
    """Yield the conversations of a split, with 2, 3, 4 and 5 people in turn.

    Args:
        split: whose voices speak.
        folder: keeps the packages with the recordings.
    """
    turns = {voice.speaker: turns_of(recordings(voice, folder)) for voice in voices(split)}
    for number in range(CONVERSATIONS):
        yield conversation(f"{split} {number}", 2 + number % 4, turns, FIRST_SEED[split] + number)


def diarized(truth: Conversation, runtime: ModelRuntime) -> Diarized:
    """Find the speakers of a conversation, with pieces of 0.2 s in place of words."""
    began = time.process_time()
    regions = list(speech_regions(truth.waveform, never_stop))
    windows = embed_voices(truth.waveform, regions, RESEMBLYZER, runtime, never_stop)
    pieces = [piece for region in regions for piece in _pieces(region)]
    labels = label_units(pieces, windows, find_speakers(windows.embeds, None))
    seconds = time.process_time() - began
    return Diarized(truth, tuple(_turns(pieces, labels.tolist())), seconds)


def _pieces(region: SpeechRegion) -> list[Unit]:
    start, end = region.start / SAMPLE_RATE, region.end / SAMPLE_RATE
    bounds = np.linspace(start, end, max(1, round((end - start) / PIECE_SECONDS)) + 1).tolist()
    return list(pairwise(bounds))


def _turns(pieces: Sequence[Unit], labels: Sequence[int]) -> list[tuple[float, float, int]]:
    """Join pieces of one speaker that touch."""
    turns: list[tuple[float, float, int]] = []
    for (start, end), label in zip(pieces, labels, strict=True):
        if turns and turns[-1][2] == label and turns[-1][1] == start:
            turns[-1] = turns[-1][0], end, label
        else:
            turns.append((start, end, label))
    return turns


def error_rate(found: Sequence[Diarized]) -> float:
    """Return the diarization error of all conversations together, 1 for as much error as speech."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric = DiarizationErrorRate(collar=COLLAR_SECONDS)
    for each in found:
        truth, answer = Annotation(), Annotation()
        for number, spoken in enumerate(each.truth.spoken):
            truth[Segment(spoken.start, spoken.end), number] = spoken.speaker
        for number, (start, end, speaker) in enumerate(each.turns):
            answer[Segment(start, end), number] = str(speaker)
        metric(truth, answer, uem=Timeline([Segment(0.0, len(each.truth.waveform) / SAMPLE_RATE)]))
    return float(abs(metric))
