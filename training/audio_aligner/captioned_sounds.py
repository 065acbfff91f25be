"""Sounds with captions for the full-size training: a folder with `captions.csv`.

`python -m training.audio_aligner.captioned_sounds FOLDER` makes one of FSD50K; it needs the network and some 20 GB.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
from dataclasses import dataclass
from pathlib import Path

import soundfile
import soxr

from models.arrays import FloatArray

SAMPLE_RATE = 16_000
CAPTIONS = "captions.csv"
"""With the columns `file` and `caption`; several captions of one file stand in several rows, or between bars in one."""
FSD50K = "nateraw/fsd50k"
"""Parquet files with the columns `audio` (bytes) and `labels`, as far as audio2img's notebook shows; Fonseca et al. 2022."""


@dataclass(frozen=True)
class CaptionedSounds:
    """Files and what they sound like; the n-th item is always cut in the same place within one epoch."""

    folder: Path
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    """(file, its captions)."""
    seconds: float
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[FloatArray, str]:
        """Return (sound [samples at 16 kHz], caption)."""
        rng = random.Random(f"{self.epoch} {index}")
        file, captions = self.rows[index]
        return read_part(self.folder / file, self.seconds, rng), rng.choice(captions)


def captioned_sounds(folder: Path, seconds: float) -> CaptionedSounds:
    """Return the sounds of a folder; `seconds` is the longest part that is used.

    Raises:
        FileNotFoundError: the folder has no `captions.csv`.
    """
    with (folder / CAPTIONS).open(encoding="utf-8", newline="") as file:
        rows = tuple((row["file"], tuple(row["caption"].split("|"))) for row in csv.DictReader(file))
    return CaptionedSounds(folder, rows, seconds)


def read_part(path: Path, seconds: float, rng: random.Random) -> FloatArray:
    """Return a random part of the file [samples at 16 kHz], mono; all of it where it is no longer than `seconds`."""
    with soundfile.SoundFile(path) as file:
        wanted = min(file.frames, round(seconds * file.samplerate))
        file.seek(rng.randint(0, file.frames - wanted))
        sound = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
        resampled: FloatArray = soxr.resample(sound, file.samplerate, SAMPLE_RATE)
    return resampled


def fetch_fsd50k(folder: Path, split: str = "train") -> None:
    """Make FSD50K of the hub into a folder of FLAC files with captions."""
    import pyarrow.parquet as parquet
    from huggingface_hub import HfApi, hf_hub_download

    folder.mkdir(parents=True, exist_ok=True)
    shards = [
        name for name in HfApi().list_repo_files(FSD50K, repo_type="dataset") if name.endswith(".parquet") and split in name
    ]
    rows: list[tuple[str, str]] = []
    for shard in sorted(shards):
        table = parquet.ParquetFile(hf_hub_download(FSD50K, shard, repo_type="dataset"))
        for batch in table.iter_batches(batch_size=64, columns=["audio", "labels"]):
            for row in batch.to_pylist():
                file = f"{len(rows):06}.flac"
                sound, rate = soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32", always_2d=True)
                soundfile.write(folder / file, sound.mean(axis=1), rate)
                rows.append((file, caption_of(row["labels"])))
    with (folder / CAPTIONS).open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("file", "caption"), *rows])


def caption_of(labels: str | list[str]) -> str:
    """Return FSD50K's labels in words: 'Gunshot_and_gunfire,Explosion' is 'gunshot and gunfire, explosion'."""
    names = labels.split(",") if isinstance(labels, str) else labels
    return ", ".join(name.replace("_", " ").replace("(", "").replace(")", "").strip().lower() for name in names)


def main() -> None:
    """Fetch FSD50K into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    fetch_fsd50k(parser.parse_args().folder)


if __name__ == "__main__":
    main()
