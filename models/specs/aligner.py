"""The models that turn a sound into prompt embeds of a picture model, best first.

`tiny-aligner` is our own, made by `python -m training.audio_aligner` for the text space of `tiny-diffusion`; its audio encoder
is YAMNet. The two of the hub are Wav2Vec2-BERT with an adapter, fitted to the text encoder of Stable Diffusion 2.1 and usable
with any picture model whose text embeds are as wide. No licence of theirs is known here; the files of the later one were seen on
the hub, those of the first were not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log

from models.specs.model_spec import (
    EncoderFacts,
    HubSource,
    ModelSpec,
    RepositoryFile,
    RepositorySource,
)

MAX_WEIGHT = 0.99
"""Weight of a concept above which differences mean nothing; below 0.01 likewise."""


@dataclass(frozen=True)
class ConceptCalibration:
    """How often the first concept is right, in log-odds a linear function of those of its weight (Platt 1999)."""

    offset: float
    slope: float

    def prob(self, weight: float) -> float:
        """Return the probability that a first concept of this weight is right."""
        return 1 / (1 + exp(-self.offset - self.slope * log_odds(weight)))


def log_odds(weight: float) -> float:
    """Return the log-odds of a weight, 0 to 1."""
    within = min(MAX_WEIGHT, max(1 - MAX_WEIGHT, weight))
    return log(within / (1 - within))


@dataclass(frozen=True)
class AlignerFacts:
    """Input and output sizes of an aligner, and how far it is to be trusted."""

    text_width: int
    """Width of its embeds, which must be that of the picture model's text encoder."""
    tokens: int
    """Number of embeds of one prompt, the text encoder's first one included."""
    window_seconds: float
    """Maximum duration of the audio that is encoded at once, in seconds."""
    calibration: ConceptCalibration | None = None
    """None: never measured."""


@dataclass(frozen=True)
class AlignerSpec(ModelSpec):
    """An aligner's row of the catalogue."""

    facts: AlignerFacts = field(kw_only=True)


def aligner_facts(spec: ModelSpec) -> AlignerFacts:
    """Return the facts of an aligner.

    Raises:
        TypeError: `spec` is not an aligner.
    """
    if not isinstance(spec, AlignerSpec):
        raise TypeError(f"{spec.key} is no aligner")
    return spec.facts


TINY_ALIGNER = AlignerSpec(
    key="tiny-aligner",
    title="Audioscope aligner (offline)",
    task="align_audio",
    loader="aligner",
    source=RepositorySource(
        revision="1",
        folder="audio_aligner",
        files=(
            RepositoryFile("config.json", "412a0897cdbb233c625d39d85d20555fb1d195b68d50ad6f173e64c7587ab38e"),
            RepositoryFile("model.safetensors", "60397203916d840c32758fad34ce60a1630ca2e7bbb431d2f4c0129d1513e154"),
        ),
    ),
    licence="Apache-2.0 (trained for Audioscope on sounds of Debian packages; its audio encoder is YAMNet by Google, Apache-2.0)",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    download_bytes=2_794_817,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
    further_tasks=("embed_audio",),
    encoder=EncoderFacts("aligner", width=15 * 192, concepts=195),
    facts=AlignerFacts(text_width=192, tokens=16, window_seconds=10.0, calibration=ConceptCalibration(offset=-1.85, slope=0.72)),
)


def _wav2vec2_bert(key: str, title: str, repository: str) -> AlignerSpec:
    return AlignerSpec(
        key=key,
        title=title,
        task="align_audio",
        loader="transformers",
        processor="transformers.SeamlessM4TFeatureExtractor",
        source=HubSource(repository, ("config.json", "preprocessor_config.json", "model.safetensors")),
        licence="not stated as far as is known here (made from facebook/w2v-bert-2.0, MIT)",
        licence_url=f"https://huggingface.co/{repository}",
        download_bytes=2_520_000_000,
        cpu_dtype="float32",
        gpu_dtype="float16",
        cpu_bytes=2_520_000_000,
        gpu_bytes=1_260_000_000,
        architecture="Wav2Vec2BertModel",
        quick_on_cpu=False,
        facts=AlignerFacts(text_width=1024, tokens=48, window_seconds=3.75),
    )


W2V_BERT_ALIGNER = _wav2vec2_bert(
    "w2v-bert-aligner", "Wav2Vec2-BERT for Stable Diffusion 2.1, checkpoint 1728", "youzarsif/wav2vec2bert_2_diffusion_ckpt_1728"
)
W2V_BERT_ALIGNER_FIRST = _wav2vec2_bert(
    "w2v-bert-aligner-first", "Wav2Vec2-BERT for Stable Diffusion 2.1, first", "youzarsif/wav2vec2bert_2_diffusion"
)

ALIGNER_MODELS: tuple[ModelSpec, ...] = (W2V_BERT_ALIGNER, W2V_BERT_ALIGNER_FIRST, TINY_ALIGNER)
