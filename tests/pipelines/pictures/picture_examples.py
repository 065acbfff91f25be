"""Settings of pictures that tests share."""

from __future__ import annotations

import struct
import zlib

from pipelines.pictures.files.png_file import SIGNATURE
from pipelines.pictures.options import PictureSettings

DRAWN_FROM_TEXT = PictureSettings(
    model="tiny-diffusion",
    model_title="Audioscope tiny diffusion",
    model_revision="1",
    aligner="",
    aligner_title="",
    aligner_revision="",
    clip_name="dog.wav",
    clip_hash="0" * 32,
    start=0.5,
    end=2.0,
    audio_weight=0.0,
    audio_guidance=1.0,
    prompt="dog barking",
    concepts=(),
    extra_prompt="",
    negative_prompt="",
    style="",
    steps=3,
    guidance_scale=4.0,
    width=96,
    height=96,
    scheduler="",
    seed=7,
)
"""The plainest."""


def header_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that promises so many pixels."""
    header = struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    chunk = b"IHDR" + header
    return SIGNATURE + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
