"""Real models on ZeroGPU, written down for `test_models_on_zero_gpu`: `python -m ... folder`.

The app's own services start, with small offline models in the place of those that need a GPU.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.models.zero_gpu.fake_zero_gpu import Scheduler, import_spaces

PLACED = ("whisper-base-offline", "tiny-diffusion", "tiny-aligner")
EXAMPLES = Path(__file__).parents[3] / "examples"


@dataclass(frozen=True)
class EndlessGpu:
    """Memory of a GPU that no test fills."""

    device: str = "cuda"

    def total_bytes(self) -> int:
        return 2**40

    def free_bytes(self) -> int:
        return 2**40

    def used_bytes(self) -> int:
        return 0

    def give_back(self) -> None:
        pass


class Scenes:
    def __init__(self, scheduler: Scheduler, services: Any) -> None:
        self.scheduler = scheduler
        self.services = services
        self.runtime = services.runtime
        self.clip = services.clips.open(EXAMPLES / "speech.flac")

    def offered(self) -> dict[str, Any]:
        specs = {spec.key: spec for task in ("transcribe", "draw_pictures") for spec in self.runtime.catalog.models(task)}
        return {key: [spec.on_zero_gpu, spec.quick_on_cpu, spec.loader] for key, spec in specs.items()}

    def main_process(self) -> str:
        from models.errors import ModelUnavailable

        spec = self.runtime.catalog.choose("transcribe").spec
        try:
            with self.runtime.cache.lease(spec):
                return "lent"
        except ModelUnavailable as error:
            return str(error)

    def transcription(self) -> dict[str, Any]:
        from pipelines.speech.transcript import TranscriptionOptions
        from pipelines.speech.transcription import transcribe

        first, *_, last = transcribe(self.clip, TranscriptionOptions(), self.runtime)
        return {
            "model": last.model,
            "device": first.device,
            "state": last.state,
            "text": last.text,
            "words": sum(len(segment.words) for segment in last.segments),
            "language": last.language,
            "durations": self.scheduler.durations(),
            "releases": self.scheduler.releases(),
        }

    def pictures(self) -> dict[str, Any]:
        from pipelines.pictures.audio_to_image import audio_to_image
        from pipelines.pictures.options import PictureOptions

        music = self.services.clips.open(EXAMPLES / "music.ogg")
        options = PictureOptions(steps=2, pictures=2, seed=7, start=0.0, end=5.0)
        snapshots = list(audio_to_image(music, options, self.runtime))
        last = snapshots[-1]
        return {
            "state": last.state,
            "device": last.device,
            "concepts": len(last.concepts),
            "seeds": [picture.seed for picture in last.pictures],
            "sizes": [picture.image.size for picture in last.pictures],
            "steps": sorted({(now.picture, now.step) for now in snapshots if now.step}),
            "grew": [len(now.pictures) for now in snapshots] == sorted(len(now.pictures) for now in snapshots),
            "calls": len(self.scheduler.durations()),
            "colours": [len(set(picture.image.getdata())) for picture in last.pictures],
        }

    def stopped_picture(self) -> dict[str, Any]:
        from pipelines.pictures.audio_to_image import audio_to_image
        from pipelines.pictures.options import PictureOptions

        stop = threading.Event()
        music = self.services.clips.open(EXAMPLES / "music.ogg")
        options = PictureOptions(steps=50, pictures=9, seed=7, start=0.0, end=5.0)
        for now in audio_to_image(music, options, self.runtime, stop.is_set):
            if now.step >= 1 and not stop.is_set():
                stop.set()
                began = time.monotonic()
        seconds = time.monotonic() - began
        deadline = began + 60
        while not self.scheduler.releases() and time.monotonic() < deadline:
            time.sleep(0.1)
        return {"state": now.state, "seconds": seconds, "releases": self.scheduler.releases()}

    def endpoint(self) -> dict[str, Any]:
        from gradio_client import Client, handle_file

        from app import build_page, launch

        token = f"x.{base64.urlsafe_b64encode(b'{}').decode().rstrip('=')}.x"
        address = launch(build_page(self.services), self.services)
        client = Client(address, headers={"x-ip-token": token}, verbose=False)
        speech = handle_file(str(EXAMPLES / "speech.flac"))
        result = client.predict(speech, api_name="/transcribe", beam_size=1)
        self.scheduler.refuse = lambda seconds: {"left": 1, "wait": 5025}
        try:
            client.predict(speech, api_name="/transcribe", beam_size=2)
        except Exception as error:
            refusal = str(error)
        return {
            "text": result["text"],
            "device": result["device"],
            "own": set(self.scheduler.tokens()) == {token},
            "refusal": refusal,
        }

    def all(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        yield "offered", self.offered
        yield "main process", self.main_process
        yield "placed", lambda: [[line.title, line.place, line.size_bytes > 0] for line in self.services.placed]
        yield "transcription", self.transcription
        yield "pictures", self.pictures
        yield "stopped picture", self.stopped_picture
        yield "endpoint", self.endpoint


def main(folder: Path) -> None:
    scheduler = Scheduler()
    import_spaces(scheduler, folder)
    import services
    from models.model_catalog import ALL_MODELS
    from models.zero_gpu import spaces_host
    from models.zero_gpu.starting import start_zero_gpu
    from settings import Settings

    prepared: Any = services
    spaces_host.MARGIN = 60.0  # the worker computes on a CPU
    prepared.ALL_MODELS = tuple(replace(spec, quick_on_cpu=False) if spec.key in PLACED else spec for spec in ALL_MODELS)
    prepared.start_zero_gpu = functools.partial(start_zero_gpu, worker_probe=EndlessGpu())  # type: ignore[arg-type]
    os.environ["HF_HUB_OFFLINE"] = "1"
    scenes = Scenes(scheduler, services.build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips")))
    seen: dict[str, Any] = {}
    for name, scene in scenes.all():
        scheduler.requests.clear()
        began = time.monotonic()
        seen[name] = scene()
        print(name, f"{time.monotonic() - began:.1f} s", threading.active_count(), flush=True)
    (folder / "seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
