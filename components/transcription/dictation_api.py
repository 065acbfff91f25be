"""The endpoint `dictate`: speech that is written while it comes in, chunk by chunk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.utils import get_upload_folder

from components.clip.sound_chunks import MAX_CHUNK_SECONDS, RATES
from components.page.endpoints import add_endpoint
from components.transcription.controls import DETECT
from components.transcription.dictation import DictationJob, DictationSession, begin_dictation
from models.arrays import FloatArray
from models.errors import InvalidOption
from models.specs.model_spec import AUTO
from pipelines.clip.errors import ClipPathRefused
from pipelines.clip.files.sound_chunk import read_chunk
from pipelines.isolation.isolation import Isolation
from pipelines.speech.transcript import TranscriptionOptions
from services import Services

MAX_SESSIONS = 32
"""Dictations under way at once."""
MAX_IDLE_SECONDS = 120.0
"""Time without a chunk after which a dictation is forgotten."""


class DictationSessions:
    """Dictations under way by their keys."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = DictationJob(services)
        self._services = services
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, tuple[float, DictationSession]] = {}

    def begin(self, rate: int, options: TranscriptionOptions) -> str:
        """Begin a dictation of sound at `rate` Hz and return its key.

        Raises:
            InvalidOption: an option, or too many dictations are under way.
        """
        session = begin_dictation(self._services, rate, options)
        with self._lock:
            now = self._clock()
            self._sessions = {key: entry for key, entry in self._sessions.items() if now - entry[0] < MAX_IDLE_SECONDS}
            if len(self._sessions) >= MAX_SESSIONS:
                raise InvalidOption("dictation", "one more", f"one of {MAX_SESSIONS} at once; try again in a minute")
            key = uuid4().hex
            self._sessions[key] = now, session
        return key

    def find(self, key: str) -> DictationSession:
        """Return a dictation under way.

        Raises:
            InvalidOption: there is none with this key.
        """
        with self._lock:
            if key not in self._sessions:
                raise InvalidOption("dictation", key, "the key of a dictation under way; begin with ''")
            _, session = self._sessions[key]
            self._sessions[key] = self._clock(), session
        return session

    def end(self, key: str) -> None:
        """Forget a dictation."""
        with self._lock:
            del self._sessions[key]

    def write(self, key: str, samples: FloatArray, rate: int, is_last: bool) -> dict[str, Any]:
        """Return what is written after one more chunk of sound [samples] at `rate` Hz.

        Raises:
            InvalidOption: there is no such dictation, or its sound has another rate.
        """
        session = self.find(key)
        if rate != session.rate:
            raise InvalidOption("sample rate", rate, f"{session.rate} Hz, as in the first chunk")
        written = session.dictation.accept(session.resampler.resample_chunk(samples, last=is_last))
        if not is_last:
            result = self._job.result(session, written, "dictating")
            return {"dictation": key, "partial": written.partial, "content_hash": "", **result.to_dict()}
        self.end(key)
        clip, result = self._job.finish(session)
        return {"dictation": "", "partial": "", "content_hash": clip.content_hash, **result.to_dict()}


def add_dictation_endpoint(services: Services) -> None:
    """Add `/dictate` to the page's API."""
    sessions = DictationSessions(services)

    def dictate(
        chunk: gr.FileData,
        dictation: str = "",
        is_last: bool = False,
        model: str = AUTO,
        language: str = DETECT,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Write speech while it comes in: send chunks of a second or so, one call after the other.

        Args:
            chunk: the next sound, a WAV or FLAC file of up to 60 s; all chunks of a dictation have one sample rate.
            dictation: key of the dictation, from the answer to its first chunk; '' begins one.
            is_last: whether this is the last chunk. All of the sound then becomes a clip.
            model: 'auto', or a key of the catalogue such as 'whisper-base-offline'; of the first chunk.
            language: 'auto' detects it; else a code such as 'en', 'de', 'fr'; of the first chunk.

        Returns:
            dictation, the key for the next call, '' after the last; partial, the text of the phrase that is being spoken, which
            may still change; content_hash of the clip after the last chunk; and the rest as `transcribe` gives it.
        """
        samples, rate = _read_chunk(chunk, services.file_readers)
        if not dictation:
            options = TranscriptionOptions(model=model, language=None if language == DETECT else language)
            dictation = sessions.begin(rate, options)
        return sessions.write(dictation, samples, rate, is_last)

    add_endpoint(dictate, services.stop_flags, services.lines.calls.speech)


def _read_chunk(file: object, isolation: Isolation) -> tuple[FloatArray, int]:
    """Return the samples [samples] of an uploaded chunk, mono, and their rate in Hz.

    Raises:
        ClipPathRefused: it is no uploaded file.
        InvalidOption, NotAudio, WorkerFailed: see `read_chunk`.
    """
    path = Path(file["path"]).resolve() if isinstance(file, dict) and isinstance(file.get("path"), str) else None
    if path is None or not path.is_relative_to(Path(get_upload_folder()).resolve()):
        raise ClipPathRefused
    return read_chunk(path, RATES, MAX_CHUNK_SECONDS, isolation)
