"""Voice activity detection with Silero: the regions of a clip in which somebody speaks.

Everything is read block by block: hours cost no more memory than minutes.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from models.arrays import FloatArray

SAMPLE_RATE = 16_000
"""Hz, of Silero and of Whisper."""
FRAME_SAMPLES = 512
"""Silero gives one probability for each 32 ms."""
CONTEXT_SAMPLES = 64
"""Samples of the previous frame that Silero takes with each frame."""
BLOCK_FRAMES = 1024
"""33 s: one step of the detection, some 40 ms of work."""
SPEECH_THRESHOLD = 0.5
"""Probability from which a speech region begins."""
HYSTERESIS = 0.15
"""A region begins at the threshold and ends this much below it, as in faster_whisper.vad."""
MIN_SILENCE_FRAMES = 10
"""0.32 s: a shorter pause does not end a region."""
MAX_REGION_FRAMES = int(27.0 * SAMPLE_RATE / FRAME_SAMPLES)
CUT_SEARCH_FRAMES = int(8.0 * SAMPLE_RATE / FRAME_SAMPLES)
"""A longer region is cut at the frame of its last 8 s with the lowest probability of speech."""


@dataclass(frozen=True)
class SpeechRegion:
    """Speech without a pause, in samples of the clip."""

    start: int
    end: int


def speech_regions(
    waveform: FloatArray, should_stop: Callable[[], bool], threshold: float = SPEECH_THRESHOLD
) -> Iterator[SpeechRegion]:
    """Find the speech regions of a clip, in order of time, each as soon as it is known.

    Args:
        waveform: float32 [samples] at 16 kHz, may be a memory map.
        should_stop: called before each block.
        threshold: probability of speech from which a region begins.
    """
    probabilities = (float(p) for block in speech_probabilities(waveform, should_stop) for p in block)
    for region in find_regions(probabilities, threshold):
        yield SpeechRegion(region.start * FRAME_SAMPLES, min(region.end * FRAME_SAMPLES, len(waveform)))


def speech_probabilities(waveform: FloatArray, should_stop: Callable[[], bool]) -> Iterator[FloatArray]:
    """Compute Silero's probability of speech for each 32 ms, block by block with its state carried over: float32 [frames]."""
    from faster_whisper.vad import get_vad_model

    session = get_vad_model().session
    hidden = cell = np.zeros((1, 1, 128), np.float32)
    context: FloatArray = np.zeros(CONTEXT_SAMPLES, np.float32)
    for start in range(0, len(waveform), BLOCK_FRAMES * FRAME_SAMPLES):
        if should_stop():
            return
        block: FloatArray = np.array(waveform[start : start + BLOCK_FRAMES * FRAME_SAMPLES])
        block = np.pad(block, (0, -len(block) % FRAME_SAMPLES))
        samples = np.concatenate([context, block])
        frames = np.lib.stride_tricks.sliding_window_view(samples, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        output, hidden, cell = session.run(None, {"input": np.ascontiguousarray(frames), "h": hidden, "c": cell})
        context = samples[-CONTEXT_SAMPLES:]
        _release_pages(waveform)
        yield output.reshape(-1)


def _release_pages(waveform: FloatArray) -> None:
    """Drop the pages of a memory map that were read: they count as this process's memory, although they are on disk."""
    if isinstance(waveform.base, mmap.mmap):
        waveform.base.madvise(mmap.MADV_DONTNEED)


def find_regions(probabilities: Iterable[float], threshold: float = SPEECH_THRESHOLD) -> Iterator[SpeechRegion]:
    """Find speech regions, in frames, as faster_whisper.vad does, and cut those that are too long for a window."""
    start, pause, frame = None, None, -1
    since_start: list[float] = []
    for frame, probability in enumerate(probabilities):
        if probability >= threshold:
            start, pause = frame if start is None else start, None
        if start is None:
            continue
        since_start.append(probability)
        if probability < threshold - HYSTERESIS:
            pause = frame if pause is None else pause
            if frame - pause >= MIN_SILENCE_FRAMES:
                yield SpeechRegion(start, pause)
                start, pause, since_start = None, None, []
        elif len(since_start) > MAX_REGION_FRAMES:
            length = len(since_start) - CUT_SEARCH_FRAMES + int(np.argmin(since_start[-CUT_SEARCH_FRAMES:]))
            yield SpeechRegion(start, start + length)
            start, since_start = start + length, since_start[length:]
    if start is not None:
        yield SpeechRegion(start, frame + 1)
