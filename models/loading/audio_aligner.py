"""Our own aligner: from YAMNet's embeddings of a sound to the embeds of a prompt.

YAMNet's embeddings are the query of an attention over a memory (Vaswani et al. 2017): every slot has a learned key, and as its
value the text embeds of one concept. The scores of YAMNet's own classifier are part of the query. The result is a weighted mean
of embeds that the picture model knows, so that a sound that is half one thing and half another gives a prompt for both.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

CONFIG, WEIGHTS = "config.json", "model.safetensors"
MIN_WEIGHT = 0.01
"""Weight of a silent patch."""


@dataclass(frozen=True)
class AlignerConfig:
    """Sizes of the network."""

    slots: int
    """Slots of the memory, one per concept."""
    tokens: int = 15
    """Embeds of a prompt without the first, which is the text encoder's."""
    text_width: int = 192
    embedding_width: int = 1024
    classes: int = 521
    """Classes of YAMNet, whose classifier is part of the network."""
    silence: int = 494
    """Index of the class 'Silence'."""
    sharpness: float = 4.0
    """Factor on the logits of the slots before the softmax; the larger it is, the more the most probable concept prevails."""


class AudioAligner(nn.Module):  # type: ignore[misc]
    """The network: YAMNet's embeddings in, prompt embeds out."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config = config
        self.classes = nn.Linear(config.embedding_width, config.classes)
        self.families = nn.Linear(config.classes, config.slots, bias=False)
        self.direct = nn.Linear(config.embedding_width, config.slots)
        self.memory = nn.Parameter(torch.zeros(config.slots, config.tokens, config.text_width), requires_grad=False)

    def pool_patches(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """Return means over all patches: (embedding [batch, 1024], square roots of the scores of YAMNet's classes [batch, 521]).

        Args:
            embeddings: YAMNet's [batch, patches, 1024], one patch every 0.48 s; silent ones have little weight.
        """
        classes = self.classes(embeddings).sigmoid()
        audible = 1 + MIN_WEIGHT - classes[..., self.config.silence]
        weights = audible / audible.sum(-1, keepdim=True)  # [batch, patches]
        normed = functional.layer_norm(embeddings, embeddings.shape[-1:])
        return torch.einsum("bp,bpw->bw", weights, normed), torch.einsum("bp,bpc->bc", weights, classes).sqrt()

    def concept_logits(self, embedding: Tensor, classes: Tensor) -> Tensor:
        """Return the logit of each concept [batch, slots] from the means of `pool_patches`."""
        logits: Tensor = self.families(classes) + self.direct(embedding)
        return logits

    def prompt_embeds(self, logits: Tensor) -> Tensor:
        """Return prompt embeds [batch, tokens, text width] from logits [batch, slots]."""
        weights = (self.config.sharpness * logits).softmax(-1)
        return torch.einsum("bs,stw->btw", weights, self.memory)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return prompt embeds [batch, tokens, text width] of YAMNet's embeddings [batch, patches, 1024]."""
        return self.prompt_embeds(self.concept_logits(*self.pool_patches(embeddings)))

    def encode_variants(self, embeddings: Tensor) -> Tensor:
        """Return prompt embeds [tokens, text width] from the mean logits of variants of one sound (test-time augmentation).

        Args:
            embeddings: [variants, patches, 1024]: the same segment as it is, softer, faster and so on.
        """
        return self.prompt_embeds(self.concept_logits(*self.pool_patches(embeddings)).mean(0, keepdim=True))[0]


def load_aligner(folder: Path) -> AudioAligner:
    """Return the aligner that `save_aligner` wrote, in evaluation mode."""
    model = AudioAligner(AlignerConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8"))))
    model.load_state_dict(load_file(folder / WEIGHTS))
    model.eval()
    return model


def save_aligner(model: AudioAligner, folder: Path) -> None:
    """Write the configuration, and the weights in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(asdict(model.config), indent=2) + "\n", encoding="utf-8")
    save_file({name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}, folder / WEIGHTS)
