"""The whole analysis of a clip: speech, description, notes, embeddings and a picture, as far as they fit it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from models.errors import AudioscopeError, JobStopped
from models.runtime import ModelRuntime
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.description.description import describe_clip
from pipelines.description.findings import ClipFindings
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.map import stored_map
from pipelines.everything.types import EverythingFound, EverythingOptions, LeftOutSubject, Subject, fitting_subjects
from pipelines.jobs.model_use import ModelUse
from pipelines.music.facts import ClipTags
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions
from pipelines.notes.in_bars import notes_in_bars
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.speech.transcription import transcribe
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import TagOptions

TAGS_WORK = 0.1
"""Work of finding out what fits the clip, in the unit of `WORK`."""
WORK: dict[Subject, float] = {"speech": 1.5, "description": 1.2, "notes": 0.1, "embeddings": 1.0, "picture": 0.5}
"""Work of each subject relative to the others, for the progress: seconds on one core for 15 to 22 s of speech or music."""

Steps = Generator[tuple[float, dict[str, Any]], None, None]
"""Progress of a subject, 0 to 1, and the fields of `EverythingFound` that became known, step by step."""


def analyse_everything(
    clip: AudioClip,
    options: EverythingOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[EverythingFound]:
    """Run all analyses that fit `clip`: yield a snapshot at each of their steps, so that the caller can stop at any time.

    The clip is decoded once, and what one analysis has computed the next finds in the feature store. One that fails is left out
    with its reason, and the others go on.

    Args:
        clip: the audio.
        options: what is wanted, and the options of each analysis.
        runtime: catalogue, models and feature store.
        should_stop: asked at every step.
        clock: seconds, for `elapsed`.

    Raises:
        InvalidOption: there is no such subject; before any model is touched.
        ModelError: the taggers cannot be had, by whose tags it is decided what fits.
    """
    began = clock()
    options.check()
    now = EverythingFound(duration=clip.duration)
    for now in _Analysis(clip, options, runtime, should_stop).snapshots():
        now = replace(now, elapsed=clock() - began)
        yield now
    if should_stop():
        yield replace(now, subject=None, state="stopped", elapsed=clock() - began)
    else:
        yield replace(now, subject=None, state="done", position=1.0, elapsed=clock() - began)


def find_subjects(
    clip: AudioClip, wanted: tuple[Subject, ...], runtime: ModelRuntime, should_stop: Callable[[], bool] = never_stop
) -> tuple[tuple[Subject, ...], tuple[LeftOutSubject, ...]]:
    """Tag `clip` and return which subjects fit it, and which do not; see `fitting_subjects`.

    Raises:
        JobStopped: `should_stop` returned True.
        ModelError: the taggers cannot be had.
    """
    *_, sounds = tag_sounds(clip, TagOptions(), runtime, should_stop)
    *_, music = tag_music(clip, MusicTagOptions(), runtime, should_stop)
    if should_stop():
        raise JobStopped
    return fitting_subjects(ClipFindings(clip.duration, None, music, sounds), wanted)


class _Analysis:
    """One run; `_now` is its latest snapshot."""

    def __init__(
        self, clip: AudioClip, options: EverythingOptions, runtime: ModelRuntime, should_stop: Callable[[], bool]
    ) -> None:
        self._clip = clip
        self._options = options
        self._runtime = runtime
        self._should_stop = should_stop
        self._now = EverythingFound(duration=clip.duration)
        self._steps: dict[Subject, Callable[[], Steps]] = {
            "speech": self._speech,
            "description": self._description,
            "notes": self._notes,
            "embeddings": self._embeddings,
            "picture": self._picture,
        }
        self._tags = ClipTags()

    def snapshots(self) -> Iterator[EverythingFound]:
        """Yield a snapshot at each step."""
        whole = TAGS_WORK + sum(WORK[subject] for subject in self._options.subjects)
        for fraction in self._tagged():
            yield self._advanced(fraction * TAGS_WORK / whole)
        if self._should_stop():
            return
        findings = ClipFindings(self._clip.duration, None, self._tags.music, self._tags.sounds)
        fitting, left_out = fitting_subjects(findings, self._options.subjects)
        self._now = replace(self._now, left_out=left_out)
        done, whole = TAGS_WORK, TAGS_WORK + sum(WORK[subject] for subject in fitting)
        for subject in fitting:
            self._now = replace(self._now, subject=subject)
            try:
                with closing(self._steps[subject]()) as steps:
                    for fraction, found in steps:
                        self._now = _with_use(self._now, found)
                        yield self._advanced((done + fraction * WORK[subject]) / whole)
            except AudioscopeError as error:
                left = LeftOutSubject(subject, str(error), is_failure=True)
                self._now = replace(self._now, left_out=(*self._now.left_out, left))
            if self._should_stop():
                return
            done += WORK[subject]

    def _advanced(self, position: float) -> EverythingFound:
        self._now = replace(self._now, position=max(self._now.position, min(position, 1.0)))
        return self._now

    def _tagged(self) -> Iterator[float]:
        """Tag sounds and music and yield the progress."""
        tagging = self._options.description
        for sounds in tag_sounds(self._clip, TagOptions(tagging.sound_model, tagging.max_tags), self._runtime, self._should_stop):
            yield sounds.position / self._clip.duration / 2
        if self._should_stop():
            return
        for music in tag_music(self._clip, MusicTagOptions(tagging.max_tags), self._runtime, self._should_stop):
            yield (1 + music.position / self._clip.duration) / 2
        self._tags = ClipTags(sounds, music)

    def _speech(self) -> Steps:
        for now in transcribe(self._clip, self._options.transcription, self._runtime, self._should_stop):
            yield now.position / self._clip.duration, {"speech": now}

    def _description(self) -> Steps:
        for now in describe_clip(self._clip, self._options.description, self._runtime, self._should_stop):
            yield now.position, {"description": now}

    def _notes(self) -> Steps:
        known = self._now.description
        facts = known.facts if known else None
        for now in notes_in_bars(self._clip, self._options.notes, self._runtime, self._should_stop, facts=facts, tags=self._tags):
            yield now.position, {"notes": now}

    def _embeddings(self) -> Steps:
        for now in embed_clip(self._clip, self._options.embedding, self._runtime, self._should_stop):
            yield now.position / self._clip.duration, {"embedding": now.embedding}
        if now.embedding is not None:
            yield 1.0, {"embedding_map": stored_map([now.embedding], self._options.map, self._runtime.features)}

    def _picture(self) -> Steps:
        for now in audio_to_image(self._clip, self._options.picture, self._runtime, self._should_stop):
            yield now.step / max(1, now.steps), {"picture": now}


def _with_use(now: EverythingFound, found: dict[str, Any]) -> EverythingFound:
    """Return the snapshot with new fields, and with the names of the models and licences of what is complete."""
    uses = [now, *(one for one in found.values() if isinstance(one, ModelUse) and one.state == "done")]
    named: dict[str, Any] = {}
    for field in ("model", "licence", "device"):
        names = (name for use in uses for name in getattr(use, field).split(", ") if name)
        named[field] = ", ".join(dict.fromkeys(names))
    return replace(now, **found, **named)
