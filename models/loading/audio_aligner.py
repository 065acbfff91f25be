"""Our own aligner: from what YAMNet makes of a sound to the states of a prompt.

YAMNet's embeddings of a sound ask a memory, as in attention (Vaswani et al. 2017): every slot has a key that is learned and a
value that is the text states of one concept. YAMNet's own classifier helps to ask. What comes out lies between states that the
picture model knows, so that a sound that is half one thing and half another gives a prompt for both, and never one for nothing.
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
"""Of a silent patch."""


@dataclass(frozen=True)
class AlignerConfig:
    """Sizes."""

    slots: int
    """Of the memory: concepts."""
    tokens: int = 15
    """States of a prompt without the first, which is the text encoder's."""
    text_width: int = 192
    embedding_width: int = 1024
    classes: int = 521
    """Of YAMNet, whose own classifier is part of the network."""
    silence: int = 494
    """Which of them is 'Silence'."""
    sharpness: float = 4.0
    """Factor on the scores of the slots before the memory is asked: what is likelier than the rest is said alone."""


class AudioAligner(nn.Module):  # type: ignore[misc]
    """The network."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config = config
        self.classes = nn.Linear(config.embedding_width, config.classes)
        self.families = nn.Linear(config.classes, config.slots, bias=False)
        self.direct = nn.Linear(config.embedding_width, config.slots)
        self.memory = nn.Parameter(torch.zeros(config.slots, config.tokens, config.text_width), requires_grad=False)

    def listen(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """What is heard throughout: (embedding [batch, 1024], roots of the scores of YAMNet's classes [batch, 521]).

        Args:
            embeddings: YAMNet's [batch, patches, 1024], one patch every 0.48 s; silent ones count little.
        """
        classes = self.classes(embeddings).sigmoid()
        audible = 1 + MIN_WEIGHT - classes[..., self.config.silence]
        share = audible / audible.sum(-1, keepdim=True)  # [batch, patches]
        normed = functional.layer_norm(embeddings, embeddings.shape[-1:])
        return torch.einsum("bp,bpw->bw", share, normed), torch.einsum("bp,bpc->bc", share, classes).sqrt()

    def judge(self, embedding: Tensor, classes: Tensor) -> Tensor:
        """How much of each slot is in what `listen` heard: logits [batch, slots]."""
        logits: Tensor = self.families(classes) + self.direct(embedding)
        return logits

    def recall(self, scores: Tensor) -> Tensor:
        """Prompt states [batch, tokens, text width] of the logits [batch, slots]."""
        weights = (self.config.sharpness * scores).softmax(-1)
        return torch.einsum("bs,stw->btw", weights, self.memory)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Prompt states [batch, tokens, text width] of YAMNet's embeddings [batch, patches, 1024]."""
        return self.recall(self.judge(*self.listen(embeddings)))

    def align_looks(self, embeddings: Tensor) -> Tensor:
        """Prompt states [tokens, text width] on which several looks at one sound agree.

        Args:
            embeddings: [looks, patches, 1024]: the same stretch of sound as it is, softer, faster and so on.
        """
        return self.recall(self.judge(*self.listen(embeddings)).mean(0, keepdim=True))[0]


def load_aligner(folder: Path) -> AudioAligner:
    """The aligner that `save_aligner` wrote, ready to be used."""
    model = AudioAligner(AlignerConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8"))))
    model.load_state_dict(load_file(folder / WEIGHTS))
    model.eval()
    return model


def save_aligner(model: AudioAligner, folder: Path) -> None:
    """Write the configuration, and the weights in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG).write_text(json.dumps(asdict(model.config), indent=2) + "\n", encoding="utf-8")
    save_file({name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}, folder / WEIGHTS)
