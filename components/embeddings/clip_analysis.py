"""Analysis of a clip for the colours of its points."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

from pipelines.clip.clip import AudioClip
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import find_stored, transcribe
from services import Services


def analyse_clip(
    services: Services, clip: AudioClip, known: ClipAnalyses, with_words: bool, should_stop: Callable[[], bool]
) -> Generator[None, None, ClipAnalyses]:
    """Compute what is missing in `known`: tags and music always, words if a transcript is stored or `with_words`.

    Yields at every progress of the pipelines, and returns all results.
    """
    if known.tags is None:
        for described in describe_clip(clip, DescriptionOptions(), services.runtime, should_stop):
            if described.state == "done":
                known = replace(known, tags=described.sounds, facts=described.facts)
            yield
    if known.words is None and not should_stop():
        options = TranscriptionOptions()
        written = find_stored(clip, options, services.runtime.catalog)
        snapshots = (
            transcribe(clip, options, services.runtime, should_stop) if written is None and with_words else iter([written])
        )
        for now in snapshots:
            if now is not None and now.state == "done":
                words = [word for segment in now.segments for word in segment.words]
                known = replace(known, words=tuple(sorted(words, key=lambda word: word.start)))
            yield
    return known
