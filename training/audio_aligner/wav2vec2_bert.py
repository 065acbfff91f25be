"""Train Wav2Vec2-BERT with an adapter into the text space of a Stable Diffusion, as audio2img was.

    python -m training.audio_aligner.captioned_sounds ~/.cache/audioscope-training/fsd50k
    python -m training.audio_aligner.wav2vec2_bert --config training/audio_aligner/configs/wav2vec2_bert.yaml

The sound's 375 frames of 10 ms become 47 embeds, which are to match the text encoder's embeds of the caption but for the
first. The target opens with `Wav2Vec2BertModel.from_pretrained`, and in the app as `w2v-bert-aligner`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer, SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

from training.audio_aligner.captioned_sounds import SAMPLE_RATE, CaptionedSounds, captioned_sounds
from training.audio_aligner.objective import Objective, alignment_loss, metrics
from training.loop.batches import Loss, Shard, batch_indices, mean_of
from training.loop.command_line import read_command
from training.loop.config import ConfigPath
from training.loop.dry_run import dry_run
from training.loop.options import LoopOptions
from training.loop.prefetching import Prefetcher
from training.loop.training_loop import TrainingLoop

FRAMES = 375
SECONDS = FRAMES / 100
ADAPTER_LAYERS, ADAPTER_STRIDE, ADAPTER_KERNEL = 2, 2, 3
MEASURED_SOUNDS = 64
"""Sounds of which the figures of an evaluation are the mean."""


@dataclass(frozen=True)
class FullOptions:
    """Options of a training."""

    loop: LoopOptions
    """The rivals of a caption are those of its process and accumulation step."""
    sounds: ConfigPath
    """Folder with captions.csv."""
    target: ConfigPath
    encoder: str
    """Name on the hub, or a folder."""
    text_model: str
    """A Stable Diffusion, likewise."""
    objective: Objective = field(default_factory=Objective)
    steps_ahead: int = 4
    """Steps whose sounds are read meanwhile."""


class Models(NamedTuple):
    """The models of a training."""

    encoder: Any
    extractor: Any
    text_encoder: Any
    tokenizer: Any


class Batch(NamedTuple):
    """Inputs of the audio and the text encoder."""

    features: Tensor
    """[n, 188, 160]."""
    ids: Tensor
    """[n, tokens]."""
    kinds: Tensor
    """[n]: equal where captions are equal."""


def load_models(encoder: str, text_model: str) -> Models:
    """Return the encoder with a new adapter as wide as the text encoder's embeds, which stay as they are."""
    text = CLIPTextModel.from_pretrained(text_model, subfolder="text_encoder", dtype=torch.float32)
    model = Wav2Vec2BertModel.from_pretrained(
        encoder,
        add_adapter=True,
        num_adapter_layers=ADAPTER_LAYERS,
        adapter_stride=ADAPTER_STRIDE,
        adapter_kernel_size=ADAPTER_KERNEL,
        output_hidden_size=text.config.hidden_size,
        dtype=torch.float32,
    )
    extractor = SeamlessM4TFeatureExtractor.from_pretrained(encoder, stride=2)
    return Models(
        model, extractor, text.eval().requires_grad_(False), CLIPTokenizer.from_pretrained(text_model, subfolder="tokenizer")
    )


class Training:
    """A training, on one process or several."""

    def __init__(self, models: Models, sounds: CaptionedSounds, options: FullOptions, loop: TrainingLoop) -> None:
        self.models, self.sounds, self.options, self.loop = models, sounds, options, loop
        self.text_encoder = models.text_encoder.to(loop.device)
        self.tokens = embeds_count(models.encoder.config) + 1
        self.batches = Prefetcher(self.batch_at, options.steps_ahead)

    def batch_at(self, step: int, shard: Shard) -> Batch:
        """Return a step's part of the sounds; every epoch cuts them elsewhere."""
        options = self.loop.options
        sounds = replace(self.sounds, epoch=step * options.batch_size // len(self.sounds))
        indices = batch_indices(step, len(sounds), options.batch_size, options.seed)
        return self.collate([sounds[i] for i in shard.take(indices)])

    def loss_at(self, step: int, shard: Shard) -> Loss:
        """Return the loss of a step's shard."""
        batch = self.batches(step, shard)
        sounds, texts = self.embeds(self.loop.model, batch)
        kinds = batch.kinds.to(self.loop.device)
        return mean_of(alignment_loss(sounds, texts, kinds, self.options.objective), len(kinds))

    def embeds(self, encoder: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the embeds [n, tokens - 1, width] of the sounds and of their captions."""
        device = self.loop.device
        with torch.no_grad():
            texts = self.text_encoder(batch.ids.to(device))[0][:, 1:]
        return encoder(batch.features.to(device)).last_hidden_state, texts

    def measure(self, encoder: nn.Module) -> dict[str, float]:
        """Return audio2img's figures on the first sounds."""
        batch = self.collate([self.sounds[i] for i in range(min(MEASURED_SOUNDS, len(self.sounds)))])
        return metrics(*self.embeds(encoder, batch))

    def collate(self, items: list[tuple[Any, str]]) -> Batch:
        """Return the sounds and captions as tensors."""
        captions = [caption for _, caption in items]
        features = self.models.extractor(
            [sound for sound, _ in items],
            sampling_rate=SAMPLE_RATE,
            return_tensors="pt",
            truncation=True,
            padding="max_length",
            max_length=FRAMES,
        ).input_features
        ids = self.models.tokenizer(
            captions, padding="max_length", max_length=self.tokens, truncation=True, return_tensors="pt"
        ).input_ids
        return Batch(features, ids, torch.tensor([captions.index(caption) for caption in captions]))

    def run(self) -> None:
        """Train, then write what the app opens."""
        self.loop.run(self.loss_at, self.measure, monitor="cosine")
        if self.loop.accelerator.is_main_process:
            self.loop.averaged().save_pretrained(self.options.target)
            self.models.extractor.save_pretrained(self.options.target)


def embeds_count(config: Any) -> int:
    """Return the number of embeds that the encoder's adapter makes of `FRAMES` frames, two of which make one of its inputs."""
    length = math.ceil(FRAMES / 2)
    for _ in range(config.num_adapter_layers):
        length = (length + 2 * (config.adapter_stride // 2) - config.adapter_kernel_size) // config.adapter_stride + 1
    return length


def main() -> None:
    """Train on the sounds of a folder."""
    command = read_command(FullOptions, __doc__)
    options = command.options
    torch.manual_seed(options.loop.seed)
    models = load_models(options.encoder, options.text_model)
    loop = TrainingLoop(models.encoder, options.loop, command.folder)
    training = Training(models, captioned_sounds(options.sounds, SECONDS), options, loop)
    if command.is_dry_run:
        print(dry_run(loop, training.loss_at))
    else:
        training.run()


if __name__ == "__main__":
    main()
