"""How honest the offline captions are: `python -m training.evaluate_captions FOLDER` writes and checks those of 100 clips.

55 rendered pieces of the test split, five of them again with a voice over them (`sung_speech`), 30 sounds of
tuxpaint-stamps-default, five of its spoken descriptions, and five sentences of LibriVox. What the models find in a clip is kept
in FOLDER, so that only the first run takes long. Needs the Debian packages fluidsynth, timgm6mb-soundfont,
tuxpaint-stamps-default and pocketsphinx-testdata.
"""

from __future__ import annotations

import argparse
import json
import pickle
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipelines.clip.clip import AudioClip
from pipelines.description.claims.checking import check_claims
from pipelines.description.claims.claim import CheckedClaim
from pipelines.description.findings import ClipFindings
from pipelines.description.template_caption import write_caption
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import transcribe
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import TagOptions
from services import Services, build_services
from settings import Settings
from training.evaluate_music_tags import LIBRIVOX, VOICE_OVER_BACKING_DB, mix
from training.evaluate_sound_tags import LABELS, SHORTEST_SECONDS, STAMPS
from training.music.pieces.analysis import clip_of, read
from training.music.pieces.composition import styled_piece
from training.sung_speech import RATE, sing

PIECES, SUNG_PIECES, SOUNDS, SENTENCES, SPOKEN = 55, 5, 30, 5, 5
SUNG_FROM_PITCH = 47
SPOKEN_EVERY = 300
"""Step between the spoken descriptions that are taken; about one in five is in another language."""
SAMPLES = 10

Source = Callable[[Services], AudioClip]
"""Opens or makes a clip."""


def sources() -> Iterator[tuple[str, Source]]:
    """Yield the name of each of the 100 clips, and how it is made."""
    for seed in range(PIECES):
        yield f"piece {seed}", partial(rendered, seed)
    for seed in range(SUNG_PIECES):
        yield f"piece {seed} sung over", partial(sung_over, seed)
    for path in sounds():
        yield path, partial(opened, STAMPS / path)
    described = sorted((STAMPS / "animals").rglob("*_desc*.ogg"))[::SPOKEN_EVERY]
    for spoken in (*sorted(LIBRIVOX.glob("*.wav"))[:SENTENCES], *described[:SPOKEN]):
        yield spoken.stem, partial(opened, spoken)


def opened(path: Path, services: Services) -> AudioClip:
    """Return a recording as it is."""
    return services.clips.open(path)


def rendered(seed: int, services: Services) -> AudioClip:
    """Return a piece of the test split."""
    return clip_of(styled_piece(seed, "test"), services)


def sounds() -> list[str]:
    """Return the sounds of all groups of the labelled list, evenly drawn."""
    paths = [row["sounds"][0] for row in json.loads(LABELS.read_text(encoding="utf-8"))]
    long_enough = [path for path in paths if soundfile.info(STAMPS / path).duration > SHORTEST_SECONDS]
    return [long_enough[i] for i in np.linspace(0, len(long_enough) - 1, SOUNDS).astype(int)]


def sung_over(seed: int, services: Services) -> AudioClip:
    """Return a sentence sung to a tune over a rendered piece."""
    backing, rate = soundfile.read(clip_of(styled_piece(seed, "test"), services).player_file, dtype="float32", always_2d=True)
    speech, speech_rate = soundfile.read(sorted(LIBRIVOX.glob("*.wav"))[seed], dtype="float32")
    voice = sing(soxr.resample(speech, speech_rate, RATE), SUNG_FROM_PITCH + 3 * seed, seed=seed)
    mixed = mix(voice, soxr.resample(backing.mean(axis=1), rate, RATE), VOICE_OVER_BACKING_DB)
    with tempfile.TemporaryDirectory() as folder:
        soundfile.write(f"{folder}/sung.wav", mixed, RATE)
        return services.clips.open(f"{folder}/sung.wav")


def findings_of(clip: AudioClip, services: Services) -> ClipFindings:
    """Return the findings of all offline models; a transcript only for clips without music."""
    facts = read(clip, services)
    *_, music = tag_music(clip, MusicTagOptions(), services.runtime)
    *_, sounds = tag_sounds(clip, TagOptions(), services.runtime)
    speech = None
    if not music.is_music:
        *_, speech = transcribe(clip, TranscriptionOptions(), services.runtime)
    return ClipFindings(clip.duration, facts, music, sounds, speech)


def kept_findings(folder: Path) -> Iterator[tuple[str, ClipFindings]]:
    """Yield the findings of every clip, from `folder` where they are there."""
    services: Services | None = None
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, source) in enumerate(sources()):
            file = folder / f"{number:03}.pickle"
            if not file.exists():
                services = services or build_services(Settings(data_dir=Path(scratch), clip_dir=Path(scratch) / "clips"))
                file.write_bytes(pickle.dumps(findings_of(source(services), services)))
            yield name, pickle.loads(file.read_bytes())


@dataclass(frozen=True)
class Outcome:
    """One clip, what was written of it and what the claim check says to that."""

    name: str
    caption: str
    claims: tuple[CheckedClaim, ...]

    @property
    def unsupported(self) -> tuple[CheckedClaim, ...]:
        """Claims that the findings do not bear out."""
        return tuple(checked for checked in self.claims if checked.verdict != "supported")


def outcome(name: str, findings: ClipFindings) -> Outcome:
    """Write and check."""
    caption = write_caption(findings, name).text
    return Outcome(name, caption, check_claims(caption, findings))


def main() -> None:
    """Print what is not supported, the figures, and some captions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where what the models found is kept")
    parser.add_argument("--all", action="store_true", help="print every caption")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    outcomes = [outcome(name, findings) for name, findings in kept_findings(arguments.folder)]
    for one in outcomes:
        for checked in one.unsupported:
            print(f"{one.name}: {checked.claim.value} is {checked.verdict}. {checked.reason}\n    {one.caption}")
    texts = [one.caption for one in outcomes]
    kinds = Counter(checked.claim.kind for one in outcomes for checked in one.claims)
    print(f"clips                 {len(outcomes)}")
    print(f"claims                {sum(kinds.values())} ({', '.join(f'{kind} {count}' for kind, count in kinds.most_common())})")
    print(f"unsupported claims    {sum(len(one.unsupported) for one in outcomes)}")
    print(f"captions said twice   {len(texts) - len(set(texts))}")
    print(f"mean length           {np.mean([len(text.split()) for text in texts]):.0f} words\n")
    for one in outcomes if arguments.all else outcomes[:: len(outcomes) // SAMPLES]:
        print(f"{one.name}: {one.caption}")


if __name__ == "__main__":
    main()
