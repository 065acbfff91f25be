"""The identity of a model: where its weights come from, in which form they run, what they cost and who allows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Task = Literal[
    "transcribe",
    "tag_sounds",
    "tag_music",
    "zero_shot_tags",
    "match_words",
    "track_beats",
    "transcribe_notes",
    "name_chords",
    "describe_music",
    "answer_questions",
    "write_text",
    "draw_pictures",
    "draw_quickly",
    "preview_pictures",
    "upscale_pictures",
    "align_audio",
    "embed_audio",
    "embed_speakers",
]
AUTO = "auto"
"""The choice of a model that leaves it to the catalogue."""
Device = Literal["cpu", "cuda", "mps"]
"""Where models run; 'mps' is Apple's GPU, whose memory is the main memory."""
LARGEST_LAYER = 0.08
"""Share of a large model's weights in its largest layer, an embedding of 150,000 tokens, which may not fit beside the others."""
Loader = Literal[
    "faster_whisper",
    "transformers",
    "diffusers",
    "onnx",
    "aligner",
    "whisper_ctranslate2",
    "whisper_torch",
    "audio_language_model",
]
Quantization = Literal["", "int8", "nf4"]
PromptStyle = Literal["chat", "plain", "sound"]
EncoderFamily = Literal[
    "whisper", "qwen2_audio", "qwen2_audio_tower", "waveform", "w2v_bert", "clap", "ast", "yamnet", "musicnn", "aligner"
]


@dataclass(frozen=True)
class HubSource:
    """A repository on the Hugging Face hub; its commit is kept in the lock file, see `models.files.hub_lock`."""

    repository: str
    files: tuple[str, ...] = ()
    """Glob patterns of the files that are wanted; empty for all."""
    weight_prefix: str = ""
    """Prefix of the weights that are wanted from a repository with shards, beside `files`; empty for none."""
    revision: str = ""
    """Pull request, as 'refs/pr/2', or commit that has `files` where the main branch lacks one; empty for the main branch."""


@dataclass(frozen=True)
class PackagePart:
    """One data file inside an installed Python distribution."""

    distribution: str
    path: str
    """Path inside the distribution, with forward slashes, as its RECORD has it."""
    sha256: str


@dataclass(frozen=True)
class PackageFile:
    """A file of the model, in one part or in several that are put together in order."""

    name: str
    parts: tuple[PackagePart, ...]


@dataclass(frozen=True)
class PackageSource:
    """Weights carried by Python packages; `version` takes the place of a commit."""

    version: str
    files: tuple[PackageFile, ...]


@dataclass(frozen=True)
class RepositoryFile:
    """One file of a model that lies in this repository."""

    name: str
    sha256: str


@dataclass(frozen=True)
class RepositorySource:
    """Weights that this repository holds, in `models/weights`; `revision` takes the place of a commit."""

    revision: str
    folder: str
    """Below `models/weights`."""
    files: tuple[RepositoryFile, ...]


@dataclass(frozen=True)
class AdaptedSource:
    """A Whisper of packages with a low-rank update (Hu et al. 2021) that this repository holds; both are merged once."""

    base: PackageSource
    update: RepositorySource
    """One safetensors file: NAME.lora_A and NAME.lora_B, scaled, for each weight NAME of the model in transformers."""


@dataclass(frozen=True)
class TrainedSource:
    """A model that was trained on this machine; `version`, by its files' sizes and times, takes the place of a commit."""

    folder: Path
    version: str


@dataclass(frozen=True)
class EncoderFacts:
    """Sizes of a model that embeds audio, known without loading it."""

    family: EncoderFamily
    width: int
    """Width of a frame's embedding."""
    layers: int = 0
    """Transformer layers after the embedding."""
    decoder_layers: int = 0
    """Layers of Whisper's decoder, likewise."""
    text_width: int = 0
    """Width of the space that audio shares with texts; 0 if there is none."""
    concepts: int = 0
    """Number of concepts that an aligner distinguishes."""


@dataclass(frozen=True)
class WhisperSizes:
    """Sizes of a Whisper, by which its memory is estimated (Radford et al. 2022, table 1)."""

    width: int
    heads: int
    """Heads of each attention."""
    encoder_layers: int
    decoder_layers: int


Source = HubSource | PackageSource | RepositorySource | AdaptedSource | TrainedSource


@dataclass(frozen=True)
class ModelSpec:
    """One row of the catalogue."""

    key: str
    """Short name for the API and the settings, e.g. 'whisper-base'."""
    title: str
    """Name for people."""
    task: Task
    loader: Loader
    source: Source
    licence: str
    """SPDX identifier, with what is not certain about it said in words."""
    licence_url: str
    download_bytes: int
    cpu_dtype: str
    gpu_dtype: str
    cpu_bytes: int
    """Memory of the weights on the CPU, in `cpu_dtype`."""
    gpu_bytes: int
    """Memory of the weights on the GPU, in `gpu_dtype`."""
    architecture: str = ""
    """Class name for the loaders that need one (transformers, diffusers)."""
    english_only: bool = False
    """Whether a speech model knows English only."""
    can_translate: bool = False
    """Whether a speech model writes English for speech in other languages."""
    quick_on_cpu: bool = True
    """Whether `auto` may take it where there is no GPU."""
    quantization: Quantization = ""
    """Quantisation of a transformers model by bitsandbytes while it loads; needs a GPU. Empty for none."""
    processor: str = "transformers.AutoProcessor"
    """Module and name of the class that prepares the inputs of a transformers model."""
    prompt_style: PromptStyle = "chat"
    """Input of a language model: a chat, a plain prompt that it continues, or audio without words."""
    further_tasks: tuple[Task, ...] = ()
    """Tasks that the model can do beside `task`."""
    encoder: EncoderFacts | None = None
    """Sizes of a model that embeds audio; None for others."""
    whisper: WhisperSizes | None = None
    """Sizes of a speech model; None for others."""
    variant: str = ""
    """Variant of a diffusers model's weight files, e.g. 'fp16'."""
    host_part_bytes: int = 0
    """Weights of a transformers model that lie in main memory, because the GPU is too small for all of them."""
    on_cpu: bool = False
    """Whether it runs on the CPU even where there is a GPU."""
    note: str = ""
    """Sentence for people about how it runs on this machine; '' where there is nothing to say."""
    on_zero_gpu: bool = False
    """Whether it lies on the GPU that ZeroGPU lends for one call at a time, while other models run on the CPU."""
    auto: bool = True
    """Whether 'auto' may take it; False where something that needs no model is better."""
    state_encoders: tuple[str, ...] = ()
    """Kinds of states that an audio language model reads in place of a waveform; see `pipelines.music.encoder_states`."""
    workers: int = 1
    """Workers of CTranslate2 on the CPU, which share its threads: more are slower for one window and faster for many."""

    @property
    def is_offline(self) -> bool:
        """Whether the weights are on this machine without a download from the hub."""
        return not isinstance(self.source, HubSource)

    def place(self, device: Device) -> Device:
        """Return where the model runs on a machine whose models run on `device`: ONNX models stay on the CPU.

        The wheel of onnxruntime that runs everywhere has no provider for GPUs, and these networks are small.
        """
        if self.on_zero_gpu:
            return "cuda"
        return "cpu" if self.on_cpu or self.loader == "onnx" else device

    def dtype(self, device: Device) -> str:
        """Return the number format of the weights on a machine whose models run on `device`."""
        return self.cpu_dtype if self.place(device) == "cpu" else self.gpu_dtype

    def memory_bytes(self, device: Device) -> int:
        """Return the bytes that the weights are expected to take in the memory of `device`; 0 if the model runs elsewhere."""
        if self.place(device) != device:
            return 0
        return self.cpu_bytes if device == "cpu" else self.gpu_bytes - self.host_part_bytes

    def host_bytes(self, device: Device) -> int:
        """Return the bytes of main memory that loading takes beside the memory of `device`, a GPU; some of it only for a while.

        CTranslate2 reads all variables into main memory before it moves them; torch's loaders put one after the other where it
        belongs.
        """
        if self.place(device) == "cpu":
            return self.cpu_bytes
        if self.loader == "faster_whisper":
            return self.download_bytes
        return self.host_part_bytes and self.host_part_bytes + round(LARGEST_LAYER * self.gpu_bytes)


class ModelIdentity(NamedTuple):
    """Identity of a load: two loads with the same identity share one model."""

    source: Source
    revision: str
    dtype: str
    quantization: str
    loader: str
    """One file can be loaded by CTranslate2 and by torch."""
    architecture: str
    """One repository can hold what two classes load: an audio tower, and the whole model around it."""
    workers: int


@dataclass(frozen=True)
class FetchedModel:
    """A model whose files are on this disk."""

    spec: ModelSpec
    directory: Path
    revision: str
    """Commit of the hub repository, or version of the packages or of this repository's own file."""

    def identity(self, device: Device) -> ModelIdentity:
        """Return the key of this model on `device` in the cache."""
        spec = self.spec
        return ModelIdentity(
            spec.source, self.revision, spec.dtype(device), spec.quantization, spec.loader, spec.architecture, spec.workers
        )
