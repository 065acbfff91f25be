"""Word error rates of speech models, through the app itself.

python -m training.whisper.evaluate --triples FILE --split test --language it --model whisper-base-offline trained-anna
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
from transformers.models.whisper.english_normalizer import BasicTextNormalizer, EnglishTextNormalizer

from pipelines.clip.errors import SilentClip
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from services import Services, build_services
from settings import Settings
from training.data.triples import SPLITS, Triple, in_split, read_triples


@dataclass(frozen=True)
class WordErrors:
    """Errors of transcripts against texts, both in Whisper's normal form (Radford et al. 2022, appendix C)."""

    words: int
    """Words of the texts."""
    substitutions: int
    deletions: int
    insertions: int

    @property
    def count(self) -> int:
        """Number of wrong words."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Word error rate."""
        return self.count / self.words

    def __str__(self) -> str:
        kinds = f"{self.substitutions} substituted, {self.deletions} deleted, {self.insertions} inserted"
        return f"{100 * self.rate:.1f} % of {self.words} words wrong ({kinds})"


def normal_form(text: str, language: str) -> str:
    """Return the text as Whisper's authors compare it: without case, punctuation and, in English, spelled-out numbers.

    Args:
        text: a transcript or what was said.
        language: ISO code.
    """
    # British spellings are compared as they stand: their table is part of the hub's tokenizer files, not of the packages'.
    normalizer = EnglishTextNormalizer({}) if language == "en" else BasicTextNormalizer()
    return " ".join(normalizer(text).split())


def word_errors(texts: Sequence[str], transcripts: Sequence[str], language: str) -> WordErrors:
    """Count the errors of transcripts.

    Args:
        texts: what is said; each has a word at least.
        transcripts: one for each text.
        language: ISO code.
    """
    said, written = ([normal_form(text, language) for text in column] for column in (texts, transcripts))
    found = jiwer.process_words(said, written)
    return WordErrors(found.hits + found.substitutions + found.deletions, found.substitutions, found.deletions, found.insertions)


def transcripts_of(triples: Iterable[Triple], model: str, language: str | None, services: Services) -> list[str]:
    """Return what the app writes for each clip; '' for silence.

    Args:
        triples: their clips are whole files.
        model: key of the catalogue.
        language: ISO code; None detects it in each clip.
        services: of the app.
    """
    options = TranscriptionOptions(model=model, language=language)
    texts = []
    for triple in triples:
        try:
            clip = services.clips.open(triple.clip)
        except SilentClip:
            texts.append("")
        else:
            *_, last = transcribe(clip, options, services.runtime)
            texts.append(last.text)
    return texts


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=Path, required=True, help="JSON Lines file")
    parser.add_argument("--split", choices=SPLITS, default="test")
    parser.add_argument("--language", required=True, help="ISO code of the texts")
    parser.add_argument("--detect", action="store_true", help="let the model detect the language of each clip")
    parser.add_argument("--model", nargs="+", required=True, help="keys of the catalogue")
    parser.add_argument("--out", type=Path, help="JSON file of the transcripts")
    arguments = parser.parse_args()
    triples = in_split(read_triples(arguments.triples), arguments.split, ["speech"])
    texts = [triple.answer for triple in triples]
    written = {}
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(clip_dir=Path(folder)))
        for model in arguments.model:
            language = None if arguments.detect else arguments.language
            written[model] = transcripts_of(triples, model, language, services)
            print(f"{model}: {word_errors(texts, written[model], arguments.language)}", flush=True)
    if arguments.out:
        rows = zip(texts, *written.values(), strict=True)
        arguments.out.write_text(json.dumps([list(row) for row in rows], ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
