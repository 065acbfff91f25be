"""How well music is tagged: `python -m training.evaluate_music_tags` prints the table for pieces rendered with General MIDI.

`fitting_music_tags.json` was written before anything was tuned: the instruments that play and their families, and the genres that
a person could name. Weights and thresholds were set on the group 'tuning'; the group 'test' has other seeds, other ways of
playing, and partly other instruments, styles and soundfonts. Voices are spoken sentences put to a tune (`sung_speech`), alone and
over pieces of either group; without them the pieces are the counterexamples. Needs the Debian packages fluidsynth,
fluid-soundfont-gm, timgm6mb-soundfont and pocketsphinx-testdata.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.music.decisions import MIN_VOCALS_PROB
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions, MusicTags
from pipelines.tagging.sound_tagging import tag_sounds
from pipelines.tagging.tags import TagOptions
from services import Services, build_services
from settings import Settings
from training.sung_speech import RATE, sing
from training.tagged_pieces import Part, TaggedPiece, rendered_file

LABELS = Path(__file__).with_name("fitting_music_tags.json")
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
GROUPS = ("tuning", "test")
NAMES = 3
BACKINGS = {
    "tuning": ("piano-two-hands", "rock-trio", "nylon-guitar", "techno"),
    "test": ("t-piano-melody-chords", "t-rock-band", "t-steel-guitar-picked", "t-house"),
}
SINGERS = {"tuning": ((0, 45), (1, 62)), "test": ((2, 47), (3, 59), (4, 64))}
"""(Which LibriVox sentence, lowest MIDI pitch)."""
VOICE_OVER_BACKING_DB = 4.0


@dataclass(frozen=True)
class Outcome:
    """One piece, what was said of it and what would have been right."""

    name: str
    group: str
    instruments: frozenset[str]
    genres: frozenset[str]
    tags: MusicTags
    sounds: tuple[str, ...]
    """Names from `tag_sounds`."""

    def said(self, kind: str) -> tuple[str, ...]:
        """Return the names of the tags of a kind."""
        return tuple(tag.name for tag in self.tags.tags if tag.kind == kind)

    def instrument_hit(self, names: int = NAMES) -> bool:
        """Return whether one of the first instruments plays; a choir may be named as an instrument or by its voices."""
        voices = {"Voice"} if self.said("vocals") else set()
        return bool(self.instruments & ({*self.said("instrument")[:names]} | voices))

    def genre_hit(self, names: int = NAMES) -> bool:
        """Return whether one of the first genres fits."""
        return bool(self.genres.intersection(self.said("genre")[:names]))


def rows(*groups: str) -> list[dict[str, Any]]:
    """Return the pieces of `groups` with what fits them."""
    return [row for row in json.loads(LABELS.read_text(encoding="utf-8")) if row["group"] in groups]


def piece_of(row: dict[str, Any]) -> TaggedPiece:
    """Return the specification of the piece."""
    parts = tuple(Part(*part) for part in row["parts"])
    return TaggedPiece(row["name"], parts, row["seed"], row["soundfont"], row["beats_per_minute"])


def outcome(services: Services, row: dict[str, Any], folder: Path) -> Outcome:
    """Render, tag, compare."""
    clip = services.clips.open(rendered_file(piece_of(row), folder))
    *_, sounds = tag_sounds(clip, TagOptions(names=NAMES), services.runtime)
    names = tuple(tag.name for tag in sounds.top)
    return Outcome(
        row["name"], row["group"], frozenset(row["instruments"]), frozenset(row["genres"]), tags_of(services, clip), names
    )


def tags_of(services: Services, clip: AudioClip) -> MusicTags:
    """Return the result of a whole run."""
    *_, tags = tag_music(clip, MusicTagOptions(), services.runtime)
    return tags


def sung(group: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, file) of voices over pieces that were rendered into `folder`."""
    import soxr

    sentences = sorted(LIBRIVOX.glob("*.wav"))
    for number, lowest in SINGERS[group]:
        speech, rate = soundfile.read(sentences[number], dtype="float32")
        voice = sing(soxr.resample(speech, rate, RATE), lowest, seed=number)
        for backing in BACKINGS[group]:
            stereo, rate = soundfile.read(folder / f"{backing}.wav", dtype="float32")
            name = f"voice {number} over {backing}"
            mixed = mix(voice, soxr.resample(stereo.mean(axis=1), rate, RATE), VOICE_OVER_BACKING_DB)
            soundfile.write(folder / f"{name}.wav", mixed, RATE)
            yield name, folder / f"{name}.wav"


def mix(voice: FloatArray, backing: FloatArray, decibels: float) -> FloatArray:
    """Return both together, the voice by `decibels` the louder; as long as the shorter of the two."""
    length = min(len(voice), len(backing))
    voice, backing = voice[:length], backing[:length]
    level = np.sqrt(np.mean(voice**2) / np.mean(backing**2)) * 10 ** (-decibels / 20)
    both = voice + np.float32(level) * backing
    return np.asarray(both / np.abs(both).max() / 2, dtype=np.float32)


def main() -> None:
    """Print every piece, then the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", choices=GROUPS, help="only this group of pieces")
    chosen = parser.parse_args().group
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        services = build_services(Settings(data_dir=folder, clip_dir=folder / "clips"))
        for group in [chosen] if chosen else GROUPS:
            results = [outcome(services, row, folder) for row in rows(group)]
            voices = {name: tags_of(services, services.clips.open(file)) for name, file in sung(group, folder)}
            print_pieces(results)
            print_rates(group, results, voices)


def print_pieces(results: list[Outcome]) -> None:
    """Print a line for each piece."""
    for result in results:
        marks = f"{'yes' if result.instrument_hit() else 'no':4}{'yes' if result.genre_hit() or not result.genres else 'no':4}"
        said = [
            f"{tag.name} {tag.confidence:.2f}"
            for kind in ("instrument", "genre", "vocals")
            for tag in result.tags.of_kind(kind)[:NAMES]
        ]
        print(f"{marks}{result.name:28} vocals {result.tags.vocals_in_clip:.2f}  {'; '.join(said)}  | {'; '.join(result.sounds)}")


def print_rates(group: str, results: list[Outcome], voices: dict[str, MusicTags]) -> None:
    """Print the table of a group."""
    with_genre = [result for result in results if result.genres]
    voiceless = [result for result in results if "Voice" not in result.instruments]
    named = [name in result.instruments for result in results for name in result.said("instrument")[:NAMES]]
    rates = {
        "an instrument that plays is named first": [result.instrument_hit(1) for result in results],
        f"an instrument that plays is in the top {NAMES}": [result.instrument_hit() for result in results],
        f"of the top {NAMES} instruments, playing": named,
        "a fitting genre is named first": [result.genre_hit(1) for result in with_genre],
        f"a fitting genre is in the top {NAMES}": [result.genre_hit() for result in with_genre],
        "called music": [bool(result.tags.is_music) for result in results],
        "vocals noticed where there is a voice": [tags.vocals_in_clip >= MIN_VOCALS_PROB for tags in voices.values()],
        "vocals claimed where there is none": [result.tags.vocals_in_clip >= MIN_VOCALS_PROB for result in voiceless],
    }
    print(f"\n{group}: {len(results)} pieces")
    for title, hits in rates.items():
        print(f"  {title:50}{np.mean(hits):>6.0%} of {len(hits)}")
    print()


if __name__ == "__main__":
    main()
