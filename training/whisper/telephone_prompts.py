"""The training data of "Whisper base, Italian telephone": prompts of a telephone exchange, spoken by Carlo Flora.

python -m training.whisper.telephone_prompts --packages FOLDER --out FOLDER

The recordings and their texts are in Debian's packages asterisk-core-sounds-it-wav and asterisk-core-sounds-it (8 kHz, © 2012
Carlo Flora, CC BY 3.0). Prompts whose wordings resemble each other are one source, and so lie in one split.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path

import soundfile

from training.data.triples import Split, Triple, split_by_source, write_triples

LANGUAGE, SPEAKER = "it", "it_IT_m_Carlo"
PACKAGES = ("asterisk-core-sounds-it", "asterisk-core-sounds-it-wav")
TEXTS = "usr/share/doc/asterisk-core-sounds-it/core-sounds-it.txt.gz"
SOUNDS = f"usr/share/asterisk/sounds/{SPEAKER}"
NO_SENTENCES = ("letters/", "phonetic/", "silence/")
"""Folders of single letters, spelling alphabets and silence."""
TONES = ("beep", "beeperr", "confbridge-join", "confbridge-leave")
NOTES = re.compile(r"<[^>]*>|\([^)]*\)|\[[^\]]*\]")
"""Sounds and remarks of the translator among the texts."""
MIN_RESEMBLANCE = 0.6
"""Share of equal words in order (Ratcliff and Obershelp 1988) from which two prompts are one source."""
FRACTIONS: Mapping[Split, float] = {"train": 0.58, "validation": 0.12, "test": 0.3}
"""Expected share of the sources in each split."""
QUESTION = "What is said?"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="keeps the unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="file of triples that is written")
    arguments = parser.parse_args()
    texts, sounds = (unpacked(name, arguments.packages.resolve()) for name in PACKAGES)
    prompts = dict(read_prompts(gzip.decompress((texts / TEXTS).read_bytes()).decode()))
    write_triples(arguments.out, triples_of(prompts, sounds / SOUNDS))


def triples_of(prompts: Mapping[str, str], folder: Path) -> Iterator[Triple]:
    """Yield a triple for each prompt with a recording in `folder`."""
    spoken = {name: text for name, text in prompts.items() if (folder / f"{name}.wav").exists()}
    for name, source in group_by_wording(spoken).items():
        clip = folder / f"{name}.wav"
        split = split_by_source(source, fractions=FRACTIONS)
        yield Triple(clip, 0.0, soundfile.info(clip).duration, QUESTION, spoken[name], "speech", source, split)


def unpacked(package: str, folder: Path) -> Path:
    """Return the folder of an unpacked package of Debian below `folder`; download it where it is absent.

    Raises:
        subprocess.CalledProcessError: apt-get or dpkg-deb failed.
    """
    target = folder / package
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", *folder.glob(f"{package}_*.deb"), target], check=True, capture_output=True)
    return target


def read_prompts(lines: str) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of every prompt that has words, without remarks."""
    for line in lines.splitlines():
        name, colon, text = line.partition(":")
        words = " ".join(NOTES.sub(" ", text).split()).strip(' "“”.…')
        if colon and re.search(r"\w", words) and name not in TONES and not name.startswith((";", *NO_SENTENCES)):
            yield name.strip(), words


def group_by_wording(prompts: Mapping[str, str]) -> dict[str, str]:
    """Return for each prompt the first of those that it resembles, also through others."""
    words = {name: re.findall(r"\w+", text.lower()) for name, text in prompts.items()}
    first = {name: name for name in prompts}
    names = list(prompts)
    for index, name in enumerate(names):
        for other in names[:index]:
            if first[other] != first[name] and _resemble(words[name], words[other]):
                old, new = sorted((first[name], first[other]), key=names.index, reverse=True)
                first = {key: new if value == old else value for key, value in first.items()}
    return first


def _resemble(words: list[str], others: list[str]) -> bool:
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    return matcher.real_quick_ratio() >= MIN_RESEMBLANCE and matcher.ratio() >= MIN_RESEMBLANCE


if __name__ == "__main__":
    main()
