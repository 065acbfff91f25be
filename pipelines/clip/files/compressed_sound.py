"""Sound as a small file that every browser plays."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from models.errors import JobStopped
from models.stopping import never_stop

CODEC, MEDIA_TYPE = "mp3", "audio/mpeg"
SAMPLE_RATE = 44_100
BITS_PER_SECOND = 96_000


def compressed_bytes(duration: float) -> int:
    """Return the approximate size of `compressed_sound`; `duration` in seconds."""
    return round(duration * BITS_PER_SECOND / 8)


def compressed_sound(file: Path, should_stop: Callable[[], bool] = never_stop) -> bytes:
    """Return the first audio track of `file` as an MP3 with two channels and a constant bit rate.

    Raises:
        JobStopped: `should_stop`, which is called for every frame, returned True.
    """
    import av

    target = BytesIO()
    with av.open(str(file)) as source, av.open(target, "w", format=CODEC) as out:
        encoder: Any = out.add_stream(CODEC, rate=SAMPLE_RATE, layout="stereo")
        encoder.bit_rate = BITS_PER_SECOND
        resampler = av.AudioResampler(format=encoder.format, layout="stereo", rate=SAMPLE_RATE)
        for decoded in source.decode(audio=0):
            if should_stop():
                raise JobStopped
            for frame in resampler.resample(decoded):
                out.mux(encoder.encode(frame))
        for frame in resampler.resample(None):
            out.mux(encoder.encode(frame))
        out.mux(encoder.encode(None))
    return target.getvalue()
