"""Speaker diarization of a transcript: every line gets its speaker, and is cut where the speaker changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from models.arrays import IntArray
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.speech.diarization.clustering import find_speakers
from pipelines.speech.diarization.units import Unit, label_units
from pipelines.speech.diarization.voices import VoiceWindows, embed_voices
from pipelines.speech.transcript import Segment
from pipelines.speech.voice_activity import SAMPLE_RATE, speech_regions

ONE_PERSON_PER_SIDE = 2


def with_speakers(
    clip: AudioClip,
    lines: Sequence[Segment],
    speakers: int | None,
    encoder: ModelSpec,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> tuple[Segment, ...]:
    """Return the lines with the names 'Speaker 1', 'Speaker 2', … in the order in which they begin to speak.

    Where each side of the clip was transcribed by itself, a side is a speaker, unless more than two are asked for.

    Args:
        clip: the recording.
        lines: of its transcript, in order of time.
        speakers: how many there are; None to find out.
        encoder: model that embeds voices.
        runtime: where it is borrowed.
        should_stop: called before each batch of windows.
    """
    sides = sorted({line.side for line in lines})
    if are_sides_speakers(lines, speakers):
        return _named([replace(line, speaker=line.side) for line in lines])
    windows = {side: _side_windows(clip, side, encoder, runtime, should_stop) for side in sides}
    found = [each.embeds for each in windows.values() if len(each.embeds)]
    if should_stop() or not found:
        return tuple(lines)
    centroids = find_speakers(np.concatenate(found), speakers)
    labelled: list[Segment] = []
    for side in sides:
        own = [line for line in lines if line.side == side]
        labels = label_units([unit for line in own for unit in _units(line)], windows[side], centroids)
        labelled += _cut_lines(own, labels)
    return _named(sorted(labelled, key=lambda line: line.start))


def are_sides_speakers(lines: Sequence[Segment], speakers: int | None) -> bool:
    """Return whether each side of the clip, which was transcribed by itself, is one speaker."""
    return len({line.side for line in lines}) > 1 and speakers in (None, ONE_PERSON_PER_SIDE)


def _side_windows(
    clip: AudioClip, side: str, encoder: ModelSpec, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> VoiceWindows:
    waveform = clip.speech_waveform(SAMPLE_RATE, side)
    return embed_voices(waveform, speech_regions(waveform, should_stop), encoder, runtime, should_stop)


def _units(line: Segment) -> list[Unit]:
    """Return what of a line is never cut: its words, or all of it where the words do not spell it."""
    return [(word.start, word.end) for word in line.words] if _word_places(line) else [(line.start, line.end)]


def _word_places(line: Segment) -> list[int]:
    """Return the index of each word's first character in the text; empty where the words do not spell it."""
    places, at = list[int](), 0
    for word in line.words:
        at = line.text.find(word.text.strip(), at)
        if at < 0:
            return []
        places.append(at)
        at += len(word.text.strip())
    return places


def _cut_lines(lines: Sequence[Segment], labels: IntArray) -> list[Segment]:
    """Return the lines, each cut where the label of its units changes, with the label as the speaker."""
    cut, at = list[Segment](), 0
    for line in lines:
        count = len(_units(line))
        own = labels[at : at + count].tolist()
        at += count
        cut += [replace(line, speaker=str(own[0]))] if len(set(own)) == 1 else _parts(line, own)
    return cut


def _parts(line: Segment, labels: list[int]) -> list[Segment]:
    """Return the parts of a line between changes of the label of its words."""
    places, parts = [*_word_places(line), len(line.text)], list[Segment]()
    for label, group in groupby(range(len(labels)), key=labels.__getitem__):
        indices = list(group)
        first, last = indices[0], indices[-1]
        words = line.words[first : last + 1]
        start = line.start if first == 0 else words[0].start
        end = line.end if last + 1 == len(labels) else words[-1].end
        text = line.text[places[first] if first else 0 : places[last + 1]].strip()
        parts.append(replace(line, start=start, end=end, text=text, words=words, speaker=str(label)))
    return parts


def _named(lines: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the lines with numbered names in place of labels."""
    order = {label: number for number, label in enumerate(dict.fromkeys(line.speaker for line in lines), 1)}
    return tuple(replace(line, speaker=f"Speaker {order[line.speaker]}") for line in lines)
