"""The models that describe music and answer questions about it, and the language models that put facts into words.

Best first: those that follow instructions, those that do not, and those under a non-commercial licence, so that `auto` takes
these last. Most come in bfloat16 and, quantised by bitsandbytes, in 4 and 8 bits: 4 bits are as good as 16 in the tables of
Dettmers et al. (2023), faster than LLM.int8(), and leave room for the models of other tabs. Sizes of downloads are those of the
weight files: two bytes for each parameter. Quantised, a model keeps its token embeddings and its last layer in bfloat16; every
other parameter takes one byte, or 0.53 bytes as double quantisation has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.specs.model_spec import (
    EncoderFacts,
    HubSource,
    ModelSpec,
    PromptStyle,
    Quantization,
    Task,
)

QUANTIZED_BYTES: dict[Quantization, float] = {"nf4": 0.53, "int8": 1.0}
"""Bytes per quantised parameter."""
QUANTIZED_NAMES: dict[Quantization, str] = {"int8": "8-bit", "nf4": "4-bit"}

FILES = ("config.json", "tokenizer_config.json", "*.json", "*.jinja", "*.txt", "*.safetensors")
"""Weights in one file or in shards; tokenizer, processor and chat template in whichever form a repository has them."""
QWEN2_AUDIO_LAYERS = EncoderFacts("qwen2_audio", width=4096, layers=32)
NVIDIA_NON_COMMERCIAL = "NVIDIA OneWay Noncommercial License (non-commercial use only)"


def _language_model(
    key: str,
    title: str,
    task: Task,
    architecture: str,
    repository: str,
    licence: str,
    download_megabytes: int,
    parameters_in_millions: int,
    embedded_in_millions: int,
    processor: str = "transformers.AutoProcessor",
    prompt_style: PromptStyle = "chat",
    further_tasks: tuple[Task, ...] = (),
    encoder: EncoderFacts | None = None,
    quick_on_cpu: bool = False,
    forms: tuple[Quantization, ...] = tuple(QUANTIZED_BYTES),
) -> tuple[ModelSpec, ...]:
    """Return the model in bfloat16 and in its quantised `forms`; `embedded_in_millions` of its parameters are never quantised."""
    full = ModelSpec(
        key=key,
        title=title,
        task=task,
        loader="transformers",
        source=HubSource(repository, FILES),
        licence=licence,
        licence_url=f"https://huggingface.co/{repository}",
        download_bytes=download_megabytes * 10**6,
        cpu_dtype="bfloat16",
        gpu_dtype="bfloat16",
        cpu_bytes=2 * parameters_in_millions * 10**6,
        gpu_bytes=2 * parameters_in_millions * 10**6,
        architecture=architecture,
        quick_on_cpu=quick_on_cpu,
        processor=processor,
        prompt_style=prompt_style,
        further_tasks=further_tasks,
        encoder=encoder,
    )
    return full, *_quantized(full, parameters_in_millions, embedded_in_millions, forms)


def _quantized(
    full: ModelSpec, parameters_in_millions: int, embedded_in_millions: int, forms: tuple[Quantization, ...]
) -> Iterator[ModelSpec]:
    """Yield `full` in each of the quantised `forms`; its `embedded_in_millions` parameters stay in two bytes each."""
    quantized_in_millions = parameters_in_millions - embedded_in_millions
    for form in forms:
        yield replace(
            full,
            key=f"{full.key}-{QUANTIZED_NAMES[form]}",
            title=f"{full.title}, {QUANTIZED_NAMES[form]}",
            quantization=form,
            gpu_bytes=round(2 * embedded_in_millions + QUANTIZED_BYTES[form] * quantized_in_millions) * 10**6,
        )


QWEN_OMNI = _language_model(
    "qwen2.5-omni",
    "Qwen2.5-Omni 7B",
    "describe_music",
    "Qwen2_5OmniThinkerForConditionalGeneration",
    "Qwen/Qwen2.5-Omni-7B",
    "Apache-2.0",
    download_megabytes=22_366,
    parameters_in_millions=8_932,
    embedded_in_millions=1_090,
    # Its own processor wants torchvision for videos; this one prepares text and sound in exactly the same way.
    processor="transformers.Qwen2AudioProcessor",
    further_tasks=("answer_questions",),
)
QWEN2_AUDIO_INSTRUCT = _language_model(
    "qwen2-audio-instruct",
    "Qwen2-Audio 7B Instruct",
    "describe_music",
    "Qwen2AudioForConditionalGeneration",
    "Qwen/Qwen2-Audio-7B-Instruct",
    "Apache-2.0",
    download_megabytes=16_794,
    parameters_in_millions=8_397,
    embedded_in_millions=1_278,
    further_tasks=("answer_questions", "embed_audio"),
    encoder=QWEN2_AUDIO_LAYERS,
)
QWEN3_OMNI_CAPTIONER = _language_model(
    "qwen3-omni-captioner",
    "Qwen3-Omni 30B Captioner",
    "describe_music",
    "Qwen3OmniMoeThinkerForConditionalGeneration",
    "Qwen/Qwen3-Omni-30B-A3B-Captioner",
    "Apache-2.0",
    download_megabytes=63_438,
    parameters_in_millions=31_719,
    embedded_in_millions=622,
    processor="models.loading.qwen3_omni_processor.Qwen3OmniSoundProcessor",
    prompt_style="sound",
    # bitsandbytes quantises linear layers; the experts, which are nearly all of this model, are none in transformers 5.
    forms=(),
)
QWEN2_AUDIO = _language_model(
    "qwen2-audio",
    "Qwen2-Audio 7B (base)",
    "describe_music",
    "Qwen2AudioForConditionalGeneration",
    "Qwen/Qwen2-Audio-7B",
    "Apache-2.0",
    download_megabytes=16_794,
    parameters_in_millions=8_397,
    embedded_in_millions=1_278,
    prompt_style="plain",
    further_tasks=("embed_audio",),
    encoder=QWEN2_AUDIO_LAYERS,
)
MUSIC_FLAMINGO = _language_model(
    "music-flamingo",
    "Music Flamingo",
    "describe_music",
    "MusicFlamingoForConditionalGeneration",
    "nvidia/music-flamingo-2601-hf",
    NVIDIA_NON_COMMERCIAL,
    download_megabytes=16_538,
    parameters_in_millions=8_269,
    embedded_in_millions=1_090,
    further_tasks=("answer_questions",),
)
AUDIO_FLAMINGO = _language_model(
    "audio-flamingo-3",
    "Audio Flamingo 3",
    "describe_music",
    "AudioFlamingo3ForConditionalGeneration",
    "nvidia/audio-flamingo-3-hf",
    NVIDIA_NON_COMMERCIAL,
    download_megabytes=16_534,
    parameters_in_millions=8_267,
    embedded_in_millions=1_090,
    further_tasks=("answer_questions",),
)
QWEN_WRITER = _language_model(
    "qwen2.5-instruct",
    "Qwen2.5 7B Instruct",
    "write_text",
    "Qwen2ForCausalLM",
    "Qwen/Qwen2.5-7B-Instruct",
    "Apache-2.0",
    download_megabytes=15_231,
    parameters_in_millions=7_616,
    embedded_in_millions=1_090,
    processor="transformers.AutoTokenizer",
)
SMOLLM2_WRITER = _language_model(
    "smollm2-instruct",
    "SmolLM2 1.7B Instruct",
    "write_text",
    "LlamaForCausalLM",
    "HuggingFaceTB/SmolLM2-1.7B-Instruct",
    "Apache-2.0",
    download_megabytes=3_423,
    parameters_in_millions=1_711,
    embedded_in_millions=101,
    processor="transformers.AutoTokenizer",
    quick_on_cpu=True,
)

CAPTION_MODELS: tuple[ModelSpec, ...] = (
    *QWEN_OMNI,
    *QWEN2_AUDIO_INSTRUCT,
    *QWEN3_OMNI_CAPTIONER,
    *QWEN2_AUDIO,
    *MUSIC_FLAMINGO,
    *AUDIO_FLAMINGO,
    *QWEN_WRITER,
    *SMOLLM2_WRITER,
)
