"""Fine-tune Whisper on recordings with texts: `python -m training.whisper --config FILE`.

The result is a choice in the transcription tab and of the command line as `trained-NAME`. Word error rates before and after, on
the test part of the recordings, are printed and stand in the model card.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

from models.errors import AudioscopeError, UnknownModel
from models.specs.model_spec import ModelSpec
from services import Services, build_services
from settings import Settings
from training.data.triples import SPLITS, Triple, in_split
from training.loop.command_line import Command, read_command
from training.whisper.evaluate import transcripts_of, word_errors
from training.whisper.export import export_whisper, save_update, write_card
from training.whisper.fitting import Fitting, prepare
from training.whisper.model import Base, load_base, low_rank_updates, merged
from training.whisper.options import WhisperOptions
from training.whisper.recordings import read_recordings

UPDATE = "update.safetensors"
"""Low-rank update in the training's folder."""


def main() -> None:
    """Run the command line."""
    command = read_command(WhisperOptions, __doc__)
    try:
        with tempfile.TemporaryDirectory() as clips:
            run(command, build_services(Settings(clip_dir=Path(clips))))
    except (AudioscopeError, ValueError) as error:
        sys.exit(str(error))


def run(command: Command[WhisperOptions], services: Services) -> None:
    """Train, or say what a step costs; then write the model and its figures.

    Raises:
        TrainingDataError: see `read_recordings`.
        ModelError: the base cannot be had.
        ValueError: see `prepare`.
    """
    options = command.options
    triples = read_recordings(options.data, options.loop.seed)
    base = load_base(_spec(options.base, services), services.files)
    fitting = prepare(base, triples, options, command.folder)
    if command.is_dry_run:
        print(fitting.costs())
        return
    trained = fitting.run()
    if fitting.loop.accelerator.is_main_process:
        if options.method == "lora":
            save_update(low_rank_updates(trained, options.lora), command.folder / UPDATE)
        folder = export_whisper(merged(trained, options.lora), base, options, services.settings.trained_models_path)
        write_card(folder, base, options, _facts(fitting, triples, options, services, base))
        print(f"{options.title} is in {folder}: choose it in the transcription tab, or with --model trained-{options.name}.")


def _spec(key: str, services: Services) -> ModelSpec:
    known = {spec.key: spec for spec in services.runtime.catalog.models("transcribe")}
    if key not in known:
        raise UnknownModel(key, tuple(known))
    return known[key]


def _facts(fitting: Fitting, triples: list[Triple], options: WhisperOptions, services: Services, base: Base) -> dict[str, str]:
    """Return data, command and word error rates for the model card; print the rates."""
    parts = {split: in_split(triples, split) for split in SPLITS}
    minutes = sum(triple.duration for triple in triples) / 60
    counts = ", ".join(f"{len(part)} {split}" for split, part in parts.items())
    facts = {
        "Data": f"{options.data.name}: {len(triples)} recordings, {minutes:.0f} min ({counts})",
        "Steps": f"{fitting.loop.step} of {options.loop.batch_size} windows",
        "Command": f"`python -m training.whisper {shlex.join(sys.argv[1:])}`",
    }
    for name, key in (("before", base.files.spec.key), ("after", f"trained-{options.name}")):
        if parts["test"]:
            errors = word_errors(
                [triple.answer for triple in parts["test"]],
                transcripts_of(parts["test"], key, options.language, services),
                options.language,
            )
            facts[f"Word errors {name}"] = str(errors)
            print(f"Word errors {name}: {errors}", flush=True)
    return facts


if __name__ == "__main__":
    main()
