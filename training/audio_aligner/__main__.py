"""Make models/weights/audio_aligner in minutes on one core: `python -m training.audio_aligner`.

    apt-get install tuxpaint-stamps-default fluid-soundfont-gm fluidsynth espeak-ng && python -m training.audio_aligner

Sounds come from Debian packages, which are fetched into `--folder` once; the same command goes on where it was stopped, and after
another training of the picture model it takes only the minute of fitting. `python -m training.audio_aligner.wav2vec2_bert` trains
the full-size aligner.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

import torch

from models.files.package_weights import WEIGHTS as REPOSITORY
from models.loading.audio_aligner import (
    CONFIG,
    WEIGHTS,
    AudioAligner,
    save_aligner,
)
from training.audio_aligner.dataset import Example, training_set
from training.audio_aligner.fitting import INITIAL_CLASS_LOGIT, FittingOptions, TextSpace, fit, text_space
from training.audio_aligner.objective import metrics

TARGET = REPOSITORY / "audio_aligner"
YAMNET = REPOSITORY / "yamnet" / "yamnet.onnx"
PICTURE_MODEL = REPOSITORY / "tiny_diffusion"
TOKENS = 16


def main() -> None:
    """Train on everything, write the weights and print what the catalogue records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache" / "audioscope-training" / "audio_aligner")
    parser.add_argument("--target", type=Path, default=TARGET)
    parser.add_argument("--picture-model", type=Path, default=PICTURE_MODEL)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    examples = training_set(yamnet_session(), chosen.folder)
    space = text_space_of(chosen.picture_model)
    print(f"{len(examples)} sounds of {len({kind for example in examples for kind in example.kinds})} concepts", flush=True)
    model = fit(examples, space, YAMNET, FittingOptions(), chosen.folder / f"{fingerprint(space, examples)}.pt")
    print(f"on the training sounds: {metrics(*embeds_and_targets(model, examples, space))}")
    save_aligner(model, chosen.target)
    for name in (CONFIG, WEIGHTS):
        content = (chosen.target / name).read_bytes()
        print(f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


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


def fingerprint(space: TextSpace, examples: list[Example]) -> str:
    """Name of a training: with another text space, other sounds or other options it is another one, and does not go on."""
    digest = hashlib.blake2b(space.memory.numpy().tobytes(), digest_size=8)
    digest.update(repr((FittingOptions(), INITIAL_CLASS_LOGIT, [(example.name, example.kinds) for example in examples])).encode())
    return f"fit-{digest.hexdigest()}"


def embeds_and_targets(model: AudioAligner, examples: list[Example], space: TextSpace) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (embeds of the sounds, mean embeds of their first concept), both [n, tokens, width]."""
    with torch.inference_mode():
        embeds = torch.stack([model.encode_variants(torch.from_numpy(example.embeddings).float()) for example in examples])
    return embeds, torch.stack([space.memory[example.kinds[0]] for example in examples])


if __name__ == "__main__":
    main()
