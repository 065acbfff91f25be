"""Voice activity detection with Silero: the regions of a clip that hold speech.

Silero's state adapts to music, noise or silence and then misses the first words after it. So it runs on short overlapping pieces,
each with a fresh state and at a level of its own. Hours cost no more memory than minutes.
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
HOP_FRAMES = 62
"""2 s between the starts of two pieces."""
PIECE_FRAMES = 2 * HOP_FRAMES
"""4 s. After music, bird song, noise or silence of any length, speech then begins within 0.1 s of where it begins without them;
with pieces of 10 s every 5 s within 0.36 s, because speech may begin late in each of its pieces."""
PEAK_LEVEL = 0.5
"""Peak to which each piece is scaled, relative to full scale."""
MIN_PEAK = 1e-4
"""-80 dBFS; softer sound is silence."""
SPEECH_THRESHOLD = 0.5
"""Probability from which a speech region begins."""
HYSTERESIS = 0.15
"""A region begins at the threshold and ends this much below it, as in faster_whisper.vad."""
MIN_SILENCE_FRAMES = 10
"""0.32 s: a shorter pause does not end a region."""
MAX_BLIP_SAMPLES = 6 * FRAME_SAMPLES
"""0.19 s: a shorter region is a click, a piano key or a chirp, unless speech is near."""
BLIP_DISTANCE_SAMPLES = SAMPLE_RATE
"""Distance from which other speech is not near."""
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
        should_stop: called before each piece.
        threshold: probability of speech from which a region begins.
    """
    probabilities = (float(p) for block in speech_probabilities(waveform, should_stop) for p in block)
    regions = find_regions(probabilities, threshold)
    return without_blips(SpeechRegion(r.start * FRAME_SAMPLES, min(r.end * FRAME_SAMPLES, len(waveform))) for r in regions)


def speech_probabilities(waveform: FloatArray, should_stop: Callable[[], bool]) -> Iterator[FloatArray]:
    """Compute Silero's probability of speech for each 32 ms: float32 [frames], in blocks of at most `HOP_FRAMES`.

    Each frame lies in two pieces and has the larger one of their probabilities.
    """
    frames = -(-len(waveform) // FRAME_SAMPLES)
    before: FloatArray = np.zeros(0, np.float32)
    for start in range(0, min(frames, max(1, frames - HOP_FRAMES)), HOP_FRAMES):
        if should_stop():
            return
        piece = np.array(waveform[start * FRAME_SAMPLES : (start + PIECE_FRAMES) * FRAME_SAMPLES])
        _release_pages(waveform)
        probabilities = _piece_probabilities(levelled(piece))
        probabilities[: len(before)] = np.maximum(probabilities[: len(before)], before)
        yield probabilities[:HOP_FRAMES]
        before = probabilities[HOP_FRAMES:]
    yield before


def levelled(samples: FloatArray) -> FloatArray:
    """Return samples without offset and with a peak of `PEAK_LEVEL`; silence stays silence."""
    centred = samples - samples.mean() if len(samples) else samples
    peak = float(np.abs(centred).max(initial=0.0))
    return np.asarray(centred * (PEAK_LEVEL / peak if peak >= MIN_PEAK else 0.0), dtype=np.float32)


def _piece_probabilities(samples: FloatArray) -> FloatArray:
    """Run Silero with a fresh state: float32 [frames]."""
    from faster_whisper.vad import get_vad_model

    padded = np.pad(samples, (CONTEXT_SAMPLES, -len(samples) % FRAME_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
    state = np.zeros((1, 1, 128), np.float32)
    output, *_ = get_vad_model().session.run(None, {"input": np.ascontiguousarray(frames), "h": state, "c": state})
    return np.asarray(output.reshape(-1))


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


def without_blips(regions: Iterable[SpeechRegion]) -> Iterator[SpeechRegion]:
    """Leave out regions, in samples, that are too short for a word and have no other speech near them."""
    end_before, held = -BLIP_DISTANCE_SAMPLES, None
    for region in regions:
        if held is not None and not _is_blip(held, end_before, region.start):
            yield held
            end_before = held.end
        held = region
    if held is not None and not _is_blip(held, end_before, held.end + BLIP_DISTANCE_SAMPLES):
        yield held


def _is_blip(region: SpeechRegion, end_before: int, start_after: int) -> bool:
    distance = min(region.start - end_before, start_after - region.end)
    return region.end - region.start <= MAX_BLIP_SAMPLES and distance >= BLIP_DISTANCE_SAMPLES
