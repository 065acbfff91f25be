"""The checkpoint reader and the network, against implementations of their own."""

from __future__ import annotations

import struct
from importlib import metadata

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

from models.arrays import FloatArray
from models.files.package_weights import WEIGHTS
from training.convert_musicnn import CHECKPOINTS, EPSILON, musicnn
from training.tensorflow_checkpoint import MAGIC, float_variables

FLOAT32, INT32 = 1, 3


def varint(value: int) -> bytes:
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def entry(dtype: int, shape: tuple[int, ...], offset: int, size: int) -> bytes:
    """A BundleEntryProto; protocol buffers leave out zeros."""
    dimensions = b"".join(b"\x12" + varint(len(field)) + field for field in (b"\x08" + varint(length) for length in shape))
    place = b"\x20" + varint(offset) if offset else b""
    return b"\x08" + varint(dtype) + b"\x12" + varint(len(dimensions)) + dimensions + place + b"\x28" + varint(size) + b"\x35crc!"


def block(rows: list[tuple[bytes, bytes]]) -> bytes:
    """Keys share the beginning that they have in common with the one before."""
    content, before = b"", b""
    for key, value in rows:
        shared = next(
            (i for i, (one, other) in enumerate(zip(key, before, strict=False)) if one != other), min(len(key), len(before))
        )
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return content + struct.pack("<II", 0, 1)


def table(blocks: list[list[tuple[bytes, bytes]]], compression: bytes = b"\0") -> bytes:
    """A LevelDB table of several blocks."""
    content, handles = b"", []
    for rows in blocks:
        written = block(rows)
        handles.append((rows[-1][0], varint(len(content)) + varint(len(written))))
        content += written + compression + b"crc!"
    index = block(handles)
    footer = varint(0) + varint(0) + varint(len(content)) + varint(len(index))
    return content + index + b"\0crc!" + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def test_variables_are_read_from_every_block_with_their_shapes() -> None:
    kernel, bias = np.arange(300, dtype=np.float32).reshape(2, 150), np.array([1.5, -2.5], dtype=np.float32)
    data = kernel.tobytes() + bias.tobytes() + b"\1\0\0\0"
    blocks = [
        [
            (b"", b"\x08\x01"),
            (b"conv2d/bias", entry(FLOAT32, (2,), 1200, 8)),
            (b"conv2d/kernel", entry(FLOAT32, (2, 150), 0, 1200)),
        ],
        [(b"global_step", entry(INT32, (), 1208, 4)), (b"scale", entry(FLOAT32, (), 1200, 4))],
    ]
    variables = float_variables(table(blocks), data)
    assert list(variables) == ["conv2d/bias", "conv2d/kernel", "scale"]
    np.testing.assert_array_equal(variables["conv2d/kernel"], kernel)
    np.testing.assert_array_equal(variables["conv2d/bias"], bias)
    assert variables["scale"].shape == ()


def test_what_is_no_table_or_is_compressed_is_refused() -> None:
    with pytest.raises(ValueError, match="no LevelDB table"):
        float_variables(bytes(100), b"")
    with pytest.raises(ValueError, match="compressed"):
        float_variables(table([[(b"a", entry(FLOAT32, (), 0, 4))]], compression=b"\1"), bytes(4))


def random_variables() -> dict[str, FloatArray]:
    """Variables of the shapes of the checkpoints, in float16 precision, so that storing them so changes nothing."""
    random = np.random.default_rng(0)
    kernels = [(7, 38, 1, 204), (7, 67, 1, 204), (128, 1, 1, 51), (64, 1, 1, 51), (32, 1, 1, 51), (7, 561, 1, 64)]
    kernels += [(7, 64, 1, 64), (7, 64, 1, 64)]
    sizes = [1, 204, 204, 51, 51, 51, 64, 64, 64, 1506, 200]
    variables = {}
    for number, shape in enumerate(kernels):
        name = f"conv2d_{number}" if number else "conv2d"
        variables[f"{name}/kernel"] = random.normal(0, np.prod(shape[:3]) ** -0.5, shape)
        variables[f"{name}/bias"] = random.normal(0, 0.1, shape[3])
    for name, layout in (("dense", (1506, 200)), ("dense_1", (200, 50))):
        variables[f"{name}/kernel"] = random.normal(0, layout[0] ** -0.5, layout)
        variables[f"{name}/bias"] = random.normal(0, 0.1, layout[1])
    for number, size in enumerate(sizes):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        variables |= {f"{name}/{part}": random.normal(0, 0.5, size) for part in ("beta", "gamma", "moving_mean")}
        variables[f"{name}/moving_variance"] = random.uniform(0.1, 1, size)
    return {name: values.astype(np.float16).astype(np.float32) for name, values in variables.items()}


class Reference:
    """The network in torch, written down layer by layer from the paper."""

    def __init__(self, variables: dict[str, FloatArray]) -> None:
        self.values = {name: torch.from_numpy(values) for name, values in variables.items()}

    def normalised(self, features: torch.Tensor, number: int) -> torch.Tensor:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        mean, variance, gamma, beta = (
            self.values[f"{name}/{part}"] for part in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return functional.batch_norm(features, mean, variance, gamma, beta, eps=EPSILON)

    def convolved(self, features: torch.Tensor, number: int, before: int, after: int) -> torch.Tensor:
        """[n, channels, frames, bands], padded by frames."""
        name = f"conv2d_{number}" if number else "conv2d"
        kernel = self.values[f"{name}/kernel"].permute(3, 2, 0, 1)
        padded = functional.pad(features, (0, 0, before, after))
        return self.normalised(functional.conv2d(padded, kernel, self.values[f"{name}/bias"]).relu(), number + 1)

    def __call__(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        patch = self.normalised(patches[:, None], 0)
        fronts = [self.convolved(patch, number, 3, 3) for number in (0, 1)]
        fronts += [self.convolved(patch, 2, 63, 64), self.convolved(patch, 3, 31, 32), self.convolved(patch, 4, 15, 16)]
        layers = [torch.cat([front.amax(dim=3) for front in fronts], dim=1)]  # [n, 561, frames]
        for number in (5, 6, 7):
            layer = self.convolved(layers[-1].transpose(1, 2)[:, None], number, 3, 3)[..., 0]
            layers.append(layer + layers[-1] if number > 5 else layer)
        frames = torch.cat(layers, dim=1).transpose(1, 2)  # [n, frames, 753]
        pooled = torch.stack([frames.amax(dim=1), frames.mean(dim=1)], dim=2).flatten(1)
        dense = self.normalised(pooled, 9) @ self.values["dense/kernel"] + self.values["dense/bias"]
        embedding = self.normalised(dense.relu(), 10)
        return (embedding @ self.values["dense_1/kernel"] + self.values["dense_1/bias"]).sigmoid(), embedding, frames


def test_the_network_is_that_of_the_paper() -> None:
    variables = random_variables()
    expected = Reference(variables)(torch.from_numpy(patches := np.random.default_rng(1).random((2, 187, 96), dtype=np.float32)))
    session = onnxruntime.InferenceSession(musicnn(variables).SerializeToString())
    found = session.run(["scores", "embedding", "frames"], {"patches": patches})
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-4)
    assert np.ptp(found[0]) > 0.1


@pytest.mark.skipif(
    "musicnn" not in {distribution.name for distribution in metadata.distributions()}, reason="needs the package musicnn"
)
@pytest.mark.parametrize("checkpoint", CHECKPOINTS, ids=lambda checkpoint: checkpoint.name)
def test_the_weights_of_the_repository_are_those_of_the_package(checkpoint: object) -> None:
    (match,) = [one for one in CHECKPOINTS if one is checkpoint]
    model = musicnn(match.variables()).SerializeToString(deterministic=True)
    assert model == (WEIGHTS / "musicnn" / match.name / "musicnn.onnx").read_bytes()
