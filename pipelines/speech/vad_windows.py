"""Where speech is, and speech packed into the 30 s windows that Whisper hears, with the way back to the clip's own times.

Whisper's encoder works on 30 s whatever they hold, so that the fewer windows the less work. Stretches of speech are packed into
windows with what lies around them as a short pause; longer silence is left out. Everything is read block by block: hours cost no
more memory than minutes.
"""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np

from models.arrays import FloatArray

SAMPLE_RATE = 16_000
LONGEST_WINDOW_SECONDS = 28.0
"""Of the 30 s that Whisper hears: speech that reaches their end is left by the model for a next window."""
FRAME_SAMPLES = 512
"""Silero gives one probability for each 32 ms."""
CONTEXT_SAMPLES = 64
"""What Silero wants to see of the frame before."""
BLOCK_FRAMES = 1024
"""33 s: one step of voice activity detection, some 40 ms of work."""
SPEECH_PROBABILITY = 0.5
HYSTERESIS = 0.15
"""A stretch begins at the one probability and ends this much below it, as in faster_whisper.vad."""
MIN_SILENCE_FRAMES = 10
"""0.32 s: a shorter pause does not end a stretch."""
MARGIN_SECONDS = 0.3
MARGIN_SAMPLES = int(MARGIN_SECONDS * SAMPLE_RATE)
"""Kept around each stretch: quiet consonants that Silero misses, and the pause between packed stretches."""
EDGE_SAMPLES = int(0.05 * SAMPLE_RATE)
"""Silero hears speech begin a frame or two late; no word begins earlier or ends later than this around a stretch."""
LONGEST_STRETCH_FRAMES = int(27.0 * SAMPLE_RATE / FRAME_SAMPLES)
CUT_SEARCH_FRAMES = int(8.0 * SAMPLE_RATE / FRAME_SAMPLES)
"""A longer stretch is cut at the frame of its last 8 s that sounds least like speech."""
SILENT_PIECE_SAMPLES = 5 * SAMPLE_RATE
UNHEARD_SAMPLES = SAMPLE_RATE
"""Speech of more than 1 s without a word was skipped by the model."""
MIN_FILL = 2 / 3
"""A window may end at the longest pause of its last third."""


@dataclass(frozen=True)
class Stretch:
    """Speech without a pause, in samples of the clip."""

    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """A stretch with the margins that a window keeps around it, in samples of the clip."""

    start: int
    end: int
    speech: Stretch

    @property
    def samples(self) -> int:
        """Length with margins."""
        return self.end - self.start

    def nearest_speech(self, sample: float) -> float:
        """`sample`, or the edge of the speech if it lies outside; in a piece without speech, the edge of the piece."""
        if self.speech.start == self.speech.end:
            return min(max(sample, self.start), self.end)
        first, last = max(self.start, self.speech.start - EDGE_SAMPLES), min(self.end, self.speech.end + EDGE_SAMPLES)
        return min(max(sample, first), last)


@dataclass(frozen=True)
class SpeechWindow:
    """At most `LONGEST_WINDOW_SECONDS` of packed speech."""

    pieces: tuple[Piece, ...]

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where each piece begins in the window, and where the last one ends; samples."""
        return tuple(accumulate((piece.samples for piece in self.pieces), initial=0))

    @property
    def seconds(self) -> float:
        """Length."""
        return self.offsets[-1] / SAMPLE_RATE

    def sound(self, waveform: FloatArray) -> FloatArray:
        """What Whisper is to hear: float32 [samples]."""
        return np.concatenate([waveform[piece.start : piece.end] for piece in self.pieces])

    def piece_at(self, seconds: float) -> int:
        """Index of the piece that is heard at a time of the window."""
        index = bisect_right(self.offsets, seconds * SAMPLE_RATE) - 1
        return min(max(index, 0), len(self.pieces) - 1)

    def clip_time(self, seconds: float, index: int) -> float:
        """Seconds of the clip for a time of the window, held within the speech of piece `index`.

        Whisper's words share the pauses between them, and its timestamps are coarse; where speech is, Silero knows better.
        """
        piece = self.pieces[index]
        return piece.nearest_speech(piece.start + seconds * SAMPLE_RATE - self.offsets[index]) / SAMPLE_RATE

    def after(self, seconds: float) -> SpeechWindow | None:
        """The window's speech after a time of the clip, if there is enough of it to matter."""
        sample = int(seconds * SAMPLE_RATE)
        rest = [piece for piece in self.pieces if piece.speech.end > sample]
        if sum(piece.speech.end - max(piece.speech.start, sample) for piece in rest) <= UNHEARD_SAMPLES:
            return None
        return SpeechWindow(tuple(replace(piece, start=max(piece.start, sample)) for piece in rest))


def speech_windows(
    waveform: FloatArray,
    voice_only: bool,
    first_seconds: float,
    stopped: Callable[[], bool],
    threshold: float = SPEECH_PROBABILITY,
) -> Iterator[SpeechWindow]:
    """The windows of a clip at 16 kHz, in order of time, each as soon as it is known.

    Args:
        waveform: float32 [samples], may be a memory map.
        voice_only: leave out what is no speech; else all of the clip is heard, cut where nobody speaks.
        first_seconds: the first window is not filled further than this, for quick first words.
        stopped: looked at before each block.
        threshold: probability of speech from which a stretch begins.
    """
    probabilities = (float(p) for block in speech_probabilities(waveform, stopped) for p in block)
    stretches = _in_samples(find_stretches(probabilities, threshold), len(waveform))
    pieces = with_margins(stretches, len(waveform))
    return pack(pieces if voice_only else with_silence(pieces, len(waveform)), first_seconds)


def speech_probabilities(waveform: FloatArray, stopped: Callable[[], bool]) -> Iterator[FloatArray]:
    """Silero's probability of speech for each 32 ms, block by block, its state carried over: float32 [frames]."""
    from faster_whisper.vad import get_vad_model

    session = get_vad_model().session
    hidden = cell = np.zeros((1, 1, 128), np.float32)
    before: FloatArray = np.zeros(CONTEXT_SAMPLES, np.float32)
    for start in range(0, len(waveform), BLOCK_FRAMES * FRAME_SAMPLES):
        if stopped():
            return
        block: FloatArray = np.array(waveform[start : start + BLOCK_FRAMES * FRAME_SAMPLES])
        block = np.pad(block, (0, -len(block) % FRAME_SAMPLES))
        heard = np.concatenate([before, block])
        frames = np.lib.stride_tricks.sliding_window_view(heard, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        output, hidden, cell = session.run(None, {"input": np.ascontiguousarray(frames), "h": hidden, "c": cell})
        before = heard[-CONTEXT_SAMPLES:]
        _let_go(waveform)
        yield output.reshape(-1)


def _let_go(waveform: FloatArray) -> None:
    """Of the pages of a memory map that were read: they count as this process's memory, although they are on disk."""
    if isinstance(waveform.base, mmap.mmap):
        waveform.base.madvise(mmap.MADV_DONTNEED)


def find_stretches(probabilities: Iterable[float], threshold: float = SPEECH_PROBABILITY) -> Iterator[Stretch]:
    """Stretches of speech, in frames, as faster_whisper.vad finds them. Those that are too long for a window are cut."""
    start, pause, frame = None, None, -1
    heard: list[float] = []  # since `start`
    for frame, probability in enumerate(probabilities):
        if probability >= threshold:
            start, pause = frame if start is None else start, None
        if start is None:
            continue
        heard.append(probability)
        if probability < threshold - HYSTERESIS:
            pause = frame if pause is None else pause
            if frame - pause >= MIN_SILENCE_FRAMES:
                yield Stretch(start, pause)
                start, pause, heard = None, None, []
        elif len(heard) > LONGEST_STRETCH_FRAMES:
            length = len(heard) - CUT_SEARCH_FRAMES + int(np.argmin(heard[-CUT_SEARCH_FRAMES:]))
            yield Stretch(start, start + length)
            start, heard = start + length, heard[length:]
    if start is not None:
        yield Stretch(start, frame + 1)


def _in_samples(stretches: Iterable[Stretch], clip_samples: int) -> Iterator[Stretch]:
    for stretch in stretches:
        yield Stretch(stretch.start * FRAME_SAMPLES, min(stretch.end * FRAME_SAMPLES, clip_samples))


def with_margins(stretches: Iterable[Stretch], clip_samples: int) -> Iterator[Piece]:
    """Each stretch with its margins; neighbours that are close share the pause between them."""
    floor, stretch = 0, None
    for following in stretches:
        if stretch is not None:
            middle = (stretch.end + following.start) // 2
            yield _piece(stretch, floor, middle)
            floor = middle
        stretch = following
    if stretch is not None:
        yield _piece(stretch, floor, clip_samples)


def _piece(stretch: Stretch, floor: int, ceiling: int) -> Piece:
    return Piece(max(floor, stretch.start - MARGIN_SAMPLES), min(ceiling, stretch.end + MARGIN_SAMPLES), stretch)


def with_silence(pieces: Iterable[Piece], clip_samples: int) -> Iterator[Piece]:
    """The pieces and, as pieces without speech, all that lies between them."""
    end = 0
    for piece in pieces:
        yield from _silence(end, piece.start)
        yield piece
        end = piece.end
    yield from _silence(end, clip_samples)


def _silence(start: int, end: int) -> Iterator[Piece]:
    for at in range(start, end, SILENT_PIECE_SAMPLES):
        yield Piece(at, min(at + SILENT_PIECE_SAMPLES, end), Stretch(at, at))


def pack(pieces: Iterable[Piece], first_seconds: float) -> Iterator[SpeechWindow]:
    """Fill windows in order of time and end each at a long pause."""
    limit = int(first_seconds * SAMPLE_RATE)
    held: list[Piece] = []
    for piece in pieces:
        while held and sum(p.samples for p in held) + piece.samples > limit:
            count = _count_until_longest_pause([*held, piece], limit)
            yield SpeechWindow(tuple(held[:count]))
            held = held[count:]
            limit = int(LONGEST_WINDOW_SECONDS * SAMPLE_RATE)
        held.append(piece)
    if held:
        yield SpeechWindow(tuple(held))


def _count_until_longest_pause(pieces: list[Piece], limit: int) -> int:
    """How many of `pieces`, the last of which does not fit any more, go into one window."""
    filled = list(accumulate(piece.samples for piece in pieces))
    counts = range(1, len(pieces))
    allowed = [count for count in counts if filled[count - 1] >= MIN_FILL * limit] or [len(pieces) - 1]
    return max(allowed, key=lambda count: (pieces[count].speech.start - pieces[count - 1].speech.end, count))
