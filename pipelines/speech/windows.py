"""Speech packed into the 30 s windows that Whisper takes, with the mapping back to the clip's own times.

Whisper's encoder works on 30 s whatever they hold, so that the fewer windows the less work. Speech regions are packed into
windows with what lies around them as a short pause; longer silence is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice, pairwise, tee, zip_longest

import numpy as np

from models.arrays import FloatArray
from pipelines.speech.voice_activity import SAMPLE_RATE, SPEECH_THRESHOLD, SpeechRegion, speech_regions

MAX_WINDOW_SECONDS = 28.0
"""Length up to which windows are filled. Whisper takes 30 s, and leaves speech that reaches their end for the next window."""
PADDING_SECONDS = 0.3
PADDING_SAMPLES = int(PADDING_SECONDS * SAMPLE_RATE)
"""Kept around each region: quiet consonants that Silero misses, and the pause between packed regions."""
WORD_TOLERANCE_SAMPLES = int(0.05 * SAMPLE_RATE)
"""Silero detects speech a frame or two late; no word begins earlier or ends later than this around a region."""
MAX_SILENCE_CHUNK_SAMPLES = 5 * SAMPLE_RATE
MIN_SKIPPED_SAMPLES = SAMPLE_RATE
"""Speech of more than 1 s without a word was skipped by the model."""
RESUME_SEARCH_SAMPLES = SAMPLE_RATE // 2
"""Search range for the pause that follows a word, from the end of the word."""
QUIET_SAMPLES = int(0.06 * SAMPLE_RATE)
"""Length of the quietest moment, at which speech without a pause is cut."""
MIN_HALVED_SAMPLES = 8 * SAMPLE_RATE
"""A shorter chunk is not cut in two."""
MAX_GAP_SAMPLES = 10 * SAMPLE_RATE
"""Speech after a longer gap begins a new window: what lies far apart is no context for each other."""
MAX_SHORT_SAMPLES = int(0.3 * SAMPLE_RATE)
"""A sound of a voice that is no longer may be one word, or none."""
MIN_ISOLATION_SAMPLES = SAMPLE_RATE
"""Such a sound at this distance from other speech has a window of its own: else it takes a word of its neighbours."""
PAUSE_HOP_SAMPLES = SAMPLE_RATE // 100
MIN_PAUSE_SAMPLES = int(0.16 * SAMPLE_RATE)
"""Silence within a word, before a stop such as p, t or k, is shorter."""
MAX_PAUSE_POWER = 10**-2.2
"""Power relative to that of loud speech (the 80th percentile) below which there is a pause."""
MIN_PIECE_SAMPLES = SAMPLE_RATE
"""A piece of a chunk holds a few words."""
MIN_FILL = 2 / 3
"""A window may end at the longest pause of its last third."""


@dataclass(frozen=True)
class Chunk:
    """A speech region with the padding that a window keeps around it, in samples of the clip."""

    start: int
    end: int
    speech: SpeechRegion

    @property
    def samples(self) -> int:
        """Length with padding."""
        return self.end - self.start

    @property
    def is_short(self) -> bool:
        """Whether the speech is hardly long enough for a word; false for a chunk without speech."""
        return 0 < self.speech.end - self.speech.start <= MAX_SHORT_SAMPLES

    def split(self, sample: int) -> tuple[Chunk, Chunk]:
        """Cut in two at a sample of the clip within the speech."""
        before, after = SpeechRegion(self.speech.start, sample), SpeechRegion(sample, self.speech.end)
        return Chunk(self.start, sample, before), Chunk(sample, self.end, after)

    def pieces(self, waveform: FloatArray, max_samples: int) -> list[Chunk]:
        """Cut at the longest pauses, or at quiet moments, until no piece is longer than `max_samples`."""
        cuts = _cuts(self.start, self.end, _pauses(waveform, self.start, self.end), waveform, max_samples)
        speech = self.speech
        return [
            Chunk(start, end, SpeechRegion(min(max(start, speech.start), end), max(min(end, speech.end), start)))
            for start, end in pairwise([self.start, *cuts, self.end])
        ]

    def clamp_to_speech(self, sample: float) -> float:
        """Return `sample`, or the edge of the speech if it lies outside; in a chunk without speech, the edge of the chunk."""
        if self.speech.start == self.speech.end:
            return min(max(sample, self.start), self.end)
        first = max(self.start, self.speech.start - WORD_TOLERANCE_SAMPLES)
        last = min(self.end, self.speech.end + WORD_TOLERANCE_SAMPLES)
        return min(max(sample, first), last)


@dataclass(frozen=True)
class SpeechWindow:
    """At most `MAX_WINDOW_SECONDS` of packed speech."""

    chunks: tuple[Chunk, ...]

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """Where each chunk begins in the window, and where the last one ends; samples."""
        return tuple(accumulate((chunk.samples for chunk in self.chunks), initial=0))

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.offsets[-1] / SAMPLE_RATE

    def audio(self, waveform: FloatArray) -> FloatArray:
        """Cut the window out of the clip: float32 [samples]."""
        return np.concatenate([waveform[chunk.start : chunk.end] for chunk in self.chunks])

    @property
    def is_short(self) -> bool:
        """Whether the speech is hardly long enough for a word; false without speech detection."""
        return len(self.chunks) == 1 and self.chunks[0].is_short

    def chunk_at(self, seconds: float) -> int:
        """Return the index of the chunk at a time of the window."""
        index = bisect_right(self.offsets, seconds * SAMPLE_RATE) - 1
        return min(max(index, 0), len(self.chunks) - 1)

    def clip_time(self, seconds: float, index: int) -> float:
        """Map a time of the window to seconds of the clip, held within the speech of chunk `index`.

        Whisper's words share the pauses between them, and its timestamps are coarse; where speech is, Silero knows better.
        """
        chunk = self.chunks[index]
        return chunk.clamp_to_speech(chunk.start + seconds * SAMPLE_RATE - self.offsets[index]) / SAMPLE_RATE

    def after(self, seconds: float, waveform: FloatArray) -> SpeechWindow | None:
        """Return the window's speech after the word that ends at `seconds` of the clip; None if it is too short to matter.

        It begins at a pause: the word may sound on for a while after the end that the model gives it.
        """
        sample = int(seconds * SAMPLE_RATE)
        rest = [chunk for chunk in self.chunks if chunk.speech.start >= sample]
        for chunk in self.chunks:
            if chunk.speech.start < sample and chunk.speech.end - sample > MIN_SKIPPED_SAMPLES:
                rest.insert(0, chunk.split(_quietest(waveform, sample, sample + RESUME_SEARCH_SAMPLES))[1])
        if sum(chunk.speech.end - chunk.speech.start for chunk in rest) <= MIN_SKIPPED_SAMPLES:
            return None
        return SpeechWindow(tuple(rest))

    def halves(self, waveform: FloatArray) -> tuple[SpeechWindow, ...]:
        """Split at a long pause near the middle, or a long chunk at its quietest moment; a short chunk stays whole."""
        if len(self.chunks) > 1:
            half = self.offsets[-1] / 2
            pauses = [after.speech.start - before.speech.end for before, after in pairwise(self.chunks)]
            middle = [i for i in range(1, len(self.chunks)) if half / 2 <= self.offsets[i] <= 1.5 * half]
            best = max(
                middle or range(1, len(self.chunks)),
                key=lambda i: (pauses[i - 1] // PADDING_SAMPLES, -abs(self.offsets[i] - half)),
            )
            return SpeechWindow(self.chunks[:best]), SpeechWindow(self.chunks[best:])
        (chunk,) = self.chunks
        if chunk.samples < MIN_HALVED_SAMPLES:
            return (self,)
        quarter = chunk.samples // 4
        parts = chunk.split(_quietest(waveform, chunk.start + quarter, chunk.end - quarter))
        return tuple(SpeechWindow((part,)) for part in parts)


def _quietest(waveform: FloatArray, start: int, end: int) -> int:
    """Return the middle of the quietest `QUIET_SAMPLES` of a part of the clip."""
    energy = np.cumsum(np.square(waveform[start:end], dtype=np.float64))
    return start + QUIET_SAMPLES // 2 + int(np.argmin(energy[QUIET_SAMPLES:] - energy[:-QUIET_SAMPLES]))


def _pauses(waveform: FloatArray, start: int, end: int) -> list[tuple[int, int]]:
    """Return length and middle of each pause within a part of the clip, in samples."""
    hops = (end - start) // PAUSE_HOP_SAMPLES
    frames = np.square(waveform[start : start + hops * PAUSE_HOP_SAMPLES], dtype=np.float64).reshape(hops, PAUSE_HOP_SAMPLES)
    power = np.convolve(frames.mean(1), np.ones(3) / 3, "same")
    is_quiet = power < np.percentile(power, 80) * MAX_PAUSE_POWER if hops else np.zeros(0, bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_quiet, [False]])))
    spans = [(first, last) for first, last in edges.reshape(-1, 2) * PAUSE_HOP_SAMPLES if first > 0 and last < len(frames.flat)]
    return [(int(b - a), start + int(a + b) // 2) for a, b in spans if b - a >= MIN_PAUSE_SAMPLES]


def _cuts(start: int, end: int, pauses: list[tuple[int, int]], waveform: FloatArray, max_samples: int) -> list[int]:
    """Return where a part of the clip is cut, in order."""
    if end - start <= max_samples:
        return []
    inside = [pause for pause in pauses if start + MIN_PIECE_SAMPLES <= pause[1] <= end - MIN_PIECE_SAMPLES]
    quarter = (end - start) // 4
    cut = max(inside)[1] if inside else _quietest(waveform, start + quarter, end - quarter)
    before = _cuts(start, cut, pauses, waveform, max_samples)
    return [*before, cut, *_cuts(cut, end, pauses, waveform, max_samples)]


def speech_windows(
    waveform: FloatArray,
    vad_filter: bool,
    first_duration: float,
    should_stop: Callable[[], bool],
    threshold: float = SPEECH_THRESHOLD,
) -> Iterator[SpeechWindow]:
    """Pack a clip at 16 kHz into windows, in order of time, each as soon as it is known.

    Args:
        waveform: float32 [samples], may be a memory map.
        vad_filter: leave out what is no speech; else all of the clip is packed, cut in pauses.
        first_duration: the first window is not filled further than these seconds, for quick first words.
        should_stop: called before each block of the detection.
        threshold: probability of speech from which a region begins.
    """
    chunks = pad_regions(speech_regions(waveform, should_stop, threshold), len(waveform))
    return pack(chunks if vad_filter else fill_with_silence(chunks, len(waveform)), first_duration)


def speech_since(windows: Iterable[SpeechWindow], seconds: float, waveform: FloatArray) -> Iterator[SpeechWindow]:
    """Yield the windows with the speech after `seconds` of the clip; the one around it begins at a pause."""
    for window in windows:
        is_later = window.chunks[0].speech.start >= seconds * SAMPLE_RATE
        rest = window if is_later else window.after(seconds, waveform)
        if rest:
            yield rest


def pad_regions(regions: Iterable[SpeechRegion], clip_samples: int) -> Iterator[Chunk]:
    """Add padding to each region; neighbours that are close share the pause between them."""
    floor, region = 0, None
    for following in regions:
        if region is not None:
            middle = (region.end + following.start) // 2
            yield _chunk(region, floor, middle)
            floor = middle
        region = following
    if region is not None:
        yield _chunk(region, floor, clip_samples)


def _chunk(region: SpeechRegion, floor: int, ceiling: int) -> Chunk:
    return Chunk(max(floor, region.start - PADDING_SAMPLES), min(ceiling, region.end + PADDING_SAMPLES), region)


def fill_with_silence(chunks: Iterable[Chunk], clip_samples: int) -> Iterator[Chunk]:
    """Yield the chunks and, as chunks without speech, all that lies between them."""
    end = 0
    for chunk in chunks:
        yield from _silence(end, chunk.start)
        yield chunk
        end = chunk.end
    yield from _silence(end, clip_samples)


def _silence(start: int, end: int) -> Iterator[Chunk]:
    for at in range(start, end, MAX_SILENCE_CHUNK_SAMPLES):
        yield Chunk(at, min(at + MAX_SILENCE_CHUNK_SAMPLES, end), SpeechRegion(at, at))


def pack(chunks: Iterable[Chunk], first_duration: float) -> Iterator[SpeechWindow]:
    """Fill windows in order of time and end each at a long pause; the first holds at most `first_duration` seconds.

    Chunks that lie far apart, and short isolated ones, share no window.
    """
    limit = int(first_duration * SAMPLE_RATE)
    held: list[Chunk] = []
    for chunk, is_apart in _with_breaks(chunks):
        if held and is_apart:
            yield SpeechWindow(tuple(held))
            held, limit = [], int(MAX_WINDOW_SECONDS * SAMPLE_RATE)
        while held and sum(c.samples for c in held) + chunk.samples > limit:
            count = _count_until_longest_pause([*held, chunk], limit)
            yield SpeechWindow(tuple(held[:count]))
            held = held[count:]
            limit = int(MAX_WINDOW_SECONDS * SAMPLE_RATE)
        held.append(chunk)
    if held:
        yield SpeechWindow(tuple(held))


def _with_breaks(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Yield each chunk, and whether a new window must begin with it."""
    gap_before, was_isolated = MAX_GAP_SAMPLES + 1, False
    each, following = tee(chunks)
    for chunk, after in zip_longest(each, islice(following, 1, None)):
        gap_after = after.speech.start - chunk.speech.end if after else MAX_GAP_SAMPLES + 1
        is_isolated = chunk.is_short and min(gap_before, gap_after) >= MIN_ISOLATION_SAMPLES
        yield chunk, is_isolated or was_isolated or gap_before > MAX_GAP_SAMPLES
        gap_before, was_isolated = gap_after, is_isolated


def _count_until_longest_pause(chunks: list[Chunk], limit: int) -> int:
    """Return how many of `chunks`, the last of which does not fit any more, go into one window."""
    filled = list(accumulate(chunk.samples for chunk in chunks))
    counts = range(1, len(chunks))
    allowed = [count for count in counts if filled[count - 1] >= MIN_FILL * limit] or [len(chunks) - 1]
    return max(allowed, key=lambda count: (chunks[count].speech.start - chunks[count - 1].speech.end, count))
