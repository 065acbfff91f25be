"""No text of strangers is markup, a cue, a column or a formula in a file that another program opens."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipelines.annotations.label_files import audacity_labels, sonic_visualiser_layer
from pipelines.annotations.layers import AnnotationLayer, Label
from pipelines.embeddings.colouring import Colouring
from pipelines.embeddings.export import save_projector_files
from pipelines.notes.export import engraved, export_notes
from pipelines.notes.notes import NotePart, NoteTranscription
from pipelines.notes.score import music_xml, score_document
from pipelines.speech.transcript import Segment, Transcription, TranscriptionOptions
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.formats import FORMATS, Subtitles
from tests.attack_texts import ATTACKS, PLAIN
from tests.pipelines.embeddings.embedding_examples import embedding, walk
from tests.pipelines.notes.test_export import PIANO

FORMULAS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r\n=1+1",
    " =1+1",
    '"=1+1"',
    "'=1+1",
    "\ufeff=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(1)",
)
MARKUP = (*ATTACKS[:-1], "\n\n00:00:00,000 --> 00:00:09,000\nanother cue", "a-->b", "{\\an8}{\\p1}m 0 0", "[00:00.50]a", "a\tb")
"""Without the word of 20,000 letters, which takes several cues."""
TEXTS = (*MARKUP, *FORMULAS)
UNENCODABLE = "a\x00\x1b\ufffe\ud800b"
FORMULA = re.compile(r"[\s\"']*[=+@\uff0b\uff0d\uff1d\uff20-]")
CUE_TIMES = {"SRT": "-->", "VTT": r"-->|<\d", "LRC": r"^\[\d|<\d"}
"""What begins a cue, and a word inside it."""
ENGRAVED = {
    "svg",
    "style",
    "defs",
    "symbol",
    "g",
    "path",
    "use",
    "text",
    "tspan",
    "desc",
    "rect",
    "polygon",
    "polyline",
    "ellipse",
}


def subtitles(text: str) -> Subtitles:
    """One line of speech whose text and speaker are `text`."""
    spoken = Transcription(duration=9.0, segments=(Segment(1.0, 2.0, text, speaker=text),), state="done")
    wide = CueOptions(max_characters_a_line=200)
    return Subtitles(spoken, TranscriptionOptions(), wide, text, "1", word_times=True)


def piano_named(text: str) -> NoteTranscription:
    notes = tuple(replace(note, part=text) for note in PIANO.notes)
    return replace(PIANO, notes=notes, parts=(NotePart(text, 0),))


def elements(written: str | bytes) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.tag, tuple(sorted(one.keys()))) for one in ElementTree.fromstring(written).iter()]


def is_formula(cell: str) -> bool:
    return FORMULA.match(cell) is not None and re.fullmatch(r"-?[\d.e+-]+", cell) is None


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_is_one_cue_in_subtitles(text: str) -> None:
    for name, times in CUE_TIMES.items():
        plain, attacked = FORMATS[name].write(subtitles(PLAIN)), FORMATS[name].write(subtitles(text))
        assert len(re.findall(times, attacked, re.MULTILINE)) == len(re.findall(times, plain, re.MULTILINE)), (name, attacked)
    # Nothing but our own voice is a tag.
    assert re.findall("</?[a-z]+", FORMATS["VTT"].write(subtitles(text))) == ["<v"]
    assert not re.search(r"<[ /]*[A-Za-z]|\{\\", FORMATS["SRT"].write(subtitles(text)))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_no_cell_of_a_table_is_a_formula(text: str, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in FORMATS["TSV"].write(subtitles(text)).split("\n")[:-1]]
    with open(export_notes(piano_named(text), "csv", tmp_path, "notes"), newline="", encoding="utf-8") as file:
        table = list(csv.reader(file))
    made = embedding(walk(5))
    tags = Colouring("sound", "Sound", "categorical", made.times.astype(int), names=(text,) * 5)
    save_projector_files(tmp_path / "projector.zip", made, text, (tags,))
    with zipfile.ZipFile(tmp_path / "projector.zip") as archive:
        metadata = [line.split("\t") for line in archive.read("metadata.tsv").decode().split("\n")]
    for written, width in ((rows, 3), (table, 6), (metadata, 5)):
        assert {len(row) for row in written} == {width}
        assert not [cell for row in written for cell in row if is_formula(cell) or "\0" in cell]


@pytest.mark.parametrize("text", (*TEXTS, UNENCODABLE), ids=range(len(TEXTS) + 1))
def test_a_layer_has_the_elements_of_a_plain_text(text: str) -> None:
    def layer(words: str) -> str:
        labels = (Label(0.0, 1.0, words), Label(1.0, 2.0, words))
        return sonic_visualiser_layer(AnnotationLayer("speech", "Speech", "lyrics", labels, ""), 8000, 2.0)

    assert elements(layer(text)) == elements(layer(PLAIN))
    labels = audacity_labels(AnnotationLayer("speech", "Speech", "", (Label(0.0, 1.0, text),), ""))
    assert (labels.count("\n"), labels.count("\t")) == (1, 2)


def test_a_score_has_the_elements_of_a_plain_text() -> None:
    everything = " ".join((*TEXTS, UNENCODABLE))
    assert elements(music_xml(piano_named(everything), everything)) == elements(music_xml(piano_named(PLAIN), PLAIN))


def test_an_engraved_title_is_no_element() -> None:
    title = " ".join((*ATTACKS[:3], "]]>", UNENCODABLE))
    written = ElementTree.fromstring(score_document(engraved(piano_named(title), title)))
    assert {one.tag.rpartition("}")[2] for one in written.iter()} <= ENGRAVED
    assert not {name for one in written.iter() for name in one.attrib if name.startswith("on")}
