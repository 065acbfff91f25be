"""Trains an audio language model: `python -m training.audio_language_model --config FILE`.

The states of the encoders are computed first and kept beside the triples. The best weights of the validation split are saved,
with the tokenizer and a model card that has the figures of the test split, in the folder 'model' of the training's folder.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.loading.audio_language_model import AudioLanguageModel
from models.runtime import ModelRuntime
from services import build_services
from settings import Settings
from training.audio_language_model.batches import BatchMaker, answer_text
from training.audio_language_model.building import build_model, merged
from training.audio_language_model.evaluation import Evaluation
from training.audio_language_model.model_card import model_card
from training.audio_language_model.objective import answer_loss
from training.audio_language_model.options import ExperimentOptions
from training.audio_language_model.states import FOLDER, ClipStates, frame_encoder
from training.audio_language_model.tokens import build_tokenizer
from training.data.triples import Triple, clips_of, in_split, read_triples
from training.loop.command_line import read_command
from training.loop.dry_run import dry_run
from training.loop.training_loop import TrainingLoop

MODEL = "model"
CARD = "README.md"
MAX_EVALUATED = 400
"""Triples of the validation split that are answered during the training."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, evaluate and save."""
    command = read_command(ExperimentOptions, __doc__, arguments)
    options = command.options
    triples = read_triples(options.data.triples)
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(Settings(data_dir=Path(scratch), clip_dir=Path(scratch) / "clips"))
        read_states = clip_states(options, triples, services.runtime)
    training = in_split(triples, "train", options.data.tasks)
    tokenizer = build_tokenizer(options, (text for triple in training for text in (triple.question, answer_text(triple))))
    loop = TrainingLoop(build_model(options, tokenizer), options.loop, command.folder)
    maker = BatchMaker(tokenizer, read_states, options.data, loop.device)
    loss_at = answer_loss(loop.model, maker, training, options.loop)
    if command.is_dry_run:
        print(dry_run(loop, loss_at))
        return
    validation = evenly(in_split(triples, "validation", options.data.tasks), MAX_EVALUATED)
    loop.run(loss_at, Evaluation(maker, validation) if validation else None, options.monitor)
    if loop.accelerator.is_main_process:
        test = in_split(triples, "test", options.data.tasks)
        figures = Evaluation(maker, test)(loop.best_model()) if test else {}
        said = shlex.join(["python", "-m", "training.audio_language_model", *(sys.argv[1:] if arguments is None else arguments)])
        save_model(command.folder / MODEL, loop.best_model(), tokenizer, options, triples, figures, said)


def clip_states(options: ExperimentOptions, triples: Sequence[Triple], runtime: ModelRuntime) -> ClipStates:
    """Return the states of all clips, those that no file had yet computed now."""
    encoders = {key: frame_encoder(key, width, runtime) for key, width in options.encoders.widths.items()}
    states = ClipStates(options.data.triples.parent / FOLDER, encoders)
    states.compute(clips_of(triples))
    return states


def save_model(
    folder: Path,
    model: AudioLanguageModel,
    tokenizer: Any,
    options: ExperimentOptions,
    triples: Sequence[Triple],
    figures: Mapping[str, float],
    command: str,
) -> None:
    """Write the weights in float16, the tokenizer and the model card."""
    whole = merged(model).half()
    whole.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / CARD).write_text(model_card(options, whole, triples, figures, command), encoding="utf-8")


def evenly(triples: Sequence[Triple], count: int) -> Sequence[Triple]:
    """Return at most `count` triples, every n-th of all."""
    step = max(1, -(-len(triples) // count))
    return triples[::step]


if __name__ == "__main__":
    main()
