"""Evaluate retrieval from the library: `python -m training.evaluate_retrieval` prints a table for tuxpaint-stamps-default.

Two measures. Is the nearest clip of the library of the same kind? And is a sound retrieved after MP3 at 64 kbit/s, after -3 dB,
after a cut of 2 s from its middle, and after all three? Every sound is in the library, also those of a kind of their own.
Duplicate recordings are in it once; silent ones are not, nor letters and numbers read out in other languages.

`sound_kinds.json` has two groupings. The `kind` (bird, mammal, tool …) was written down before anything was tried. The `source`
(animals, instruments, vehicles, home, tools, people …) follows the division that the pictures have; it was added after a first
look at the neighbours. The square root in `library` was chosen among a dozen ways to pool frames, and Whisper's layer among
four, by both groupings and on these same sounds. Spoken words are hardly a challenge, so the rates are given without and with
them. Needs the Debian package tuxpaint-stamps-default.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile

from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.clip_library import ClipLibrary
from pipelines.embeddings.embed import embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.storage.folder_storage import FolderStorage
from services import Services, build_services
from settings import Settings

STAMPS = Path("/usr/share/tuxpaint/stamps")
KINDS = Path(__file__).with_name("sound_kinds.json")
ENCODERS = ("yamnet", "whisper-base-encoder/layer 5")
"""Each as key or key/layer."""
SPEECH = "speech"
MP3_BITS_PER_SECOND = 64_000
MP3_SAMPLE_RATE = 44_100
MINUS_3_DB = 10 ** (-3 / 20)
CUT_SECONDS = 2.0


@dataclass(frozen=True)
class Sound:
    """A recording and its labels."""

    file: str
    """Path in the folder of stamps."""
    kind: str | None
    """None if no other sound is of its kind."""
    source: str | None


@dataclass(frozen=True)
class Neighbour:
    """A sound and its nearest neighbour in the library."""

    sound: Sound
    nearest: Sound


@dataclass(frozen=True)
class Retrieval:
    """The sound that was retrieved for a changed one."""

    sound: Sound
    change: str
    found: str


def sounds() -> tuple[Sound, ...]:
    """Return the sounds of `sound_kinds.json`."""
    rows = json.loads(KINDS.read_text(encoding="utf-8"))
    return tuple(Sound(file, row["kind"], row["source"]) for row in rows for file in row["sounds"])


def rate_of_kinds(neighbours: Sequence[Neighbour], of: Callable[[Sound], str | None], with_speech: bool) -> tuple[float, int]:
    """Return the fraction of sounds whose neighbour has the same label `of`, and the number of sounds."""
    asked = [one for one in neighbours if of(one.sound) is not None and (with_speech or one.sound.kind != SPEECH)]
    return sum(of(one.sound) == of(one.nearest) for one in asked) / len(asked), len(asked)


def rate_of_retrievals(retrievals: Sequence[Retrieval], change: str) -> tuple[float, int]:
    """Return the fraction of sounds that are retrieved after `change`, and the number of sounds."""
    asked = [one for one in retrievals if one.change == change]
    return sum(one.found == one.sound.file for one in asked) / len(asked), len(asked)


class Evaluation:
    """A library of all sounds, for queries."""

    def __init__(
        self, services: Services, folder: Path, encoders: Sequence[str] = ENCODERS, only: Sequence[Sound] | None = None
    ) -> None:
        self._services = services
        self._folder = folder
        self._options = [EmbeddingOptions(*encoder.split("/", 1)) for encoder in encoders]
        self._library = ClipLibrary(FolderStorage(folder / "library"))
        self._sound_of: dict[str, Sound] = {}
        self._clips: dict[Sound, AudioClip] = {}
        for sound in only or sounds():
            clip = services.clips.open(STAMPS / sound.file)
            for embedding in self._embeddings(clip):
                self._library.add(clip, embedding)
            self._sound_of[clip.content_hash] = sound
            self._clips[sound] = clip

    def neighbours(self) -> list[Neighbour]:
        """Return the nearest neighbour of each sound, without itself."""
        found = []
        for sound, clip in self._clips.items():
            found.append(Neighbour(sound, self._nearest(clip)))
        return found

    def retrievals(self) -> list[Retrieval]:
        """Return what is retrieved for each sound after each change; only longer sounds are cut."""
        found = []
        for sound in self._clips:
            samples, rate = soundfile.read(STAMPS / sound.file, dtype="float32", always_2d=True)
            middle = _middle(samples, rate)
            changes = {"MP3 at 64 kbit/s": (samples, True), "-3 dB": (MINUS_3_DB * samples, False)}
            if len(middle) < len(samples):
                changes["2 s from the middle"] = (middle, False)
            changes["all three"] = (MINUS_3_DB * middle, True)
            for change, (changed, as_mp3) in changes.items():
                found.append(Retrieval(sound, change, self._nearest(self._opened(changed, rate, as_mp3)).file))
        return found

    def _nearest(self, clip: AudioClip) -> Sound:
        first, *others = self._embeddings(clip)
        (match,) = self._library.nearest(first, 1, others)
        return self._sound_of[match.clip.content_hash]

    def _embeddings(self, clip: AudioClip) -> list[ClipEmbedding]:
        services, found = self._services, []
        for options in self._options:
            *_, last = embed_clip(clip, options, services.runtime)
            if last.embedding is None:
                raise RuntimeError(f"{clip.name} was not embedded")
            found.append(last.embedding)
        return found

    def _opened(self, samples: FloatArray, rate: int, as_mp3: bool) -> AudioClip:
        path = self._folder / ("changed.mp3" if as_mp3 else "changed.wav")
        if as_mp3:
            write_mp3(path, samples, rate)
        else:
            soundfile.write(path, samples, rate, "FLOAT")
        return self._services.clips.open(path)


def write_mp3(path: Path, samples: FloatArray, rate: int) -> None:
    """Write `samples` [n, channels] at `rate` Hz as MP3 of 44.1 kHz and 64 kbit/s."""
    layout = "stereo" if samples.shape[1] > 1 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mp3", rate=MP3_SAMPLE_RATE)
        stream.bit_rate, stream.layout = MP3_BITS_PER_SECOND, layout
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, :2]).reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=MP3_SAMPLE_RATE)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def _middle(samples: FloatArray, rate: int) -> FloatArray:
    wanted = round(CUT_SECONDS * rate)
    begin = max(0, (len(samples) - wanted) // 2)
    return samples[begin : begin + wanted]


def main() -> None:
    """Print every wrong neighbour, then the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="+", default=ENCODERS, help="one or more that are combined, as key or key/layer")
    encoders: Sequence[str] = parser.parse_args().encoders
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder) / "data", clip_dir=Path(folder) / "clips"))
        evaluation = Evaluation(services, Path(folder), encoders)
        neighbours, retrievals = evaluation.neighbours(), evaluation.retrievals()
    for one in neighbours:
        if one.sound.kind and one.sound.kind != one.nearest.kind:
            kind = one.nearest.kind or one.nearest.source or "of no kind"
            print(f"{Path(one.sound.file).stem:28} {one.sound.kind:20} found {Path(one.nearest.file).stem} ({kind})")
    print(f"\n{' and '.join(encoders)}: the nearest sound is of the same\n")
    for title, of in (("kind", lambda sound: sound.kind), ("source", lambda sound: sound.source)):
        for with_speech in (False, True):
            rate, count = rate_of_kinds(neighbours, of, with_speech)
            print(f"  {title}, {'with' if with_speech else 'without'} spoken words: {rate:.0%} of {count}")
    for group in dict.fromkeys(one.sound.source for one in neighbours if one.sound.source):
        rate, count = rate_of_kinds([one for one in neighbours if one.sound.source == group], lambda sound: sound.source, True)
        print(f"    {group}: {rate:.0%} of {count}")
    print("\na sound is retrieved after\n")
    for change in dict.fromkeys(one.change for one in retrievals):
        rate, count = rate_of_retrievals(retrievals, change)
        lost = [Path(one.sound.file).stem for one in retrievals if one.change == change and one.found != one.sound.file]
        print(f"  {change}: {rate:.0%} of {count}{' (not ' + ', '.join(lost) + ')' if lost else ''}")


if __name__ == "__main__":
    main()
