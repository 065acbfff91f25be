"""Pictures of a clip, beside the bare `StableDiffusionPipeline` call and audio2img's procedure with the same weights and steps.

Offline models as they are, and the full-size path on checkpoints of its classes with random weights. These draw 256 pixels in the
catalogue's steps with a UNet so wide that a picture takes seconds, as one of the real models does on a GPU: what is measured is
what Audioscope itself costs, and audio encoding, which with the real models is 0.2 of the 40 trillion operations of a picture.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile

from benchmarks.report import Figure, alternating_medians, at_least, at_most, in_a_thread
from models.cache.feature_store import FeatureStore
from models.runtime import ModelRuntime
from models.specs.aligner import TINY_ALIGNER
from models.specs.image import STABLE_DIFFUSION_2_1, TINY_DIFFUSION, drawing_defaults
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.pictures.audio_embeds import SAMPLE_RATE, audio_embeds
from pipelines.pictures.audio_to_image import audio_to_image
from pipelines.pictures.options import PictureOptions
from services import build_services
from settings import Settings
from tests.app_process import running_app
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.models.tiny_image_models import save_preview_decoder, save_stable_diffusion_2_1, save_w2v_bert_aligner, with_drawing
from tests.pipelines.language_models.language_bench import Bench
from tests.recordings import EXAMPLES

ROUNDS = 9
BOUND, PREVIEWS_BOUND = 1.05, 1.1
SOUND = "blackbird.ogg"
FIRST_PREVIEW_SECONDS, PICTURE_SECONDS = 1.0, 3.0
MAX_OF_ACTIVATIONS = 1.2
PATIENCE_SECONDS = 120.0
"""The first press also loads libraries and models, and is not counted."""
UNET_WIDTH, SIDE = 96, 256
STEPS = STABLE_DIFFUSION_2_1.drawing.steps
PROCESSES = 5
MEMORY_WIDTH, MEMORY_SIDE = 32, 512
STORE_BYTES = 2**28
FRAMES, NOISE_SECONDS, NOISE_LEVEL = 375, 4.0, 0.01


@dataclass(frozen=True, eq=False)
class Studio:
    """Clip, models and settings of the pictures."""

    runtime: ModelRuntime
    clip: AudioClip
    options: PictureOptions

    def draw(self) -> None:
        """Draw one picture with the app's pipeline."""
        for _ in audio_to_image(self.clip, self.options, self.runtime):
            pass

    def draw_anew(self) -> None:
        """Draw the same for a clip without stored features."""
        self.runtime.features.clear()
        self.draw()

    def pipeline(self) -> Any:
        """Return the picture model, which is not leased elsewhere here."""
        with self.runtime.cache.lease(self.runtime.catalog.choose("draw_pictures", self.options.model).spec) as (pipeline,):
            return pipeline


def figures() -> list[Figure]:
    """Return the figures of time, memory and waiting time on the page."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        return [*offline(folder), *full_size(folder), memory(folder), *on_the_page(folder)]


# ---- time


def offline(folder: Path) -> list[Figure]:
    """Measure the offline models of this repository."""
    services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))
    clip = services.clips.open(EXAMPLES / SOUND)
    start, end = 0.0, min(clip.duration, TINY_ALIGNER.facts.window_seconds)
    options = PictureOptions(model=TINY_DIFFUSION.key, aligner=TINY_ALIGNER.key, start=start, end=end, seed=1)
    studio = Studio(services.runtime, clip, options)
    noise = services.clips.open(white_noise(folder, end - start))

    def audio2img_procedure() -> None:
        """Encode the audio and fresh noise for every request."""
        fresh = replace(services.runtime, features=FeatureStore(STORE_BYTES))
        embeds, negative_embeds = (
            audio_embeds(sound, start, end, TINY_ALIGNER, TINY_DIFFUSION, fresh).prompt_embeds for sound in (clip, noise)
        )
        bare_call(studio, embeds, negative_embeds)()

    states = in_a_thread(lambda: audio_embeds(clip, start, end, TINY_ALIGNER, TINY_DIFFUSION, services.runtime))()
    bare = bare_call(studio, states.prompt_embeds, states.negative_prompt_embeds)
    return compare("offline", studio, bare, audio2img_procedure, encoding_is_cheap=False)


def full_size(folder: Path) -> list[Figure]:
    """Measure Stable Diffusion 2.1 with Wav2Vec2-BERT."""
    studio, aligner = full_size_studio(folder / "full", UNET_WIDTH, SIDE)
    samples = np.array(studio.clip.waveform(SAMPLE_RATE))
    pipeline = studio.pipeline()

    def audio2img_procedure() -> None:
        """Run the steps of audio2img for each request: extract, encode, extract noise, encode, and draw."""
        import torch

        white = NOISE_LEVEL * np.random.default_rng().standard_normal(round(NOISE_SECONDS * SAMPLE_RATE))
        cut = {"truncation": True, "padding": "max_length", "max_length": FRAMES, "return_tensors": "pt"}
        encoded = []
        with torch.inference_mode():
            first, _ = pipeline.encode_prompt("", pipeline.device, 1, False)
            for sound in (samples, white.astype(np.float32)):
                inputs = aligner.processor(sound, sampling_rate=SAMPLE_RATE, **cut)
                hidden = aligner.model(inputs.input_features).last_hidden_state
                encoded.append(torch.cat([first[:, :1], hidden], dim=1)[0].numpy())
        bare_call(studio, *encoded)()

    states = np.random.default_rng(0).normal(size=(2, 48, pipeline.text_encoder.config.hidden_size)).astype(np.float32)
    bare = bare_call(studio, *states)
    return compare("full-size path", studio, bare, audio2img_procedure, encoding_is_cheap=True)


def compare(
    name: str, studio: Studio, bare: Callable[[], object], audio2img_procedure: Callable[[], object], encoding_is_cheap: bool
) -> list[Figure]:
    """Compare the contenders, each in a thread as in a server; models are loaded and the vocabulary is encoded before.

    Previews, which the others have not, are left out and shown by themselves.
    """
    plain = replace(studio, options=replace(studio.options, preview_every=0))
    in_a_thread(studio.draw)()
    calls = [in_a_thread(call) for call in (plain.draw, plain.draw_anew, bare, audio2img_procedure, studio.draw)]
    again, anew, alone, recipe, seen = alternating_medians(calls, ROUNDS)
    stored = f"{name}: a picture of a clip with stored features ({again:.2f} s), against the bare call ({alone:.2f} s)"
    new = f"{name}: a picture of a new clip ({anew:.2f} s)"
    return [
        at_most(stored, again / alone, BOUND, "x"),
        at_most(f"{name}: the same with its previews ({seen:.2f} s), against it without them", seen / again, PREVIEWS_BOUND, "x"),
        at_least(f"{new}: audio2img's procedure ({recipe:.2f} s) against it", recipe / anew, 1.0, "x"),
        *([at_most(f"{new}, against the bare call", anew / alone, BOUND, "x")] if encoding_is_cheap else []),
    ]


def bare_call(studio: Studio, embeds: Any, negative_embeds: Any) -> Callable[[], Any]:
    """Call the diffusers pipeline alone with the states [tokens, width] of a sound."""
    import torch

    pipeline, options = studio.pipeline(), studio.options
    usual = drawing_defaults(studio.runtime.catalog.choose("draw_pictures", options.model).spec)
    prompt, negative = (torch.from_numpy(np.array(states))[None] for states in (embeds, negative_embeds))
    return lambda: pipeline(
        prompt_embeds=prompt,
        negative_prompt_embeds=negative,
        num_inference_steps=usual.steps,
        guidance_scale=usual.guidance_scale,
        width=usual.size,
        height=usual.size,
        generator=torch.Generator().manual_seed(1),
    )


def white_noise(folder: Path, seconds: float) -> Path:
    """Return noise as in audio2img's unconditional branch."""
    path = folder / "noise.wav"
    soundfile.write(path, NOISE_LEVEL * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)), SAMPLE_RATE)
    return path


def full_size_studio(folder: Path, width: int, side: int) -> tuple[Studio, Any]:
    """Write random checkpoints to `folder`, and load the aligner."""
    drawing = {"size": side, "largest": side, "steps": STEPS, "scheduler": "DDIM"}
    models = (
        with_drawing(save_stable_diffusion_2_1(folder / "sd", width=width), **drawing),
        save_preview_decoder(folder / "preview"),
        save_w2v_bert_aligner(folder / "aligner"),
    )
    bench = Bench(*models)
    clip = ClipStore(folder / "clips").open(EXAMPLES / SOUND)
    options = PictureOptions(model=models[0].spec.key, start=0.0, end=min(3.75, clip.duration), seed=1)
    with bench.cache.lease(models[2].spec) as (aligner,):
        return Studio(bench.runtime, clip, options), aligner


# ---- memory


def memory(folder: Path) -> Figure:
    """Measure the memory of activations, each in a process of its own, since allocations differ between runs."""

    def peak(ours: bool, number: int) -> float:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(activation_megabytes, folder / f"memory-{ours}-{number}", ours).result()

    peaks = [median(peak(ours, number) for number in range(PROCESSES)) for ours in (True, False)]
    claim = f"memory beside the weights for two pictures ({peaks[0]:.0f} MB), for one bare call ({peaks[1]:.0f} MB)"
    return at_most(claim, peaks[0] / peaks[1], MAX_OF_ACTIVATIONS, "x")


def activation_megabytes(folder: Path, ours: bool) -> float:
    """Return the peak memory of this process while it draws, less its memory before."""
    studio, _ = full_size_studio(folder, MEMORY_WIDTH, MEMORY_SIDE)
    studio = replace(studio, options=replace(studio.options, pictures=2))
    small = replace(studio, options=replace(studio.options, width=64, height=64))
    states = np.random.default_rng(0).normal(size=(2, 48, 32)).astype(np.float32)
    small.draw()  # everything is imported and loaded
    before = megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
    if ours:
        studio.draw()
    else:
        in_a_thread(bare_call(studio, *states))()
    return megabytes("VmHWM") - before


def megabytes(entry: str) -> float:
    """Return a field of this process's status in bytes."""
    found = re.search(rf"{entry}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else float("nan")


# ---- on the page


def on_the_page(folder: Path) -> list[Figure]:
    """Measure the time from the click to the first preview and to the picture, in Chromium, with the models loaded."""
    from playwright.sync_api import sync_playwright

    previews, pictures = [], []
    patience = 1000 * PATIENCE_SECONDS
    with running_app(folder / "app") as app, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS)).new_page()
        page.goto(app.address)
        page.get_by_role("tab", name="Sound to image").click()
        page.locator(".clip-file").set_input_files(EXAMPLES / SOUND)
        page.locator(".as-name").get_by_text(SOUND).wait_for()
        for _ in range(1 + ROUNDS // 3):
            page.evaluate("document.querySelectorAll('#pictures img').forEach((image) => image.remove())")
            began = time.perf_counter()
            page.locator("#draw").click()
            page.locator("#pictures img").first.wait_for(timeout=patience)
            previews.append(time.perf_counter() - began)
            page.locator('#picture-summary [data-state="done"]').wait_for(timeout=patience)
            pictures.append(time.perf_counter() - began)
            page.locator("#draw:enabled").wait_for()
    cores = len(os.sched_getaffinity(0))
    return [
        at_most(f"first preview in the browser, offline on {cores} cores", median(previews[1:]), FIRST_PREVIEW_SECONDS, " s"),
        at_most(f"picture in the browser, offline on {cores} cores", median(pictures[1:]), PICTURE_SECONDS, " s"),
    ]
