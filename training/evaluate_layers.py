"""Measure how close each layer puts equal sounds: `python -m training.evaluate_layers` prints a table for one encoder.

Three seconds of speech, two of music and one and a half of a bird from the examples are repeated to half a minute. Frames one
period apart belong to equal moments. Their spread is the standard deviation of the normalised frames from the mean of the equal
moments, relative to that of all frames: 0 where equal sounds have equal frames wherever they are, 1 where frames depend on their
position alone. The second figure is that of the first two principal components, which the default map shows.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from models.arrays import FloatArray
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.encoders.registry import choose_encoder
from pipelines.embeddings.projections import principal_components
from services import Services, build_services
from settings import Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
LOOPS = {"speech.flac": (0.24, 3.0, 9), "music.ogg": (4.0, 2.0, 12), "blackbird.ogg": (1.0, 1.5, 15)}
"""File of each loop with its start and duration in seconds, and the number of repetitions."""


def write_loop(path: Path, name: str) -> None:
    """Write the loop of the example `name` as a WAV file."""
    start, duration, repetitions = LOOPS[name]
    with soundfile.SoundFile(EXAMPLES / name) as file:
        file.seek(round(start * file.samplerate))
        samples = file.read(round(duration * file.samplerate), dtype="float32", always_2d=True)
        soundfile.write(path, np.tile(samples, (repetitions, 1)), file.samplerate, "PCM_16")


def repetition_spread(frames: FloatArray, period: int) -> float:
    """Return the standard deviation of `frames` [n, width] around the means of equal moments, relative to that around their mean.

    Args:
        frames: of a sound that repeats.
        period: number of frames of one repetition; frames after the last whole repetition are left out.
    """
    repetitions = frames[: len(frames) // period * period].reshape(-1, period, frames.shape[1]).astype(np.float64)
    within = np.square(repetitions - repetitions.mean(axis=0)).sum()
    total = np.square(repetitions - repetitions.mean(axis=(0, 1))).sum()
    return float(np.sqrt(within / total)) if total > 0 else 0.0


def layer_spreads(services: Services, folder: Path, key: str, layer: str) -> list[tuple[float, float]]:
    """Return the spread of one layer for each of `LOOPS`: of its frames, and of their first two principal components."""
    spreads = []
    for name, (_, duration, _) in LOOPS.items():
        path = folder / f"{name}.wav"
        if not path.exists():
            write_loop(path, name)
        *_, last = embed_clip(services.clips.open(path), EmbeddingOptions(key, layer), services.runtime)
        if last.embedding is None:
            raise RuntimeError(f"{name} was not embedded")
        frames, period = last.embedding.normalised_frames(), round(duration / last.embedding.frame_seconds)
        spreads.append((repetition_spread(frames, period), repetition_spread(principal_components(frames, 2).scores, period)))
    return spreads


def main() -> None:
    """Print the spreads of all layers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", nargs="?", default="whisper-base-encoder", help="key of an encoder whose hop divides 0.5 s")
    key: str = parser.parse_args().encoder
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        services = build_services(Settings(data_dir=folder / "data", clip_dir=folder / "clips"))
        encoder, _ = choose_encoder(key, services.runtime.catalog)
        print(f"{encoder.title}, default {encoder.default_layer}: {', '.join(LOOPS)}")
        for layer in encoder.layers:
            spreads = layer_spreads(services, folder, key, layer)
            print(f"  {layer:14}" + "   ".join(f"{frames:.2f} (map {points:.2f})" for frames, points in spreads))


if __name__ == "__main__":
    main()
