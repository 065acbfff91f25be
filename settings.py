"""Settings of the app, read once from AUDIOSCOPE_* environment variables and passed down; never imported below `components`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


def _is_for_this_machine() -> bool:
    """Return whether the server listens to this machine alone, neither behind a proxy nor as a Space."""
    is_proxied = "GRADIO_ROOT_PATH" in os.environ or "SPACE_ID" in os.environ
    return not is_proxied and os.environ.get("GRADIO_SERVER_NAME", LOOPBACK_NAMES[0]) in LOOPBACK_NAMES


def _has_addresses() -> bool:
    """Return whether addresses tell callers apart: on a Space all have that of the hub's proxy."""
    return not _is_for_this_machine() and "SPACE_ID" not in os.environ


class Settings(BaseSettings):
    """Everything that an operator may want to change."""

    model_config = SettingsConfigDict(env_prefix="AUDIOSCOPE_", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("audioscope")))
    """Weights put together from packages, and the lock file of the hub."""
    clip_dir: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()) / "audioscope-clips")
    """Clips; removed by age, and where they are too much together."""
    clip_storage: str = ""
    """Folder or address, such as s3://bucket/clips, where several servers keep their clips together; '' for `clip_dir` alone."""
    clip_folder_bytes: int = Field(default=0, ge=0)
    """Size of all clips in `clip_dir`, those in use aside; 0 for 10 GB, or a tenth of the free disk where that is less."""
    trained_dir: Path | None = None
    """Folder of the speech models that you trained, each in a folder of its own; None for a folder in `data_dir`."""
    library: str = ""
    """Folder or address of the library of embeddings; '' for a folder in `data_dir`."""

    auth: SecretStr = SecretStr("")
    """Accounts, as entries NAME:ROLE:HASH that `audioscope user` prints, separated by white space; '' for no login."""
    api_keys: SecretStr = SecretStr("")
    """API keys of these accounts, as entries NAME:HASH that `audioscope key` prints."""

    fetch_links: bool = Field(default_factory=_is_for_this_machine)
    """Whether clips can be given as links, which the server then fetches; by default only where it serves this machine alone."""
    frame_ancestors: str = Field(default="", pattern=r"^([^;,\s]+( [^;,\s]+)*)?$")
    """Origins that may show the page in a frame, such as "'self' https://example.org"; '' for its own and a Space's hub."""
    space_id: str = Field(default="", validation_alias="SPACE_ID")
    """Set by Hugging Face in a Space."""
    max_clip_bytes: int = Field(default=2 * 10**9, gt=0)
    max_clip_seconds: float = Field(default=3 * 3600.0, gt=0)
    max_clip_channels: int = Field(default=16, gt=0)
    clip_age_seconds: float = Field(default=24 * 3600.0, gt=0)
    """How long an unused clip is kept."""

    log_format: LogFormat = "auto"
    """'text' for people, 'json' for machines; 'auto' writes text where the log is a terminal."""
    log_level: LogLevel = "info"
    """At 'debug' the log has addresses, and messages that may quote names of files and texts."""
    metrics: bool = False
    """Whether /metrics is served, to everybody who reaches the port."""

    max_jobs_per_person: int = Field(default_factory=lambda: 0 if _is_for_this_machine() else 8, ge=0)
    """Jobs of one page, or calls of one account or address, that run or wait at once; 0 for any number."""
    max_clips_per_person: int = Field(default_factory=lambda: 200 if _has_addresses() else 0, ge=0)
    """Clips that one account or address keeps in histories at once; 0 for any number."""
    max_calls_per_minute: int = Field(default_factory=lambda: 120 if _has_addresses() else 0, ge=0)
    """Calls, jobs and openings of clips of one account or address; 0 for any number, as on a Space, which has one address."""
    max_call_seconds: float = Field(default=2 * 3600.0, ge=0)
    """How long a call of the API, or a job of a page, may take, waiting included; 0 for any time."""
    min_free_memory_bytes: int = Field(default=200 * 10**6, ge=0)
    """Free memory below which no job begins."""
    min_free_disk_bytes: int = Field(default=500 * 10**6, ge=0)
    """Free disk below which no job begins and no clip is opened."""

    max_words: int = Field(default=100_000, ge=0)
    """Words of a transcript; 0 for any number, as in all limits of what comes out."""
    max_pictures: int = Field(default=16, ge=0)
    """Pictures of one request, and scenes of a storyboard."""
    max_film_seconds: float = Field(default=3 * 3600.0, ge=0)
    max_map_points: int = Field(default=40_000, ge=0)
    """Points of a map that are shown."""
    max_map_clips: int = Field(default=9, ge=0)
    max_library_clips: int = Field(default=10_000, ge=0)
    """Clips of one library; each account has one."""

    cpu_threads: int = Field(default=0, ge=0)
    """Threads of a model on the CPU; 0 lets its library choose."""
    headroom_bytes: int = Field(default=512 * 2**20, ge=0)
    """Memory that is never given to a model."""
    max_waiting: int = Field(default=32, gt=0)
    lease_timeout_seconds: float = Field(default=300.0, gt=0)
    idle_timeout_seconds: float = Field(default=1800.0, gt=0)
    """How long an unused model stays in memory."""
    feature_store_bytes: int = Field(default=10**9, gt=0)
    on_zero_gpu: bool = Field(default=False, validation_alias="SPACES_ZERO_GPU")
    """Set by Hugging Face where GPUs are lent for one call at a time."""
    zero_gpu_bytes: int = Field(default=30 * 10**9, gt=0)
    """Weights that are placed on ZeroGPU's GPU; above 45 GB a call costs twice its time."""
    parallel_jobs: int = Field(default=2, gt=0)
    """Jobs of pages that may run at once, and as many calls of the API; two of them on one model take turns."""
    parallel_speech_jobs: int = Field(default=8, gt=0)
    """Transcriptions of pages that may run at once, and as many dictations and calls of the API; those on one model share it."""

    @property
    def hub_lock_path(self) -> Path:
        """The lock file of hub commits."""
        return self.data_dir / "hub-lock.json"

    @property
    def trained_models_path(self) -> Path:
        """The folder of the trained models."""
        return self.trained_dir or self.data_dir / "trained"
