"""Notes as a score: MusicXML and engraved pages.

A score is simpler than what was played: onsets and ends are drawn to the grid, and each staff has one voice of chords. A part
that reaches far below and above middle C has two staves.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from pipelines.music.harmony.notation import FLAT_MAJOR_KEYS, RELATIVE_MAJOR, SHARPS, Mode, pitch_class, spelling
from pipelines.notes.notes import Note, NoteTranscription
from pipelines.notes.tempo_map import Bar, TempoMap, tempo_map
from pipelines.wording.file_texts import xml_text

DIVISIONS = 4
"""Steps of the grid in a quarter note: sixteenths."""
MIDDLE_C = 60
LOW, HIGH = 57, 64
"""Pitches from A3 down and from E4 up need more than two ledger lines on a treble and a bass staff."""
MIN_STAFF_SHARE = 0.05
"""Share of a part's notes below `LOW` and of those above `HIGH` from which it has two staves."""
CLEF_LINES = {"G": 2, "F": 4}
BAR_SIGNS = frozenset({4, 8, 12, 16, 24})
"""Durations of bars, in steps of the grid, that one sign has."""
MAX_SHARPS = 6
PAGE_OPTIONS = {"pageWidth": 2100, "pageHeight": 2970, "scale": 40, "footer": "none", "adjustPageHeight": True}
"""A4 in tenths of a millimetre."""
PDF_PAGES = """\
#set page("a4", margin: 10mm)
#set document(title: sys.inputs.title)
"""
"""Head of the Typst document of which a PDF is made."""


class _Chord(NamedTuple):
    """Notes that begin together on one staff."""

    start: int
    """Steps of the grid."""
    end: int
    pitches: tuple[int, ...]


def music_xml(transcription: NoteTranscription, title: str) -> bytes:
    """Return the score as MusicXML, without drums."""
    from partitura import save_musicxml
    from partitura.score import Part, Score

    times = tempo_map(transcription.beats, transcription.duration)
    parts: list[Part] = []
    for part in transcription.parts:
        if not part.is_drums:
            parts.append(
                _part(f"P{len(parts) + 1}", xml_text(part.name), transcription.of_part(part.name), times, transcription.key)
            )
    written: bytes = save_musicxml(Score(parts, title=xml_text(title)))
    return written


def score_pages(music: bytes) -> tuple[str, ...]:
    """Return the pages of a score in MusicXML, each an SVG document, engraved by Verovio."""
    import verovio

    # Verovio knows the place of its fonts in the thread that imports it alone.
    verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))
    toolkit = verovio.toolkit()
    toolkit.setOptions(PAGE_OPTIONS)
    toolkit.loadData(music.decode("utf-8"))
    return tuple(toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1))


def score_document(pages: tuple[str, ...]) -> str:
    """Return one SVG document with all pages below each other."""
    width, heights = 0.0, [0.0]
    placed = []
    for page in pages:
        root = ElementTree.fromstring(page)
        width = max(width, float(root.attrib["width"].removesuffix("px")))
        placed.append(page[page.index("<svg") :].replace("<svg", f'<svg y="{sum(heights):g}"', 1))
        heights.append(float(root.attrib["height"].removesuffix("px")))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}px" height="{sum(heights):g}px">'
    return "\n".join((head, *placed, "</svg>"))


def score_pdf(pages: tuple[str, ...], title: str) -> bytes:
    """Return the pages as a PDF on A4."""
    import typst

    files = {f"{number}.svg": page.encode("utf-8") for number, page in enumerate(pages)}
    main = PDF_PAGES + "#pagebreak()\n".join(f'#image("{name}", width: 100%)\n' for name in files)
    compile_files: Any = typst.compile  # its types leave out documents of several files
    written: bytes = compile_files({"main": main.encode("utf-8"), **files}, ignore_system_fonts=True, sys_inputs={"title": title})
    return written


def _part(key: str, name: str, notes: tuple[Note, ...], times: TempoMap, tonality: tuple[str, Mode] | None) -> Any:
    """Return a part of partitura with its bars, key and notes."""
    from partitura import score

    part = score.Part(key, name, quarter_duration=DIVISIONS)
    _add_bars(part, times)
    part.add(score.Tempo(round(times.quarters_per_minute), "q"), 0)
    if tonality:
        part.add(score.KeySignature(_fifths(*tonality), tonality[1]), 0)
    names = spelling(*tonality) if tonality else SHARPS
    bars = [_bar_steps(bar, times) for bar in times.bars]
    end = bars[-1][1]
    for staff, (sign, pitches) in enumerate(_staves(notes), start=1):
        part.add(score.Clef(staff, sign, CLEF_LINES[sign], 0), 0)
        chords = _chords([note for note in notes if note.pitch in pitches], times, end)
        for chord in chords:
            for pitch in chord.pitches:
                _add_note(part, staff, pitch, _signs(chord.start, chord.end, bars), names)
        edges = [0, *(edge for chord in chords for edge in (chord.start, chord.end)), end]
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            for sign_start, sign_end in _signs(start, stop, bars):
                part.add(score.Rest(voice=staff, staff=staff), sign_start, sign_end)
    return part


def _add_bars(part: Any, times: TempoMap) -> None:
    from partitura import score

    signature = ""
    for number, bar in enumerate(times.bars, start=0 if times.has_pickup else 1):
        start, stop = _bar_steps(bar, times)
        if times.signature(bar) != signature:
            signature = times.signature(bar)
            part.add(score.TimeSignature(*map(int, signature.split("/"))), start)
        part.add(score.Measure(number, str(number)), start, stop)


def _bar_steps(bar: Bar, times: TempoMap) -> tuple[int, int]:
    """Return the start and the end of a bar in steps of the grid."""
    return round(bar.start * DIVISIONS), round((bar.start + bar.beats * times.quarters_per_beat) * DIVISIONS)


def _staves(notes: tuple[Note, ...]) -> tuple[tuple[str, range], ...]:
    """Return the clef and the pitches of each staff."""
    everything, high, low = range(128), range(MIDDLE_C, 128), range(MIDDLE_C)
    lows, highs = sum(note.pitch < LOW for note in notes), sum(note.pitch > HIGH for note in notes)
    if min(lows, highs) >= max(1, MIN_STAFF_SHARE * len(notes)):
        return ("G", high), ("F", low)
    below = sum(note.pitch < MIDDLE_C for note in notes)
    return (("F" if 2 * below > len(notes) else "G", everything),)


def _chords(notes: list[Note], times: TempoMap, end: int) -> list[_Chord]:
    """Return the notes of a staff as chords that follow each other; a note ends where the next one begins."""
    grid = np.round(times.quarters([(note.onset, note.offset) for note in notes]) * DIVISIONS).astype(np.int64).reshape(-1, 2)
    found: dict[int, tuple[int, set[int]]] = {}
    for note, (start, stop) in zip(notes, grid.tolist(), strict=True):
        longest, pitches = found.get(start, (start + 1, set()))
        found[start] = max(longest, stop), pitches | {note.pitch}
    starts = sorted(start for start in found if start < end)
    return [
        _Chord(start, min(found[start][0], following), tuple(sorted(found[start][1])))
        for start, following in pairwise([*starts, end])
    ]


def _add_note(part: Any, staff: int, pitch: int, signs: list[tuple[int, int]], names: tuple[str, ...]) -> None:
    """Add a note to a part of partitura, as tied signs."""
    from partitura import score

    step, octave, alter = _spelled(pitch, names)
    before = None
    for start, stop in signs:
        note = score.Note(step, octave, alter, id=f"{part.id}-{staff}-{start}-{pitch}", voice=staff, staff=staff)
        part.add(note, start, stop)
        if before is not None:
            before.tie_next, note.tie_prev = note, before
        before = note


def _signs(start: int, end: int, bars: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the stretches of the signs that fill a stretch: none crosses a bar line, each is a power of two long, or a bar."""
    found = []
    for bar_start, bar_end in bars[max(0, bisect_right(bars, start, key=itemgetter(0)) - 1) :]:
        if bar_start >= end:
            break
        first, last = max(start, bar_start), min(end, bar_end)
        if (first, last) == (bar_start, bar_end) and bar_end - bar_start in BAR_SIGNS:
            found.append((first, last))
            continue
        while first < last:
            length = 1 << (last - first).bit_length() - 1
            found.append((first, first + length))
            first += length
    return found


def _spelled(pitch: int, names: tuple[str, ...]) -> tuple[str, int, int]:
    """Return the letter, the octave and the alteration of a MIDI pitch."""
    name = names[pitch % 12]
    return name[0], pitch // 12 - 1, name.count("#") - name.count("b")


def _fifths(tonic: str, mode: Mode) -> int:
    """Return the number of sharps of a key, negative for flats."""
    major = (pitch_class(tonic) + RELATIVE_MAJOR * (mode == "minor")) % 12
    sharps = major * 7 % 12
    return sharps if "b" not in tonic and sharps <= MAX_SHARPS and major not in FLAT_MAJOR_KEYS else sharps - 12
