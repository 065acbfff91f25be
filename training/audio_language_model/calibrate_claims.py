"""Measures how often claims of captions are right by their certainty: `python -m training.audio_language_model.calibrate_claims`.

The minimum certainties of `pipelines.language_models.claim_certainty` are read off its table for the validation clips.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.loading.audio_language_model import AudioLanguageModel
from models.loading.loaders import ProcessedModel
from models.stopping import never_stop
from pipelines.language_models.claim_certainty import CLAIM_KINDS, certainties
from pipelines.language_models.generation import SamplingOptions, generate_text
from pipelines.language_models.prompting import Prompt, model_inputs
from services import build_services
from settings import Settings
from training.audio_language_model.compare_on_recordings import spec_of
from training.audio_language_model.states import FOLDER, ClipStates, frame_encoder
from training.data.renderer.wordings import claims
from training.data.triples import SPLITS, Triple, in_split, read_triples

LEVELS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Certainties from which the claims are counted."""

Judged = tuple[str, float, bool]
"""Kind of a claim, its certainty, and whether it is right."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--triples", type=Path, required=True, help="JSON Lines file, with the states beside it")
    parser.add_argument("--split", choices=SPLITS, default="validation")
    arguments = parser.parse_args()
    captions = in_split(read_triples(arguments.triples), arguments.split, ["caption"])
    print(table(list(judged_claims(captions, arguments.model, arguments.triples.parent / FOLDER))))


def judged_claims(captions: Sequence[Triple], folder: Path, states: Path) -> Iterator[Judged]:
    """Yield every claim of the model's own captions.

    Args:
        captions: triples of clips whose facts are known.
        folder: of the model.
        states: folder of the encoders' states.
    """
    from transformers import PreTrainedTokenizerFast

    model = AudioLanguageModel.from_pretrained(folder, dtype="float32").eval()
    language_model = ProcessedModel(model, PreTrainedTokenizerFast.from_pretrained(folder))
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(Settings(data_dir=Path(scratch), clip_dir=Path(scratch) / "clips"))
        encoders = {key: frame_encoder(key, width, services.runtime) for key, width in model.config.encoders.items()}
        read_states = ClipStates(states, encoders)
        for triple in captions:
            rows = {key: np.asarray(own, np.float32) for key, own in read_states(triple).items()}
            inputs = model_inputs(language_model, spec_of(services), Prompt(triple.question, states=rows))
            *_, text = generate_text(language_model, inputs, SamplingOptions(), never_stop)
            said = claims(text)
            for claim, certainty in certainties(language_model, inputs, text):
                yield claim.kind, certainty, said.get(claim.kind) == triple.facts.get(claim.kind)


def table(judged: Sequence[Judged]) -> str:
    """Return a Markdown table: right and made claims of each kind from each certainty on."""
    rows: Mapping[str, list[tuple[float, bool]]] = defaultdict(list)
    for kind, certainty, is_right in judged:
        rows[kind].append((certainty, is_right))
    lines = ["| claim | " + " | ".join(f"from {level}" for level in LEVELS) + " |", "|---" * (len(LEVELS) + 1) + "|"]
    for kind in CLAIM_KINDS:
        cells = []
        for level in LEVELS:
            kept = [is_right for certainty, is_right in rows[kind] if certainty >= level]
            cells.append(f"{sum(kept)} of {len(kept)}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
