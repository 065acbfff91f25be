"""Make models/weights/audio_aligner in minutes on one core.

    apt-get install tuxpaint-stamps-default fluid-soundfont-gm fluidsynth espeak-ng
    python -m training.audio_aligner --config training/audio_aligner/configs/shipped.yaml

Sounds come from Debian packages, which are fetched into `--folder` once; the same command goes on where it was stopped, and after
another training of the picture model it takes only the minute of fitting. `python -m training.audio_aligner.wav2vec2_bert` trains
the full-size aligner.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch

from models.files.package_weights import WEIGHTS as REPOSITORY
from models.loading.audio_aligner import CONFIG, WEIGHTS, AudioAligner, save_aligner
from training.audio_aligner.dataset import Example, training_set
from training.audio_aligner.fitting import (
    INITIAL_CLASS_LOGIT,
    FittingOptions,
    TextSpace,
    fit,
    fitting_loop,
    fitting_loss,
    text_space,
)
from training.audio_aligner.objective import metrics
from training.loop.command_line import read_command
from training.loop.dry_run import dry_run
from training.loop.onnx_export import described

SHIPPED = Path(__file__).parent / "configs" / "shipped.yaml"
"""Config of the aligner in models/weights."""
YAMNET = REPOSITORY / "yamnet" / "yamnet.onnx"
TOKENS = 16


def main() -> None:
    """Train on everything, write the weights and print what the catalogue records."""
    command = read_command(FittingOptions, __doc__)
    options = command.options
    examples = training_set(yamnet_session(), command.folder)
    space = text_space_of(options.picture_model)
    print(f"{len(examples)} sounds of {len({kind for example in examples for kind in example.kinds})} concepts", flush=True)
    folder = command.folder / "loops" / fingerprint(space, examples, options)
    if command.is_dry_run:
        loop = fitting_loop(space, YAMNET, options, folder)
        print(dry_run(loop, fitting_loss(loop.model, examples, space, options)))
        return
    model = fit(examples, space, YAMNET, options, folder)
    print(f"on the training sounds: {metrics(*embeds_and_targets(model, examples, space))}")
    save_aligner(model, options.target)
    for name in (CONFIG, WEIGHTS):
        print(described(options.target / name))


def yamnet_session() -> Any:
    """Return a session of YAMNet on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(YAMNET, options, providers=["CPUExecutionProvider"])


def text_space_of(picture_model: Path) -> TextSpace:
    """Return the text space of a Stable Diffusion on disk."""
    from transformers import CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(picture_model / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(picture_model / "text_encoder", dtype=torch.float32, local_files_only=True)
    return text_space(tokenizer, encoder.eval(), TOKENS)


def fingerprint(space: TextSpace, examples: list[Example], options: FittingOptions) -> str:
    """Name of a training: with another text space, other sounds or other options it is another one, and does not go on."""
    digest = hashlib.blake2b(space.memory.numpy().tobytes(), digest_size=8)
    digest.update(repr((options, INITIAL_CLASS_LOGIT, [(example.name, example.kinds) for example in examples])).encode())
    return f"fit-{digest.hexdigest()}"


def embeds_and_targets(model: AudioAligner, examples: list[Example], space: TextSpace) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (embeds of the sounds, mean embeds of their first concept), both [n, tokens, width]."""
    with torch.inference_mode():
        embeds = torch.stack([model.encode_variants(torch.from_numpy(example.embeddings).float()) for example in examples])
    return embeds, torch.stack([space.memory[example.kinds[0]] for example in examples])


if __name__ == "__main__":
    main()
