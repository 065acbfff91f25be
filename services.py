"""The composition root: clips, models, Stop and library, built once from the settings and passed to every tab."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from accounts.access import EVERYONE, Access
from accounts.owned import Owned
from models.cache.feature_store import FeatureStore
from models.cache.memory import CudaMemoryProbe, HostMemoryProbe, MemoryProbe, MpsMemoryProbe, has_gpu
from models.cache.model_cache import CacheLimits, ModelCache
from models.cache.status import ResidentStatus
from models.errors import AudioscopeError
from models.files.hub_lock import HubLock
from models.files.hub_weights import HubWeights
from models.files.model_files import ModelFiles, anyone
from models.files.package_weights import PackageWeights
from models.files.trained_models import TrainedModels
from models.loading.loaders import ModelLoaders
from models.loading.whisper_engine import ON_ZERO_GPU, WhisperEngine, choose_whisper_engine
from models.model_catalog import ALL_MODELS, ModelCatalog, is_installed
from models.output_limits import OutputLimits
from models.runtime import ModelRuntime
from models.specs.model_spec import AdaptedSource, FetchedModel, ModelSpec, PackageSource, RepositorySource
from models.zero_gpu.placement import MainProcessBuilder
from models.zero_gpu.starting import ZeroGpu, start_zero_gpu
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_folders import default_clip_bytes, free_disk_bytes
from pipelines.clip.clip_store import ClipStore
from pipelines.clip.files.decoding import ClipLimits
from pipelines.clip.keepers import ClipHoldings
from pipelines.clip.kept_results import KeptResults, Reference
from pipelines.clip.links.downloads import LinkDownloads
from pipelines.embeddings.clip_library import ClipLibrary
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.encoders.registry import encoders
from pipelines.isolation.file_readers import FileReaders
from pipelines.jobs.admission import Admission, JobLimits
from pipelines.jobs.stop_flags import StopFlags
from pipelines.jobs.turns import CallLines, JobLines, Turns
from pipelines.storage.opening import open_storage
from pipelines.telemetry.metrics import Metrics
from settings import Settings

TIDY_INTERVAL_SECONDS = 60.0
SLOW_IMPORTS: dict[str, tuple[str, ...]] = {
    "librosa": ("filters", "piptrack"),
    "faster_whisper": (),
    "sklearn.decomposition": (),
}
"""Modules, and what they import only when it is asked for: seconds that the first job need not take.

librosa compiles with numba when its core is imported for the first time: 5 s and more."""
MODEL_LIBRARIES: dict[str, tuple[str, ...]] = {
    "torch": (),
    "transformers": ("CLIPTextModel", "CLIPTokenizer"),
    "diffusers": ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"),
}
"""The same of libraries that loading a model imports too."""
LIBRARY_FOLDER = "library"
SHORT_CALLS = 4
"""Calls of the API at once that run no model."""
FILES_AT_ONCE = 2
"""Files that are opened at the same time; each job may read its file besides."""
MACOS_WITH_BFLOAT16 = (14, 0)
"""Version of macOS from which Metal has the number format of the language models."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """Everything that the tabs share."""

    settings: Settings
    clips: ClipStore
    links: LinkDownloads
    files: ModelFiles
    trained: TrainedModels
    """Speech models that were trained on this machine."""
    runtime: ModelRuntime
    stop_flags: StopFlags
    lines: JobLines
    file_readers: FileReaders
    access: Access
    libraries: Owned[ClipLibrary]
    kept: KeptResults
    """What the page showed of clips."""
    whisper_engine: str
    """Sentence: which library runs Whisper on this machine, and why."""
    metrics: Metrics
    placed: tuple[ResidentStatus, ...] = ()
    """Models on the GPU of a ZeroGPU Space, which the cache does not hold."""

    @property
    def installed_models(self) -> list[ModelSpec]:
        """Models that came with the installation and run here; none where a cluster runs them."""
        if self.runtime.cluster:
            return []
        sources = (RepositorySource, PackageSource, AdaptedSource)
        return [spec for spec in self.runtime.catalog.specs if isinstance(spec.source, sources) and is_installed(spec)]

    @property
    def library(self) -> ClipLibrary:
        """The library of whoever asks: embeddings of clips, kept between runs."""
        return self.libraries.of(self.access.owner)


def build_services(settings: Settings, access: Access = EVERYONE) -> Services:
    """Build the services that `settings` describes; no model is loaded and no network is used, except on ZeroGPU.

    There, models are fetched and placed on the GPU now, and this must be the main thread.
    """
    files, loaders = _model_files(settings, may_download=access.is_keeper), ModelLoaders(settings.cpu_threads)
    metrics = Metrics()
    zero_gpu = _start_zero_gpu(settings, files, loaders) if settings.on_zero_gpu else None
    probe, behind = (HostMemoryProbe(), None) if zero_gpu else _memory_probes()
    builder = MainProcessBuilder(loaders) if zero_gpu else loaders
    cache = ModelCache(files, builder, probe, behind, _cache_limits(settings), on_wait=metrics.observe_lease_wait)
    engine = WhisperEngine(note=ON_ZERO_GPU) if zero_gpu else choose_whisper_engine(probe.device)
    specs = zero_gpu.offered if zero_gpu else tuple(map(engine.place, ALL_MODELS))
    trained = TrainedModels(settings.trained_models_path)
    catalog = ModelCatalog(
        files,
        probe.device,
        cache.attainable_bytes,
        specs,
        cache.attainable_host_bytes,
        lambda: tuple(map(engine.place, trained.find().specs)),
    )
    features, outputs = FeatureStore(settings.feature_store_bytes), _output_limits(settings)
    file_readers = FileReaders(settings.parallel_jobs + FILES_AT_ONCE)
    clips = _clip_store(settings, file_readers, features, access)
    return Services(
        settings=settings,
        clips=clips,
        links=LinkDownloads(settings.fetch_links, settings.max_clip_bytes),
        files=files,
        trained=trained,
        runtime=ModelRuntime(catalog, cache, features, zero_gpu.host if zero_gpu else None, outputs=outputs),
        stop_flags=StopFlags(admission=_admission(settings, access)),
        file_readers=file_readers,
        lines=_job_lines(settings, metrics),
        access=access,
        libraries=Owned(partial(_open_library, str(settings.library or settings.data_dir / LIBRARY_FOLDER).rstrip("/"), outputs)),
        whisper_engine=engine.sentence(probe.device),
        metrics=metrics,
        placed=zero_gpu.placed if zero_gpu else (),
        kept=KeptResults(clips.storage, {AudioClip: _clip_reference(clips), Encoder: _encoder_reference(catalog)}),
    )


def _clip_store(settings: Settings, file_readers: FileReaders, features: FeatureStore, access: Access) -> ClipStore:
    return ClipStore(
        settings.clip_dir,
        ClipLimits(settings.max_clip_bytes, settings.max_clip_seconds, settings.max_clip_channels),
        settings.clip_age_seconds,
        open_storage(settings.clip_storage) if settings.clip_storage else None,
        settings.clip_folder_bytes or default_clip_bytes(settings.clip_dir),
        file_readers,
        features.forget,
        ClipHoldings(settings.max_clips_per_person, access.caller),
    )


def _job_lines(settings: Settings, metrics: Metrics) -> JobLines:
    def line(name: str, limit: int) -> Turns:
        return Turns(limit, settings.max_waiting, metrics.observe_turn_wait(name))

    return JobLines(
        models=line("models", settings.parallel_jobs),
        speech=line("speech", settings.parallel_speech_jobs),
        chains=line("chains", settings.max_waiting),
        calls=CallLines(
            models=line("model_calls", settings.parallel_jobs),
            speech=line("speech_calls", settings.parallel_speech_jobs),
            short=line("short_calls", SHORT_CALLS),
        ),
    )


def _admission(settings: Settings, access: Access) -> Admission:
    limits = JobLimits(
        settings.max_jobs_per_person,
        settings.max_calls_per_minute,
        settings.max_call_seconds,
        settings.min_free_memory_bytes,
        settings.min_free_disk_bytes,
    )
    return Admission(limits, HostMemoryProbe().free_bytes, partial(free_disk_bytes, settings.clip_dir), access.asking)


def _output_limits(settings: Settings) -> OutputLimits:
    return OutputLimits(
        words=settings.max_words,
        pictures=settings.max_pictures,
        film_seconds=settings.max_film_seconds,
        map_points=settings.max_map_points,
        map_clips=settings.max_map_clips,
        library_clips=settings.max_library_clips,
    )


def _open_library(address: str, outputs: OutputLimits, owner: str) -> ClipLibrary:
    """Open an account's library beside the one of all, whose folder has nothing that it does not list."""
    return ClipLibrary(open_storage(f"{address}-of-accounts/{owner}" if owner else address), outputs)


def _clip_reference(clips: ClipStore) -> Reference:
    """Keep a clip by its content hash and the person's name for it."""

    def find(key: tuple[str, str]) -> AudioClip:
        clip = clips.find(key[0])
        if clip is None:
            raise LookupError(key[0])
        return clip.named(key[1])

    return Reference(lambda clip: (clip.content_hash, clip.name), find)


def _encoder_reference(catalog: ModelCatalog) -> Reference:
    """Keep an encoder by its key in the catalogue."""
    return Reference(lambda encoder: encoder.key, lambda key: {one.key: one for one in encoders(catalog)}[key])


def _cache_limits(settings: Settings) -> CacheLimits:
    return CacheLimits(
        headroom_bytes=settings.headroom_bytes,
        max_waiting=settings.max_waiting,
        lease_timeout_seconds=settings.lease_timeout_seconds,
        idle_timeout_seconds=settings.idle_timeout_seconds,
    )


def _model_files(
    settings: Settings, fetched: Iterable[FetchedModel] = (), may_download: Callable[[], bool] = anyone
) -> ModelFiles:
    lock = HubLock(settings.hub_lock_path)
    lock.repositories()  # one that cannot be read ends the start, in words
    return ModelFiles(PackageWeights(settings.data_dir / "weights"), HubWeights(lock), fetched, may_download)


def _start_zero_gpu(settings: Settings, files: ModelFiles, loaders: ModelLoaders) -> ZeroGpu:
    in_workers = partial(_model_files, settings)
    return start_zero_gpu(ALL_MODELS, files, in_workers, loaders, settings.zero_gpu_bytes, settings.feature_store_bytes)


def _memory_probes() -> tuple[MemoryProbe, MemoryProbe | None]:
    """Return the probes of the device's memory and of the one behind it."""
    if has_gpu():
        os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # operators without a Metal kernel run on the CPU
        import torch

        if torch.cuda.is_available():
            return CudaMemoryProbe(), HostMemoryProbe()
        if torch.backends.mps.is_available() and torch.backends.mps.is_macos_or_newer(*MACOS_WITH_BFLOAT16):
            return MpsMemoryProbe(), None
    return HostMemoryProbe(), None


def start_background_work(
    services: Services, model_libraries: Mapping[str, tuple[str, ...]] = MODEL_LIBRARIES, prepares_models: bool = True
) -> None:
    """Import the slow libraries and prepare the models' files in the background, then tidy up periodically.

    Tidying up releases unused models and old clips, and prepares what could not be prepared before.
    """

    def work() -> None:
        services.file_readers.warm_up()
        import_all(SLOW_IMPORTS)
        for module, names in model_libraries.items():
            # Two threads that import parts of transformers at once can each see a module that the other has half imported.
            with services.runtime.cache.importing():
                import_all({module: names})
        while True:
            if prepares_models:
                prepare_models(services)
            services.runtime.cache.evict_idle()
            services.runtime.cache.give_back()
            services.clips.sweep()
            services.file_readers.tidy()
            time.sleep(TIDY_INTERVAL_SECONDS)

    threading.Thread(target=work, name="background-work", daemon=True).start()


def prepare_models(services: Services) -> None:
    """Check the files of the models of this installation, and put together what came in parts."""
    for spec in services.installed_models:
        if not services.files.is_fetched(spec):
            try:
                services.files.fetch(spec)
            except (AudioscopeError, OSError) as error:
                log.warning("%s is not ready.", spec.title, exc_info=error)


def import_all(modules: Mapping[str, tuple[str, ...]]) -> None:
    """Import each module and the names that it imports only when they are asked for."""
    for module, names in modules.items():
        library = import_module(module)
        for name in names:
            getattr(library, name)
