"""Diarization as the last step of a transcription."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from models.model_catalog import ModelChoice
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.jobs.background import in_background
from pipelines.jobs.model_use import model_fields
from pipelines.speech.diarization.diarize import are_sides_speakers, with_speakers
from pipelines.speech.diarization.voices import choose_encoder
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions


def with_speakers_last(
    snapshots: Iterator[Transcription],
    clip: AudioClip,
    options: TranscriptionOptions,
    choice: ModelChoice,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
    clock: Callable[[], float],
) -> Iterator[Transcription]:
    """Yield the snapshots of a transcription, and at its end the lines with their speakers.

    A run that is stopped between has the lines without speakers.

    Raises:
        ModelError: the encoder of voices cannot be had.
    """
    encoder = choose_encoder(options.speaker_model, runtime.catalog)
    for now in snapshots:
        if now.state != "done":
            yield now
    if now.state != "done":
        return
    began, before = clock(), 0.0 if now.from_store else now.elapsed
    count = None if options.speakers == AUTO else int(options.speakers)
    now = replace(now, state="decoding", from_store=False)

    def found(ended: Callable[[], bool]) -> Generator[tuple[Segment, ...], None, None]:
        yield with_speakers(clip, now.segments, count, encoder, runtime, ended)

    for step in in_background(found, should_stop):
        now = replace(now.with_segments(step) if step else now, elapsed=before + clock() - began)
        yield now
    if should_stop():
        yield replace(now, state="stopped")
        return
    if not are_sides_speakers(now.segments, count):
        now = replace(now, **model_fields([choice.spec, encoder], runtime.catalog.device, choice.reason))
    yield replace(now, state="done")
