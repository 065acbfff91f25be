"""Long clips: packed decoding beside bare faster-whisper with the same weights, drift over an hour, memory of two hours."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile

from benchmarks.report import Figure, at_least, at_most
from models.arrays import FloatArray
from models.specs.speech import WHISPER_BASE_OFFLINE
from models.stopping import never_stop
from pipelines.speech.decoding import decode_speech
from pipelines.speech.transcript import DecodingOptions, Segment
from pipelines.speech.transcription import with_workers
from services import build_services
from settings import Settings
from tests.app_process import running_app
from tests.assembled_speech import RATE, KnownWords, sentences_with_pauses, words_at_known_times
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.pipelines.speech.test_transcription import error_rate

BEAM = 5
ROUNDS = 2
TEN_MINUTES = 600.0
FASTER = 2.5
ENGLISH = DecodingOptions(language="en")


Transcriber = Callable[[FloatArray], Iterable[Any]]


@dataclass(frozen=True)
class Run:
    """One transcription."""

    seconds: float
    text: str


def figures() -> list[Figure]:
    """Return the figures of speed, words, first words, times and memory."""
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))
        directory = services.files.fetch(WHISPER_BASE_OFFLINE).directory
        return [*speed(directory), *first_words(directory, Path(folder)), *times(directory), memory(directory, Path(folder))]


def whisper_model(directory: Path, workers: int = 1) -> Any:
    """Return bare faster-whisper; several workers share the cores."""
    from faster_whisper import WhisperModel

    threads = 0 if workers == 1 else 1
    dtype = WHISPER_BASE_OFFLINE.cpu_dtype
    return WhisperModel(str(directory), device="cpu", compute_type=dtype, cpu_threads=threads, num_workers=workers)


def packed(whisper: Any, waveform: FloatArray, options: DecodingOptions) -> Generator[Segment, None, None]:
    """Return the segments of Audioscope."""
    with closing(decode_speech(whisper, waveform, options, never_stop)) as steps:
        yield from (step for step in steps if isinstance(step, Segment))


def measure(transcriber: Transcriber, waveform: FloatArray) -> Run:
    """Run a transcription once."""
    began = time.perf_counter()
    texts = [segment.text for segment in transcriber(waveform)]
    return Run(time.perf_counter() - began, " ".join(texts))


def speed(directory: Path) -> list[Figure]:
    """Compare on ten minutes; the contenders take turns, so that other load affects all of them."""
    known = sentences_with_pauses(TEN_MINUTES)
    bare = whisper_model(directory)
    workers = whisper_model(directory, with_workers(WHISPER_BASE_OFFLINE).workers)
    contenders: dict[str, Transcriber] = {
        "words": lambda sound: bare.transcribe(sound, beam_size=BEAM, word_timestamps=True)[0],
        "no words": lambda sound: bare.transcribe(sound, beam_size=BEAM)[0],
        "ours": partial(packed, workers, options=DecodingOptions()),
    }
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, transcriber in contenders.items():
            runs[name].append(measure(transcriber, known.waveform))
    seconds = {name: median(run.seconds for run in own) for name, own in runs.items()}
    errors = {name: median(error_rate([known.text], [run.text]) for run in own) for name, own in runs.items()}
    with_words = f"ten minutes with times of words ({seconds['ours']:.1f} s), bare faster-whisper ({seconds['words']:.1f} s)"
    without = f"the same, beside bare faster-whisper without times of words ({seconds['no words']:.1f} s)"
    return [
        at_least(with_words, seconds["words"] / seconds["ours"], FASTER, "x"),
        at_least(without, seconds["no words"] / seconds["ours"], 1.0, "x"),
        at_most("its word error rate, less that of the latter", errors["ours"] - errors["no words"], 0.0, digits=4),
    ]


def first_words(directory: Path, folder: Path) -> list[Figure]:
    """Measure the time from the click to the first word on the page, with the model loaded."""
    from playwright.sync_api import sync_playwright

    clip = folder / "five minutes.wav"
    samples = sentences_with_pauses(TEN_MINUTES / 2).waveform
    soundfile.write(clip, samples, RATE)
    workers = whisper_model(directory, with_workers(WHISPER_BASE_OFFLINE).workers)
    decoded, shown = [], []
    with running_app(folder / "app") as app, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS)).new_page()
        page.goto(app.address)
        page.locator(".clip-file").set_input_files(clip)
        page.locator(".as-name").get_by_text(clip.name).wait_for()
        for _ in range(1 + ROUNDS):
            began = time.perf_counter()
            segments = packed(workers, samples, DecodingOptions())
            next(segments)
            decoded.append(time.perf_counter() - began)
            segments.close()  # waits for what is being decoded, which is not part of the first segment
            page.evaluate("document.querySelectorAll('#transcript .word').forEach((word) => word.classList.remove('word'))")
            began = time.perf_counter()
            page.locator("#transcribe").click()
            page.locator("#transcript .word").first.wait_for()
            shown.append(time.perf_counter() - began)
            page.locator("#stop-transcribing").click()
            page.locator('#transcript-summary [data-state="stopped"]').wait_for()
            page.get_by_role("button", name=re.compile("Transcribe$")).wait_for()
    ours, bare = median(shown[1:]), median(decoded[1:])
    return [at_most(f"first words in the browser ({ours:.2f} s), first segment decoded ({bare:.2f} s)", ours / bare, 1.5, "x")]


def start_errors(segments: Iterable[Segment], known: KnownWords) -> list[tuple[float, float]]:
    """Return the time of each recognised word and the error of its reported start, in seconds."""
    recognised = [(word.text.lower().strip(" .,!?"), word.start) for segment in segments for word in segment.words]
    matches = SequenceMatcher(None, known.words, [text for text, _ in recognised], autojunk=False).get_matching_blocks()
    pairs = [(known.starts[m.a + i], recognised[m.b + i][1]) for m in matches for i in range(m.size)]
    return [(said, reported - said) for said, reported in pairs]


def times(directory: Path) -> list[Figure]:
    """Measure the drift over an hour of words at known times, whose last minute repeats the first."""
    minute, rest = words_at_known_times(60.0), words_at_known_times(3480.0, seed=1)
    parts = [(minute, 0.0), (rest, 60.0), (minute, 3540.0)]
    hour = KnownWords(
        np.concatenate([part.waveform for part, _ in parts]),
        tuple(word for part, _ in parts for word in part.words),
        tuple(offset + start for part, offset in parts for start in part.starts),
    )
    whisper = whisper_model(directory, with_workers(WHISPER_BASE_OFFLINE).workers)
    errors = start_errors(packed(whisper, hour.waveform, ENGLISH), hour)
    first, last = (median(late for said, late in errors if low <= said < low + 60.0) for low in (0.0, 3540.0))
    claim = f"distance of word starts from the truth, median over {len(errors)} words of an hour"
    return [
        at_most(claim, 1000 * median(abs(late) for _, late in errors), 150, " ms", digits=0),
        at_most("drift between its first and its last minute", 1000 * abs(last - first), 40, " ms", digits=0),
    ]


def memory(directory: Path, folder: Path) -> Figure:
    """Measure the peak resident memory of each length, in a process of its own."""
    ten_minutes = sentences_with_pauses(TEN_MINUTES).waveform[: int(TEN_MINUTES * RATE)]
    peaks = []
    for repeats in (1, 12):
        samples_file = folder / f"{repeats}.f32"
        np.tile(ten_minutes, repeats).tofile(samples_file)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            peaks.append(pool.submit(peak_megabytes, directory, samples_file).result())
    claim = f"peak memory for two hours ({peaks[1]:.0f} MB), for ten minutes ({peaks[0]:.0f} MB)"
    return at_most(claim, peaks[1] / peaks[0], 1.3, "x")


def peak_megabytes(directory: Path, samples_file: Path) -> float:
    """Return the peak memory of this process, which has no other work, after a transcription."""
    whisper = whisper_model(directory, with_workers(WHISPER_BASE_OFFLINE).workers)
    for _ in packed(whisper, np.memmap(samples_file, np.float32, "r"), ENGLISH):
        pass
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(peak[1]) / 1024 if peak else float("nan")
