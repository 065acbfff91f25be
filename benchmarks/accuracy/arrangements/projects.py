"""The song editor of LMMS: which pattern plays where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree

from benchmarks.accuracy.arrangements.arrangement import Arrangement

TICKS_PER_WHOLE = 192
BEAT_TRACK, INSTRUMENT_TRACK = "1", "0"
"""Types of tracks: a pattern of the beat editor, and an instrument with notes of its own."""


def project_arrangement(text: str) -> Arrangement:
    """Return the arrangement of a project, given as XML; a pattern of the beat editor is one voice with one note."""
    root = ElementTree.fromstring(text)
    head = root.find("head")
    if head is None:
        raise ValueError("not a project of LMMS")
    bar_ticks = TICKS_PER_WHOLE * int(head.attrib["timesig_numerator"]) // int(head.attrib["timesig_denominator"])
    bars: defaultdict[int, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, track in enumerate(root.findall("song/trackcontainer/track")):
        if track.get("muted") == "0":
            for start, end, note in _notes(track):
                for bar in range(start // bar_ticks, (end - 1) // bar_ticks + 1):
                    bars[bar][str(number)].add(note % 12)
    count = 1 + max(bars, default=-1)
    bar_seconds = 60 / float(head.attrib["bpm"]) * 4 * bar_ticks / TICKS_PER_WHOLE
    frozen = tuple({voice: frozenset(notes) for voice, notes in bars[bar].items()} for bar in range(count))
    return Arrangement(tuple(bar * bar_seconds for bar in range(count + 1)), frozen)


def _notes(track: ElementTree.Element) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, pitch) in ticks of the song."""
    if track.get("type") == BEAT_TRACK:
        for clip in track.findall("bbtco"):
            if clip.get("muted", "0") == "0":
                start = int(clip.attrib["pos"])
                yield start, start + int(clip.attrib["len"]), 0
    elif track.get("type") == INSTRUMENT_TRACK:
        for pattern in track.findall("pattern"):
            start = int(pattern.attrib["pos"])
            for note in pattern.findall("note") if pattern.get("muted", "0") == "0" else ():
                begin = start + int(note.attrib["pos"])
                # A step of a drum has a negative length: its sample plays to its end.
                yield begin, begin + max(1, int(note.attrib["len"])), int(note.attrib["key"])
