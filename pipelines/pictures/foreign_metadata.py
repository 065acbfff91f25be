"""Settings in the PNG files of other tools: AUTOMATIC1111's web UI and its relatives, ComfyUI, InvokeAI.

Only what a picture here can follow is taken: prompt, negative prompt, seed, steps, CFG scale, sampler. The rest is named.
Formats: A1111's `modules/infotext_utils.py`; ComfyUI's graph of the API (`script_examples/basic_api_example.py`); InvokeAI's
`invokeai_metadata` (3 and later: `core_metadata` in `invocations/metadata.py`), `sd-metadata` (2) and `Dream` (1).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from models.arrays import MAX_SEED
from pipelines.pictures.options import MAX_GUIDANCE_SCALE, MAX_STEPS, MAX_TEXT_CHARACTERS

SAMPLERS = {
    "ddim": "DDIM",
    "dpm++ 2m": "DPM++ 2M",
    "dpmpp_2m": "DPM++ 2M",
    "unipc": "UniPC",
    "uni_pc": "UniPC",
    "euler": "Euler",
    "euler a": "Euler ancestral",
    "euler_a": "Euler ancestral",
    "euler_ancestral": "Euler ancestral",
    "k_euler": "Euler",
    "k_euler_a": "Euler ancestral",
    "lcm": "LCM",
}
"""Samplers of other tools, in lower case, that are one of ours."""
NOISE_SCHEDULES = re.compile(r"[ _](karras|exponential|k)$", re.IGNORECASE)
"""Ending of a sampler's name that stands for a noise schedule, which is the model's own here."""
A1111_PARAMETER = re.compile(r'(?:^|,)\s*(\w[\w \-/]*):\s*("(?:\\.|[^\\"])*"|[^,]*)(?=,|$)')
NEGATIVE = "Negative prompt:"
SETTINGS_LINKS = ("noise", "guider", "sampler", "sigmas")
"""Inputs of ComfyUI's custom samplers, with nodes that hold what a plain sampler holds itself."""
TEXT_INPUTS = ("text", "prompt", "string", "value", "text_g", "clip_l", "t5xxl")
NOT_CONDITIONING = frozenset(("clip", "model", "vae", "latent_image", "latent", "samples", "pixels", "image", "control_net"))
"""Inputs of ComfyUI's nodes that lead away from the text of a prompt."""
NO_TEXT = "ConditioningZeroOut"
"""The node of ComfyUI that takes the place of a negative prompt; what leads to it has no effect."""
INVOKEAI_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")
"""Negative prompt of InvokeAI 1 and 2: the parts of the prompt in brackets."""
DREAM = re.compile(r'"(?P<prompt>.*?)"(?P<options>(?:\s+-.*)?)$', re.DOTALL)
MAX_METADATA_CHARACTERS = 2**20
MAX_NODES = 2000
"""Files with longer texts and larger graphs are not read: no tool writes them, and they could take minutes."""
Graph = dict[str, dict[str, Any]]
"""Nodes of ComfyUI by their ids: class_type and inputs, each a value or a link [node, output]."""
Checked = tuple[dict[str, Any], list[str]]
"""Settings that are taken, by the names of `PictureOptions`, and the names of those that are left out."""
NUMBERS = (
    ("seed", "seed", 0, MAX_SEED, int),
    ("steps", "steps", 1, MAX_STEPS, int),
    ("guidance_scale", "CFG scale", 0, MAX_GUIDANCE_SCALE, float),
)
"""Name, title, minimum, maximum and type."""


@dataclass(frozen=True)
class ForeignSettings:
    """The settings of a picture of another tool that can be followed here; None for what is not in its file."""

    tool: str
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    scheduler: str | None = None
    """A name in `SCHEDULERS`."""
    left_out: tuple[str, ...] = ()
    """What is in the file and cannot be followed, e.g. 'sampler Heun', 'model'."""

    @property
    def values(self) -> dict[str, Any]:
        """The settings that were found, by the names of `PictureOptions`."""
        names = ("prompt", "negative_prompt", "seed", "steps", "guidance_scale", "scheduler")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def foreign_settings(chunks: Mapping[str, Any]) -> ForeignSettings | None:
    """Return the settings that another tool wrote into the text chunks of a PNG file; None if there are none."""
    for keyword, tool, read in (
        ("parameters", "AUTOMATIC1111", _from_a1111),
        ("prompt", "ComfyUI", _from_comfyui),
        ("invokeai_metadata", "InvokeAI", _from_invokeai),
        ("sd-metadata", "InvokeAI", _from_invokeai_2),
        ("Dream", "InvokeAI", _from_invokeai_1),
    ):
        text = chunks.get(keyword)
        found = read(text) if isinstance(text, str) and len(text) <= MAX_METADATA_CHARACTERS else {}
        settings = _checked(tool, found)
        if any(value != "" for value in settings.values.values()):
            return settings
    return None


def _checked(tool: str, found: Mapping[str, Any]) -> ForeignSettings:
    """Check what was found: texts, numbers and names of ours are taken, everything else is named."""
    checked = [_checked_texts(found), _checked_numbers(found), _checked_sampler(found.get("sampler"))]
    left_out = chain(found.get("other", ()), *(names for _, names in checked))
    values: dict[str, Any] = {name: value for taken, _ in checked for name, value in taken.items()}
    return ForeignSettings(tool, **values, left_out=tuple(dict.fromkeys(filter(None, left_out))))


def _checked_texts(found: Mapping[str, Any]) -> Checked:
    """Take the prompt, unless it is empty, and the negative prompt, up to the length that a picture here takes."""
    texts = {name: found[name].strip() for name in ("prompt", "negative_prompt") if isinstance(found.get(name), str)}
    taken = {name: text[:MAX_TEXT_CHARACTERS] for name, text in texts.items() if text or name == "negative_prompt"}
    titles = [name.replace("_", " ") for name, text in texts.items() if len(text) > MAX_TEXT_CHARACTERS]
    return taken, [f"the end of the {title}" for title in titles]


def _checked_numbers(found: Mapping[str, Any]) -> Checked:
    """Take the numbers that are within the bounds of a picture here; others are named with their value."""
    taken: dict[str, Any] = {}
    left_out = []
    for name, title, smallest, largest, kind in NUMBERS:
        number = _number(found.get(name))
        if number is not None and smallest <= number <= largest and kind(number) == number:
            taken[name] = kind(number)
        elif found.get(name) is not None:
            left_out.append(title if number is None else f"{title} {number}")
    return taken, left_out


def _checked_sampler(sampler: Any) -> Checked:
    """Take a sampler that is one of ours; the noise schedule in its name is left out."""
    if not isinstance(sampler, str) or not sampler:
        return {}, []
    name = SAMPLERS.get(NOISE_SCHEDULES.sub("", sampler).strip().lower())
    if name is None:
        return {}, [f"sampler {sampler[:40]}"]
    return {"scheduler": name}, ["noise schedule"] if NOISE_SCHEDULES.search(sampler) else []


def _number(value: Any) -> int | float | None:
    """Return a finite number, also from its decimal text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value) if isinstance(value, int) or re.fullmatch(r"-?\d{1,30}", str(value)) else float(value)
    except ValueError:
        return None
    return number if abs(number) < 1e30 and math.isfinite(number) else None


# ---- AUTOMATIC1111


def _from_a1111(text: str) -> dict[str, Any]:
    """Read the prompt, the negative prompt and the line of parameters, after which extensions write lines of their own."""
    lines = text.strip().splitlines()
    last = next((place for place in reversed(range(len(lines))) if "Steps" in _a1111_parameters(lines[place])), len(lines))
    names, written = _a1111_parameters("".join(lines[last : last + 1])), lines[:last]
    start = next((place for place, line in enumerate(written) if line.startswith(NEGATIVE)), len(written))
    if not names and start == len(written):
        return {}
    taken = {"Steps", "Sampler", "CFG scale", "Seed", "Version", "App"}
    return {
        "prompt": "\n".join(written[:start]),
        "negative_prompt": "\n".join(written[start:]).removeprefix(NEGATIVE),
        "seed": names.get("Seed"),
        "steps": names.get("Steps"),
        "guidance_scale": names.get("CFG scale"),
        "sampler": names.get("Sampler"),
        "other": _named(name for name in names if name not in taken),
    }


def _a1111_parameters(line: str) -> dict[str, str]:
    """Return names and values of a line such as 'Steps: 20, Sampler: Euler a, Seed: 7'."""
    return dict(A1111_PARAMETER.findall(line))


def _named(names: Iterable[str]) -> list[str]:
    """Return names of parameters for a sentence: 'schedule type' as 'noise schedule', hashes with what they are of."""
    renamed = {"schedule type": "noise schedule", "model hash": "model", "lora hashes": "LoRA", "denoising strength": "strength"}
    return list(dict.fromkeys(renamed.get(name.lower(), name.lower())[:40] for name in names))


# ---- ComfyUI


def _from_comfyui(text: str) -> dict[str, Any]:
    """Read the sampler of the graph, and the texts that lead to it."""
    graph = _object(text)
    nodes: Graph = {key: node for key, node in graph.items() if isinstance(node, dict) and isinstance(node.get("inputs"), dict)}
    if len(nodes) > MAX_NODES:
        return {}
    samplers = [inputs for node in nodes.values() if {"positive", "steps"} <= (inputs := _sampler_inputs(nodes, node)).keys()]
    if not samplers:
        return {}
    # Of several passes over one picture the first starts from noise alone.
    inputs = next(filter(_starts_from_noise, samplers), samplers[0])
    schedule = _literal(nodes, inputs.get("scheduler"), str)
    classes = " ".join(str(node.get("class_type", "")) for node in nodes.values()).lower()
    return {
        "prompt": ", ".join(_texts(nodes, inputs["positive"])),
        "negative_prompt": ", ".join(_texts(nodes, inputs.get("negative"))),
        "seed": _literal(nodes, inputs.get("seed", inputs.get("noise_seed")), (int, float)),
        "steps": _literal(nodes, inputs["steps"], (int, float)),
        "guidance_scale": _literal(nodes, inputs.get("cfg"), (int, float)),
        "sampler": _literal(nodes, inputs.get("sampler_name"), str),
        "other": [
            "model",
            "size",
            "noise schedule" if schedule not in (None, "normal") else "",
            "LoRA" if "lora" in classes else "",
            "ControlNet" if "controlnet" in classes else "",
            "further passes" if len(samplers) > 1 else "",
        ],
    }


def _sampler_inputs(nodes: Graph, node: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a node, with those of the nodes that hold the settings of a custom sampler."""
    inputs: dict[str, Any] = node["inputs"]
    held = [nodes[key]["inputs"] for name in SETTINGS_LINKS if (key := _linked(nodes, inputs.get(name)))]
    merged = {name: value for each in (*held, inputs) for name, value in each.items()}
    # BasicGuider has one prompt and no CFG scale.
    return {"positive": merged["conditioning"], **merged} if "guider" in inputs and "conditioning" in merged else merged


def _starts_from_noise(inputs: Mapping[str, Any]) -> bool:
    return _number(inputs.get("denoise", 1)) == 1 and not _number(inputs.get("start_at_step", 0))


def _literal(nodes: Graph, value: Any, kind: type | tuple[type, ...]) -> Any:
    """Return the value of an input, or that of the node that it is linked to; None if it is of another kind."""
    visited: set[str] = set()
    while (key := _linked(nodes, value)) is not None and key not in visited:
        visited.add(key)
        inputs = nodes[key]["inputs"]
        if "string_a" in inputs and kind is str:
            return _concatenated(nodes, inputs)
        ordered = [*(inputs[name] for name in TEXT_INPUTS if name in inputs), *inputs.values()]
        value = next(
            (each for each in ordered if isinstance(each, kind)), next((each for each in ordered if _linked(nodes, each)), None)
        )
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _concatenated(nodes: Graph, inputs: Mapping[str, Any]) -> str:
    """Join the two texts of a node StringConcatenate, each written into it or into a node of one text."""
    texts = [inputs.get(name) for name in ("string_a", "string_b")]
    texts = [nodes[key]["inputs"].get("value") if (key := _linked(nodes, text)) else text for text in texts]
    return str(inputs.get("delimiter", "")).join(text for text in texts if isinstance(text, str))


def _texts(nodes: Graph, link: Any) -> Iterator[str]:
    """Yield the texts that lead to an input, each node once, in the order of their inputs."""
    visited: set[str] = set()
    links = [link]
    while links:
        link = links.pop(0)
        key = _linked(nodes, link)
        if key is None or key in visited or nodes[key].get("class_type") == NO_TEXT:
            continue
        visited.add(key)
        inputs = nodes[key]["inputs"]
        written = next((text for name in TEXT_INPUTS if (text := _literal(nodes, inputs.get(name), str)) is not None), None)
        if written is not None:
            yield written
        elif {"positive", "negative"} <= inputs.keys():
            # Such a node (ControlNet) hands both on: the first output is the positive one.
            links.insert(0, inputs["negative" if link[1] == 1 else "positive"])
        else:
            links[:0] = [value for name, value in inputs.items() if name not in NOT_CONDITIONING]


def _linked(nodes: Graph, value: Any) -> str | None:
    """Return the id of the node that an input is linked to."""
    key = str(value[0]) if isinstance(value, list) and len(value) == 2 else None
    return key if key in nodes else None


# ---- InvokeAI


def _from_invokeai(text: str) -> dict[str, Any]:
    """Read the metadata of InvokeAI 3 and later."""
    found = _object(text)
    taken = {"positive_prompt", "negative_prompt", "seed", "steps", "cfg_scale", "scheduler", "app_version", "generation_mode"}
    titles = {"width": "size", "height": "size", "loras": "LoRA", "controlnets": "ControlNet"}
    return {
        "prompt": found.get("positive_prompt"),
        "negative_prompt": found.get("negative_prompt"),
        "seed": found.get("seed"),
        "steps": found.get("steps"),
        "guidance_scale": found.get("cfg_scale"),
        "sampler": found.get("scheduler"),
        "other": [titles.get(name, name.replace("_", " "))[:40] for name in found if name not in taken and found[name]],
    }


def _from_invokeai_2(text: str) -> dict[str, Any]:
    """Read the metadata of InvokeAI 2, whose prompt is a text or a list of weighted parts."""
    image = _object(text).get("image")
    if not isinstance(image, dict):
        return {}
    parts = image.get("prompt")
    written = [part.get("prompt") if isinstance(part, dict) else part for part in (parts if isinstance(parts, list) else [parts])]
    return {
        **_split_invokeai_prompt(", ".join(part for part in written if isinstance(part, str))),
        "seed": image.get("seed"),
        "steps": image.get("steps"),
        "guidance_scale": image.get("cfg_scale"),
        "sampler": image.get("sampler"),
        "other": ["model", "size"],
    }


def _from_invokeai_1(text: str) -> dict[str, Any]:
    """Read the command line of InvokeAI 1, such as '"a barn [blurry]" -s 50 -S 7 -W 512 -H 512 -C 7.5 -A k_lms'."""
    line = DREAM.match(text.strip())
    if line is None:
        return {}
    options = dict(re.findall(r"\s-([A-Za-z])\s*([^\s-]\S*)", line["options"]))
    return {
        **_split_invokeai_prompt(line["prompt"]),
        "seed": options.get("S"),
        "steps": options.get("s"),
        "guidance_scale": options.get("C"),
        "sampler": options.get("A"),
        "other": ["size"],
    }


def _split_invokeai_prompt(text: str) -> dict[str, str]:
    """Separate the parts in brackets, which are the negative prompt."""
    negative = [part.strip(" ,") for part in INVOKEAI_NEGATIVE.findall(text)]
    return {"prompt": " ".join(INVOKEAI_NEGATIVE.sub(" ", text).split()).strip(" ,"), "negative_prompt": ", ".join(negative)}


def _object(text: str) -> dict[str, Any]:
    """Parse a JSON object, with lone surrogates, which UTF-8 cannot encode, replaced; empty for anything else."""
    try:
        found = json.loads(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
