"""Transcription on ZeroGPU: the speech of a clip in calls that fit the visitor's GPU time, whose results are kept.

Speech is found on the CPU, where it costs no GPU time. Each call decodes as many windows as its time allows. What it gave is
stored beside the clip, so that a transcription that was refused half way goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from math import ceil

from models.runtime import GpuHost, ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.whisper_memory import BATCH_WINDOWS
from models.zero_gpu.refusals import GpuRefused, GpuTakenBack
from pipelines.clip.clip import AudioClip
from pipelines.clip.stored_results import ClipResults
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.jobs.gpu_seconds import token_seconds
from pipelines.speech.decoding import DecodedWindows, decode_windows, windows_of_speech
from pipelines.speech.language_id import Language
from pipelines.speech.transcript import DecodingOptions, Segment, ShortenedField
from pipelines.speech.voice_activity import SAMPLE_RATE
from pipelines.speech.windows import MAX_WINDOW_SECONDS, SpeechWindow

TOKENS_A_WINDOW = 150
"""28 s of fast speech."""
BEAM_FACTOR = 1.5
"""Time of a step of beam search relative to one of greedy search."""
WINDOW_SECONDS = 0.25
"""Encoding of a window, and the times of its words."""
FIRST_BATCHES, WINDOWS_OF_FIRST_BATCHES = 4, 15
"""A call begins with batches of 1, 2, 4 and 8 windows, so that the first words come soon."""
MIN_CALL_SECONDS = 3.0
"""Estimated GPU time below which a call is not worth its beginning."""

Step = ShortenedField | Language | Segment


@dataclass(frozen=True)
class _SideWindow:
    """A window, and the side of the clip that it is read from; '' for all of the clip."""

    side: str
    window: SpeechWindow

    @property
    def start(self) -> int:
        """First sample of the clip."""
        return self.window.chunks[0].start


@dataclass(frozen=True)
class _Done:
    """What earlier calls gave."""

    windows: frozenset[int] = frozenset()
    """Indices of those decoded, among the windows of all sides in order of time."""
    languages: tuple[tuple[str, Language], ...] = ()
    """(side, its language)."""
    segments: tuple[Segment, ...] = ()


UNFINISHED = ClipResults("unfinished-transcription", _Done)


def window_seconds(spec: ModelSpec, windows: int) -> float:
    """Return the estimated GPU time for so many windows in one call."""
    batches = min(windows, FIRST_BATCHES) + max(0, windows - WINDOWS_OF_FIRST_BATCHES) / BATCH_WINDOWS["cuda"]
    return batches * TOKENS_A_WINDOW * BEAM_FACTOR * token_seconds(spec) + windows * WINDOW_SECONDS


def transcription_seconds(spec: ModelSpec, duration: float, host: GpuHost) -> float:
    """Return the estimated GPU time for a clip of `duration` seconds with speech throughout."""
    windows = ceil(duration / MAX_WINDOW_SECONDS)
    at_once = _fitting(spec, windows, host.max_work_seconds)
    calls, rest = divmod(windows, at_once)
    return calls * window_seconds(spec, at_once) + window_seconds(spec, rest)


def decode_in_calls(
    clip: AudioClip,
    options: DecodingOptions,
    spec: ModelSpec,
    sides: tuple[str, ...],
    key: object,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Generator[Step, None, None]:
    """Yield what `decode_speech` does, of all sides; what earlier calls for the same `key` gave comes at once.

    Raises:
        GpuRefused: no GPU was given for the next call; what came before stays.
        ModelError: see `ModelCache.lease`.
    """
    assert runtime.gpu
    windows = _windows(clip, options, sides, should_stop)
    done = UNFINISHED.find(clip, key) or _Done()
    yield from (language for _, language in done.languages)
    yield from done.segments
    limit = runtime.gpu.max_work_seconds
    while not should_stop() and (rest := [index for index in range(len(windows)) if index not in done.windows]):
        count = _fitting(spec, len(rest), limit)
        call = _Call(clip, options, spec, {index: windows[index] for index in rest[:count]}, done)
        try:
            yield from call.steps(runtime, should_stop)
        except GpuRefused as refusal:
            if not (isinstance(refusal, GpuTakenBack) and call.done != done):
                limit = _next_limit(refusal, count, window_seconds(spec, count), runtime.gpu)
        finally:
            done = call.done
            UNFINISHED.store(clip, key, done)


def _windows(
    clip: AudioClip, options: DecodingOptions, sides: tuple[str, ...], should_stop: Callable[[], bool]
) -> list[_SideWindow]:
    found = [
        _SideWindow(side, window)
        for side in sides or ("",)
        for window in windows_of_speech(clip.speech_waveform(SAMPLE_RATE, side), options, should_stop)
    ]
    return sorted(found, key=lambda each: each.start)


def _fitting(spec: ModelSpec, windows: int, seconds: float) -> int:
    """Return how many of `windows` windows fit a call with `seconds` of work, at least one."""
    return next((count for count in range(windows, 1, -1) if window_seconds(spec, count) <= seconds), 1)


def _next_limit(refusal: GpuRefused, windows: int, seconds: float, host: GpuHost) -> float:
    """Return the longest work of a call that would not be refused for the same reason; raise the refusal if there is none."""
    longest = refusal.longest_seconds
    if longest is None or windows == 1:
        raise refusal
    while host.requested_seconds(seconds) > longest:
        seconds /= 2
        if seconds < MIN_CALL_SECONDS:
            raise refusal
    return seconds


class _Call:
    """One call for some windows of a clip."""

    def __init__(
        self, clip: AudioClip, options: DecodingOptions, spec: ModelSpec, windows: dict[int, _SideWindow], done: _Done
    ) -> None:
        # Those of one side together: they share batches.
        self._order = sorted(windows, key=lambda index: (windows[index].side, index))
        self._spec = spec
        self._seconds = window_seconds(spec, len(windows))
        self._work = partial(_decode, clip, options, spec, tuple(windows[index] for index in self._order), dict(done.languages))
        self._several_sides = len({each.side for each in windows.values()}) > 1
        self.done = done
        """With what this call gave so far."""

    def steps(self, runtime: ModelRuntime, should_stop: Callable[[], bool]) -> Generator[Step, None, None]:
        """Yield what is new; the segments of several sides come at the end, in order of time."""
        waiting: list[Segment] = []
        for step in gpu_steps(self._work, runtime, self._spec, self._seconds, should_stop):
            if isinstance(step, _SideLanguage):
                self.done = replace(self.done, languages=(*self.done.languages, (step.side, step.language)))
                yield step.language
            elif isinstance(step, ShortenedField):
                yield step
            else:
                ended, self._order = self._order[: step.count], self._order[step.count :]
                segments = (*self.done.segments, *step.segments)
                self.done = replace(self.done, windows=self.done.windows.union(ended), segments=segments)
                waiting += step.segments
                if not self._several_sides:
                    yield from waiting
                    waiting = []
        yield from sorted(waiting, key=lambda segment: segment.start)


@dataclass(frozen=True)
class _SideLanguage:
    side: str
    language: Language


def _decode(
    clip: AudioClip,
    options: DecodingOptions,
    spec: ModelSpec,
    windows: tuple[_SideWindow, ...],
    languages: dict[str, Language],
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Generator[ShortenedField | _SideLanguage | DecodedWindows, None, None]:
    """Decode windows in the process that has the GPU; those that a stop interrupted are left for another call."""
    with runtime.cache.lease(spec, should_stop=should_stop) as (whisper,):
        for side, group in groupby(windows, key=lambda each: each.side):
            waveform, known = clip.speech_waveform(SAMPLE_RATE, side), languages.get(side)
            parts = (each.window for each in group)
            for step in decode_windows(whisper, waveform, parts, known, options, should_stop):
                match step:
                    case Language() if known is None:
                        yield _SideLanguage(side, step)
                    case ShortenedField():
                        yield step
                    case DecodedWindows() if step.count:
                        yield replace(step, segments=tuple(replace(segment, side=side) for segment in step.segments))
