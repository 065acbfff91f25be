"""Weights on a real GPU: straight from the files, split with main memory, and in 4 and 8 bits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from models.loading.loaders import ModelLoaders
from models.specs.model_spec import Device, FetchedModel, Quantization
from tests.models.tiny_language_models import byte_tokenizer
from tests.models.tiny_models import fetched

NEW_TOKENS = 8
SIZES = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "max_position_embeddings": 512,
}


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> FetchedModel:
    """A language model of 400 million parameters with random weights: 800 MB."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    directory = tmp_path_factory.mktemp("writer") / "model"
    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    with torch.device("cuda"):
        model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), **SIZES)).to(torch.bfloat16)
    size = sum(tensor.numel() * tensor.element_size() for tensor in model.parameters())
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return fetched(
        directory,
        "transformers",
        "Qwen2ForCausalLM",
        processor="transformers.AutoTokenizer",
        gpu_dtype="bfloat16",
        gpu_bytes=size,
    )


@dataclass
class Taken:
    """Main memory beyond that at the beginning."""

    bytes: int = 0


@contextmanager
def highest_main_memory() -> Iterator[Taken]:
    """Yield the most that this process had of its own, files that are mapped left out; it is known when the block ends."""
    taken, before, ended = Taken(), own_memory(), threading.Event()

    def watch() -> None:
        while not ended.wait(0.002):
            taken.bytes = max(taken.bytes, own_memory() - before)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield taken
    finally:
        ended.set()
        watching.join()


def own_memory() -> int:
    """Return the bytes of anonymous memory of this process; of all its memory where the system does not tell them apart."""
    status = Path("/proc/self/status")
    if not status.exists():
        return int(psutil.Process().memory_info().rss)
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def written(model: FetchedModel) -> list[int]:
    """What the model writes after a prompt."""
    return write(ModelLoaders().build(model, "cuda").model.model, NEW_TOKENS)


def write(loaded: Any, new_tokens: int) -> list[int]:
    """Return a prompt and `new_tokens` further tokens, whichever they are."""
    prompt = torch.tensor([[1, 2, 3, 4]], device=loaded.device)
    with torch.inference_mode():
        tokens: list[int] = loaded.generate(prompt, max_new_tokens=new_tokens, do_sample=False, eos_token_id=None)[0].tolist()
    return tokens


def seconds_of_text(model: FetchedModel, device: Device) -> float:
    """Return the seconds in which the model writes `NEW_TOKENS`; what the first call prepares is left out."""
    loaded = ModelLoaders().build(model, device).model.model
    write(loaded, 1)
    began = time.perf_counter()
    write(loaded, NEW_TOKENS)
    return time.perf_counter() - began


def test_a_model_reaches_the_gpu_without_main_memory(writer: FetchedModel) -> None:
    ModelLoaders().build(writer, "cuda")  # what the libraries themselves take is there from now on
    with highest_main_memory() as taken:
        resident = ModelLoaders().build(writer, "cuda")
    assert taken.bytes < writer.spec.gpu_bytes / 4
    assert resident.weight_bytes() == pytest.approx(writer.spec.gpu_bytes, rel=0.01)


def test_a_model_loaded_onto_the_gpu_parks_and_comes_back(writer: FetchedModel) -> None:
    resident = ModelLoaders().build(writer, "cuda")
    resident.park()
    assert {tensor.device.type for tensor in resident.model.model.parameters()} == {"cpu"}
    resident.restore()
    assert {tensor.device.type for tensor in resident.model.model.parameters()} == {"cuda"}


def test_a_split_model_writes_what_the_whole_one_writes(writer: FetchedModel) -> None:
    split = replace(writer, spec=replace(writer.spec, host_part_bytes=writer.spec.gpu_bytes // 4))
    resident = ModelLoaders().build(split, "cuda")
    assert 0 < resident.weight_bytes() <= split.spec.memory_bytes("cuda")
    del resident
    assert written(split) == written(writer)


def test_how_fast_a_split_model_writes(writer: FetchedModel, record_property: Callable[[str, object], None]) -> None:
    """A figure for `models.model_catalog.SPLIT_GAIN`; whatever it is, the check does not fail."""
    split = replace(writer, spec=replace(writer.spec, host_part_bytes=writer.spec.gpu_bytes // 4))
    gain = seconds_of_text(writer, "cpu") / seconds_of_text(split, "cuda")
    record_property("figure", f"{gain:.2f} times the speed of the CPU alone")


@pytest.mark.parametrize("form", ["nf4", "int8"])
def test_a_quantised_model_is_as_small_as_it_says_and_writes(writer: FetchedModel, form: Quantization) -> None:
    if find_spec("bitsandbytes") is None:
        pytest.skip("bitsandbytes is not installed")
    small = replace(writer, spec=replace(writer.spec, quantization=form))
    resident = ModelLoaders().build(small, "cuda")
    assert resident.weight_bytes() < {"nf4": 0.35, "int8": 0.6}[form] * writer.spec.gpu_bytes
    del resident
    assert len(written(small)) == 12
