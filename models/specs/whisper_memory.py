"""Memory that Whisper needs beside its weights, and how many windows are decoded at once in what there is."""

from __future__ import annotations

from models.specs.model_spec import Device, ModelSpec

ENCODER_POSITIONS, DECODED_TOKENS = 1500, 224
"""Frames of 20 ms in a window, and tokens of its longest text."""
ENCODER_ARRAYS = 16
"""Arrays of the encoder's states that exist at once beside the attention scores; measured with Whisper base in CTranslate2."""
FLOAT_BYTES = {"float16": 2, "int8": 4, "float32": 4}
"""Bytes of a number in the computation, by the format of the weights."""
BATCH_WINDOWS: dict[Device, int] = {"cpu": 2, "cuda": 16, "mps": 4}
"""Windows in one call once the first words are out; few on a CPU, because a stopped job keeps the model until its call ends."""


def working_bytes(spec: ModelSpec, device: Device, beam_size: int, windows: int = 1) -> int:
    """Return the bytes of the device's memory that calls of `windows` windows take: the encoder's step or the decoder's.

    Args:
        spec: a Whisper with its sizes.
        device: where models run.
        beam_size: texts that are followed at once, each with keys and values of its own.
        windows: windows of 30 s in one call.

    Returns:
        What all workers of the model take at once; 0 for a model that runs beside the device.
    """
    if spec.place(device) != device:
        return 0
    sizes = spec.whisper
    if sizes is None:
        raise ValueError(f"{spec.title} has no sizes of a Whisper")
    number = FLOAT_BYTES[spec.dtype(device)]
    states = ENCODER_POSITIONS * sizes.width * number
    encoding = sizes.heads * ENCODER_POSITIONS**2 * number + ENCODER_ARRAYS * states
    keys_and_values = 2 * sizes.decoder_layers * sizes.width * number
    decoding = keys_and_values * (ENCODER_POSITIONS + beam_size * DECODED_TOKENS)
    return spec.workers * windows * (states + max(encoding, decoding))


def fitting_windows(spec: ModelSpec, device: Device, beam_size: int, free_bytes: int) -> int:
    """Return how many windows are decoded in one call: as many as the place allows, halved until they fit; at least one."""
    windows = BATCH_WINDOWS[spec.place(device)]
    while windows > 1 and working_bytes(spec, device, beam_size, windows) > free_bytes:
        windows //= 2
    return windows
