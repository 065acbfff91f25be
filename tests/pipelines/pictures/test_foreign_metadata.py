"""PNG files of other tools give what can be followed here, and name the rest."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipelines.pictures.errors import InvalidPictureFile
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import a1111_parameters, foreign_settings_from_png, picture_from_png, png_bytes
from tests.pipelines.pictures.picture_examples import DRAWN_FROM_TEXT

A1111 = """a red barn, <lora:hay:0.8>
at dusk
Negative prompt: blurry,
people
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 3141592653, Size: 512x768, Model hash: 0f1e2d, Model: "barn, v2", \
Lora hashes: "hay: 1a2b, straw: 3c4d", Version: v1.10.1"""
NODES: dict[str, dict[str, Any]] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 77,
            "steps": 20,
            "cfg": 8,
            "sampler_name": "euler_ancestral",
            "scheduler": "karras",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "barn.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red barn", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
}
INVOKE = {
    "positive_prompt": "a red barn",
    "negative_prompt": "blurry",
    "seed": 9,
    "steps": 30,
    "cfg_scale": 7.5,
    "scheduler": "euler_a",
    "width": 512,
    "height": 512,
    "model": {"name": "barn"},
    "app_version": "5.0.0",
}


def png(**texts: str) -> bytes:
    chunks, file = PngInfo(), BytesIO()
    for keyword, text in texts.items():
        chunks.add_itxt(keyword.replace("__", "-"), text)
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def restored(**texts: str) -> ForeignSettings:
    found = foreign_settings_from_png(png(**texts))
    assert found is not None
    return found


def comfy(nodes: dict[str, Any] | None = None, **changes: Any) -> ForeignSettings:
    changed = {**NODES, **(nodes or {})}
    changed["3"] = {**NODES["3"], "inputs": {**NODES["3"]["inputs"], **changes}}
    return restored(prompt=json.dumps(changed), workflow="{}")


def test_a1111_gives_its_settings_and_the_rest_is_named() -> None:
    found = restored(parameters=A1111)
    assert found.values == {
        "prompt": "a red barn, <lora:hay:0.8>\nat dusk",
        "negative_prompt": "blurry,\npeople",
        "seed": 3141592653,
        "steps": 28,
        "guidance_scale": 6.5,
        "scheduler": "DPM++ 2M",
    }
    assert (found.tool, found.left_out) == ("AUTOMATIC1111", ("size", "model", "LoRA", "noise schedule"))


def test_a_sampler_that_is_not_here_and_numbers_out_of_range_are_named() -> None:
    found = restored(parameters="barn\nSteps: 150, Sampler: Heun, CFG scale: 7, Seed: 4294967296")
    assert found.values == {"prompt": "barn", "negative_prompt": "", "guidance_scale": 7.0}
    assert found.left_out == ("seed 4294967296", "steps 150", "sampler Heun")


def test_comfyui_gives_the_settings_of_its_sampler() -> None:
    found = comfy()
    assert found.values == {
        "prompt": "a red barn",
        "negative_prompt": "blurry",
        "seed": 77,
        "steps": 20,
        "guidance_scale": 8.0,
        "scheduler": "Euler ancestral",
    }
    assert (found.tool, found.left_out) == ("ComfyUI", ("model", "size", "noise schedule"))


def test_linked_values_of_comfyui_are_followed() -> None:
    nodes = {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["20", 0], "clip": ["4", 1]}},
        "8": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["6", 0], "conditioning_2": ["9", 0]}},
        "9": {"class_type": "CLIPTextEncode", "inputs": {"text": "in snow", "clip": ["4", 1]}},
        "20": {"class_type": "PrimitiveString", "inputs": {"value": "a red barn"}},
        "21": {"class_type": "PrimitiveInt", "inputs": {"value": 5}},
    }
    found = comfy(nodes, positive=["8", 0], seed=["21", 0], scheduler="normal")
    assert (found.prompt, found.seed, found.left_out) == ("a red barn, in snow", 5, ("model", "size"))


def test_a_circle_of_links_ends() -> None:
    found = comfy({"6": {"class_type": "Loop", "inputs": {"conditioning": ["6", 0]}}}, seed=["6", 0])
    assert (found.prompt, found.seed, found.steps) == (None, None, 20)


def test_a_node_that_hands_on_both_prompts_gives_each_its_own() -> None:
    control = {"8": {"class_type": "ControlNetApplyAdvanced", "inputs": {"positive": ["6", 0], "negative": ["7", 0]}}}
    found = comfy(control, positive=["8", 0], negative=["8", 1])
    assert (found.prompt, found.negative_prompt) == ("a red barn", "blurry")
    assert "ControlNet" in found.left_out


def test_a_conditioning_that_is_zeroed_is_no_negative_prompt() -> None:
    zeroed = {"8": {"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["6", 0]}}}
    assert comfy(zeroed, negative=["8", 0]).negative_prompt == ""


def test_a_custom_sampler_of_comfyui_is_read_from_the_nodes_that_it_is_linked_to() -> None:
    nodes = {
        "1": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {name: [name, 0] for name in ("noise", "guider", "sampler", "sigmas")},
        },
        "noise": {"class_type": "RandomNoise", "inputs": {"noise_seed": 21}},
        "guider": {"class_type": "CFGGuider", "inputs": {"cfg": 3.5, "positive": ["6", 0], "negative": ["7", 0]}},
        "sampler": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "uni_pc"}},
        "sigmas": {"class_type": "BasicScheduler", "inputs": {"scheduler": "normal", "steps": 12, "denoise": 1.0}},
    }
    texts = {"6": NODES["6"], "7": NODES["7"]}
    found = restored(prompt=json.dumps(nodes | texts))
    assert found.values == {
        "prompt": "a red barn",
        "negative_prompt": "blurry",
        "seed": 21,
        "steps": 12,
        "guidance_scale": 3.5,
        "scheduler": "UniPC",
    }
    flux = nodes | texts | {"guider": {"class_type": "BasicGuider", "inputs": {"conditioning": ["6", 0]}}}
    found = restored(prompt=json.dumps(flux))
    assert (found.prompt, found.negative_prompt, found.guidance_scale, found.seed) == ("a red barn", "", None, 21)


def test_the_pass_that_starts_from_noise_is_taken_among_several() -> None:
    refiner = {
        "class_type": "KSamplerAdvanced",
        "inputs": {"positive": ["7", 0], "steps": 9, "start_at_step": 20, "noise_seed": 4},
    }
    found = restored(prompt=json.dumps({"2": refiner, **NODES}))
    assert (found.prompt, found.steps, found.seed, found.left_out[-1]) == ("a red barn", 20, 77, "further passes")


def test_concatenated_texts_of_comfyui_are_joined() -> None:
    nodes = {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["20", 0], "clip": ["4", 1]}},
        "20": {"class_type": "StringConcatenate", "inputs": {"string_a": ["21", 0], "string_b": "at dusk", "delimiter": ", "}},
        "21": {"class_type": "PrimitiveString", "inputs": {"value": "a red barn"}},
    }
    assert comfy(nodes).prompt == "a red barn, at dusk"


def test_graphs_that_no_tool_writes_end_soon() -> None:
    chained = {str(n): {"class_type": "Loop", "inputs": {"text": [str(n + 1), 0]}} for n in range(3000)}
    assert foreign_settings_from_png(png(prompt=json.dumps(NODES | chained))) is None
    assert foreign_settings_from_png(png(parameters="word " * 200_000)) is None


def test_lines_of_extensions_after_the_parameters_of_a1111_are_no_prompt() -> None:
    found = restored(parameters=A1111 + "\nTemplate: a {red|blue} barn\nNegative Template: blurry")
    assert (found.prompt, found.negative_prompt, found.steps) == ("a red barn, <lora:hay:0.8>\nat dusk", "blurry,\npeople", 28)


def test_texts_can_be_sent_to_the_page() -> None:
    found = restored(invokeai_metadata='{"positive_prompt": "owl \\ud83d", "scheduler": "\\udc00", "seed": 1}')
    assert (found.prompt, found.left_out) == ("owl ?", ("sampler ?",))


def test_seeds_of_64_bits_are_named() -> None:
    assert "seed 1125899906842624" in comfy(seed=2**50).left_out


def test_invokeai_gives_its_settings() -> None:
    found = restored(invokeai_metadata=json.dumps(INVOKE))
    assert found.values == {
        "prompt": "a red barn",
        "negative_prompt": "blurry",
        "seed": 9,
        "steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "Euler ancestral",
    }
    assert (found.tool, found.left_out) == ("InvokeAI", ("size", "model"))


def test_invokeai_2_gives_its_settings() -> None:
    image = {
        "prompt": [{"prompt": "a red barn [blurry, people], hay [dull]", "weight": 1.0}],
        "seed": 9,
        "steps": 30,
        "cfg_scale": 7.5,
        "sampler": "ddim",
    }
    found = restored(sd__metadata=json.dumps({"app_version": "2.3.0", "image": image}))
    assert (found.prompt, found.negative_prompt) == ("a red barn , hay", "blurry, people, dull")
    assert (found.seed, found.steps, found.guidance_scale, found.scheduler) == (9, 30, 7.5, "DDIM")


@pytest.mark.parametrize("space", [" ", ""])
def test_the_command_line_of_invokeai_1_gives_its_settings(space: str) -> None:
    options = {"s": 50, "S": 7, "W": 512, "H": 512, "C": 7.5, "A": "k_euler_a", "G": 0.9, "cf": 0.75}
    line = " ".join(f"-{name}{space}{value}" for name, value in options.items())
    found = restored(Dream=f'"a red barn [blurry]" {line}')
    assert found.values == {
        "prompt": "a red barn",
        "negative_prompt": "blurry",
        "seed": 7,
        "steps": 50,
        "guidance_scale": 7.5,
        "scheduler": "Euler ancestral",
    }


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"parameters": "no settings at all"},
        {"prompt": "[" * 100_000},
        {"prompt": '{"3": {"inputs": {"positive": 1, "steps": NaN, "cfg": Infinity}}}'},
        {"invokeai_metadata": '["a list"]'},
        {"invokeai_metadata": '{"seed": true, "steps": "many", "positive_prompt": 5}'},
        {"sd__metadata": '{"image": 3}'},
    ],
)
def test_chunks_without_settings_are_refused_plainly(texts: dict[str, str]) -> None:
    file = png(**texts)
    assert foreign_settings_from_png(file) is None
    with pytest.raises(InvalidPictureFile, match="no settings inside"):
        picture_from_png(file)


def test_a_prompt_that_is_too_long_is_cut_and_that_is_named() -> None:
    found = restored(parameters="barn " * 500 + "\nSteps: 20, Sampler: Euler, Seed: 1")
    assert (len(found.prompt or ""), found.left_out) == (2000, ("the end of the prompt",))


def test_our_own_settings_come_first_and_our_line_for_other_tools_is_read_without_them() -> None:
    own = png_bytes(Picture(Image.new("RGB", (8, 8)), 7, DRAWN_FROM_TEXT))
    assert foreign_settings_from_png(own) is None
    found = restored(parameters=a1111_parameters(DRAWN_FROM_TEXT))
    assert (found.prompt, found.seed, found.steps) == ("dog barking", 7, 3)
