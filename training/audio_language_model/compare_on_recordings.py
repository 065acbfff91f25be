"""Compares captions of a model with those of the templates on real recordings whose content is known.

    python -m training.audio_language_model.compare_on_recordings --model FOLDER --music FOLDER --work FOLDER

Takes the excerpts of the accuracy benchmark that are kept apart (`--music` is its folder), the middle 15 s of each, as many from
one source as from another. Family of the main instrument, class of the tempo and mode are read out of both captions by the same
rules and compared with the annotations; what a caption does not claim is neither right nor wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.accuracy.excerpts import INDEX
from benchmarks.accuracy.sources import Source, read_sources
from models.loading.audio_language_model import AudioLanguageModel
from models.loading.loaders import ProcessedModel
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.description.model_caption import STATES_PROMPT
from pipelines.description.template_caption import write_caption
from pipelines.language_models.claim_certainty import sure_sentences
from pipelines.language_models.generation import SamplingOptions, generate_text
from pipelines.language_models.prompting import Prompt, model_inputs
from pipelines.music.encoder_states import lent_states
from services import Services, build_services
from settings import Settings
from training.data.renderer.clip_facts import tempo_class
from training.data.renderer.wordings import FAMILY_WORDS, claims

SECONDS = 15.0
CLIPS = 30
BPM = re.compile(r"(\d{2,3})(?:\.\d)?\s*(?:BPM|beats (?:per|a) minute)", re.IGNORECASE)
FAMILIES_OF_NAMES: Mapping[str, str] = {
    "violin": "strings", "cello": "strings", "viola": "strings", "orchestra": "strings", "bowed": "strings",
    "trumpet": "brass", "trombone": "brass", "horn": "brass",
    "flute": "woodwind", "clarinet": "woodwind", "saxophone": "woodwind", "oboe": "woodwind", "bassoon": "woodwind",
    "vocals": "voice", "singing": "voice", "choir": "voice",
    "marimba": "mallets", "vibraphone": "mallets", "xylophone": "mallets", "glockenspiel": "mallets",
}  # fmt: skip
"""Families of words that are no names of families."""


GROUPS = frozenset({"Strings", "Plucked strings"})
"""Names in the annotations that guitars have as well."""


@dataclass(frozen=True)
class Recording:
    """An excerpt whose content is partly known."""

    source: str
    file: Path
    families: tuple[str, ...]
    """Families of its instruments; () where they are not known."""
    tempo: str | None
    mode: str | None


def recordings(music: Path, clips: int = CLIPS) -> list[Recording]:
    """Return real recordings with a known family, tempo class or mode, drawn from the sources in turn."""
    queues = [list(_known(source, music)) for source in read_sources() if source.split == "kept apart" and source.kind == "real"]
    chosen: list[Recording] = []
    for turn in range(clips):
        for queue in queues:
            if turn < len(queue) and len(chosen) < clips:
                chosen.append(queue[turn])
    return chosen


def stated(text: str) -> dict[str, Any]:
    """Return what a caption claims: 'family' (the one that it names first), 'tempo' (class) and 'mode'."""
    found = {kind: value for kind, value in claims(text).items() if kind in ("family", "tempo", "mode")}
    if bpm := BPM.search(text):
        found["tempo"] = tempo_class(float(bpm[1]))
    places = {text.lower().find(family): family for family in FAMILY_WORDS if family in text.lower()}
    places |= {text.lower().find(name): family for name, family in FAMILIES_OF_NAMES.items() if name in text.lower()}
    if places:
        found["family"] = places[min(places)]
    return {kind: value for kind, value in found.items() if value is not None}


def score(texts: Mapping[str, str], known: list[Recording]) -> dict[str, tuple[int, int]]:
    """Return (right, made) claims of each kind, and of all together."""
    counts = {kind: [0, 0] for kind in ("family", "tempo", "mode", "all")}
    for recording in known:
        said = stated(texts[recording.file.name])
        truth = {"family": recording.families, "tempo": recording.tempo, "mode": recording.mode}
        for kind, value in said.items():
            if truth[kind]:
                is_right = value in recording.families if kind == "family" else value == truth[kind]
                for name in (kind, "all"):
                    counts[name][0] += is_right
                    counts[name][1] += 1
    return {kind: (right, made) for kind, (right, made) in counts.items()}


def main() -> None:
    """Print both captions of each recording, and the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a trained model; none writes the templates' captions alone")
    parser.add_argument("--music", type=Path, required=True, help="folder of the accuracy benchmark's excerpts")
    parser.add_argument("--work", type=Path, required=True, help="folder where captions are kept")
    arguments = parser.parse_args()
    known = recordings(arguments.music)
    arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(Settings(data_dir=Path(scratch), clip_dir=Path(scratch) / "clips"))
        captions = {"templates": template_captions(known, services, arguments.work / "templates.json")}
        if arguments.model:
            captions["model"] = model_captions(known, services, arguments.model)
    for recording in known if arguments.model else ():
        print(json.dumps(asdict(recording), default=str))
        for writer, texts in captions.items():
            print(f"  {writer}: {texts[recording.file.name]}")
    for writer, texts in captions.items():
        print(writer, {kind: f"{right} of {made}" for kind, (right, made) in score(texts, known).items()})


def template_captions(known: list[Recording], services: Services, file: Path) -> dict[str, str]:
    """Return the captions of the templates by file name; `file` keeps them."""
    texts: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for recording in known:
        if recording.file.name not in texts:
            clip = opened(recording, services)
            *_, described = describe_clip(clip, DescriptionOptions(), services.runtime)
            texts[recording.file.name] = write_caption(described.findings, clip.content_hash).text
            file.write_text(json.dumps(texts, indent=1), encoding="utf-8")
    return texts


def model_captions(known: list[Recording], services: Services, folder: Path) -> dict[str, str]:
    """Return what the model is sure of in its captions, by file name."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = ProcessedModel(AudioLanguageModel.from_pretrained(folder, dtype="float32").eval(), tokenizer)
    texts = {}
    for recording in known:
        states = lent_states(model.model.config.encoders, opened(recording, services).waveform, services.runtime)
        inputs = model_inputs(model, spec_of(services), Prompt(STATES_PROMPT, states=states))
        *_, whole = generate_text(model, inputs, SamplingOptions(), never_stop)
        texts[recording.file.name] = sure_sentences(model, inputs, whole)
    return texts


def spec_of(services: Services) -> Any:
    """Return the catalogue's entry of the model that ships, whose form all have."""
    return next(spec for spec in services.runtime.catalog.specs if spec.state_encoders)


def opened(recording: Recording, services: Services) -> AudioClip:
    """Return the middle of a recording as a clip."""
    sound, rate = soundfile.read(recording.file, dtype="float32", always_2d=True)
    first = max(0, (len(sound) - round(SECONDS * rate)) // 2)
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/middle.wav", sound[first : first + round(SECONDS * rate)], rate)
        return services.clips.open(f"{folder}/middle.wav")


def _known(source: Source, music: Path) -> Iterator[Recording]:
    index = music / "excerpts" / source.name / INDEX
    tracks = json.loads(index.read_text(encoding="utf-8"))["tracks"] if index.exists() else {}
    for name, fields in tracks.items():
        file = index.parent / f"{name}.flac"
        names = set(fields["instruments"] or ()) - GROUPS
        words = " ".join(names).lower()
        families = {family for family, words_of in FAMILY_WORDS.items() if re.search(rf"\b({words_of})\b", words)}
        families |= {family for name_of, family in FAMILIES_OF_NAMES.items() if name_of in words}
        bpm = fields["bpm"] if fields["is_octave_known"] else None
        mode = re.search(r"major|minor", fields["key"] or "")
        tempo = tempo_class(bpm) if bpm else None
        if file.exists() and (families or tempo or mode):
            yield Recording(source.name, file, tuple(sorted(families)), tempo, mode[0] if mode else None)


if __name__ == "__main__":
    main()
