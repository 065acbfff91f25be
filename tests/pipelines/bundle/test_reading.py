"""Opening of bundles: everything comes back as it was, and what is hostile or damaged is refused in one sentence."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import AudioscopeError
from models.output_limits import OutputLimits, TooMuchOutput
from pipelines.bundle import writing
from pipelines.bundle.archive import CheckedArchive
from pipelines.bundle.arrays_file import read_npz
from pipelines.bundle.contents import TRANSCRIPT, BundleContents
from pipelines.bundle.errors import BundleRefused, BundleWithoutClip, NewerBundle
from pipelines.bundle.reading import MAX_ENTRIES, OpenedBundle, open_bundle
from pipelines.bundle.writing import BundleOptions, write_bundle
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from services import Services
from tests.pipelines.bundle.changed_entries import (
    Change,
    Entries,
    Opener,
    with_arrays,
    with_entry,
    with_json,
    with_manifest,
    zipped,
)
from tests.pipelines.bundle.toy_results import same


def test_everything_comes_back_as_it_was(opened: Opener, bundle: Path, contents: BundleContents, bundled_clip: AudioClip) -> None:
    back = opened(bundle.read_bytes())
    assert (back.clip.name, back.clip.content_hash, back.clip.notes) == ("Waltz", bundled_clip.content_hash, ())
    for field in fields(contents):
        found, other = getattr(back.contents, field.name), getattr(contents, field.name)
        if field.name == "map":  # the embedding is that of the clip now
            other = replace(other, embedding=replace(other.embedding, content_hash=back.clip.content_hash, duration=48.0))
        assert same(found, other), field.name


def test_edits_that_come_back_can_be_undone_and_done_again(
    opened: Opener, bundled_clip: AudioClip, contents: BundleContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "report_sound", lambda clip: b"")
    assert contents.transcript
    (line,) = contents.transcript.items
    corrected = contents.transcript.with_items((replace(line, text="Hello, you two"),))
    edited = corrected.with_items((replace(line, text="Hello, you three"),)).undo()
    write_bundle(bundled_clip, BundleContents(edited), tmp_path / "edited.zip", BundleOptions(with_clip=False))
    back = opened((tmp_path / "edited.zip").read_bytes(), bundled_clip).contents.transcript
    assert back == edited
    assert [step.items[0].text for step in (back.undo(), back.redo())] == ["Hello, you", "Hello, you three"]


def test_results_alone_need_the_clip_that_the_person_has(
    opened: Opener, bundled_clip: AudioClip, contents: BundleContents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "report_sound", lambda clip: b"")
    write_bundle(bundled_clip, contents, tmp_path / "results.zip", BundleOptions(with_clip=False))
    content = (tmp_path / "results.zip").read_bytes()
    assert opened(content, bundled_clip).clip.content_hash == bundled_clip.content_hash
    with pytest.raises(BundleWithoutClip, match="open the recording first"):
        opened(content)


DEEP = b"[" * 100_000 + b"]" * 100_000
REFUSED: dict[str, Change] = {
    "slip upwards": with_entry("../evil.txt"),
    "slip inside": with_entry("pictures/../../001.png"),
    "absolute": with_entry("/etc/passwd"),
    "drive": with_entry("C:/evil.txt"),
    "backslash": with_entry("clip\\..\\evil.wav"),
    "script in a name": with_entry("<script>alert(1)</script>.png"),
    "name that is not ASCII": with_entry("pictures/\u202e001.png"),
    "folder": with_entry("results/", b""),
    "another program": with_entry("results/run.py"),
    "nested zip": with_entry("results/inner.zip", zipped({"a": b"b"})),
    "too many entries": lambda entries: entries.update({f"facts/a{number}.json": b"" for number in range(MAX_ENTRIES)}),
    "no manifest": lambda entries: entries.pop("manifest.json"),
    "another manifest": with_entry("manifest.json", b"{}"),
    "deep manifest": with_entry("manifest.json", DEEP),
    "manifest that is no text": with_entry("manifest.json", b"\xff\xfe\x00"),
    "another format": with_manifest(format="other"),
    "version of a wrong type": with_manifest(format_version="1"),
    "version before the first": with_manifest(format_version=0),
    "clip elsewhere": with_json("manifest.json", lambda found: found["clip"].update(file="results/notes.json")),
    "clip of another length": with_json("manifest.json", lambda found: found["clip"].update(duration=5.0)),
    "clip of no length": with_json("manifest.json", lambda found: found["clip"].update(duration=float("nan"))),
    "channel before the first": with_json("manifest.json", lambda found: found["clip"].update(channel=-1)),
    "clip outside": with_json("manifest.json", lambda found: found["clip"].update(file="clip/../../x")),
    "deep results": with_entry("results/transcript.json", DEEP),
    "wrong types": with_json("results/transcript.json", lambda found: found.update(id=[1])),
    "numbers as texts": with_json("results/notes.json", lambda found: found.update(duration="48")),
    "infinite": with_entry("results/questions.json", b'[{"question":"","answer":"","by":"","spans":[[0,1e999]]}]'),
    "not a number": with_entry("results/questions.json", b'[{"question":"","answer":"","by":"","spans":[[0,NaN]]}]'),
    "array of another shape": with_json("results/description.json", lambda found: found["sounds"]["scores"].update(shape=[9, 9])),
    "array of a huge shape": with_json(
        "results/embedding.json", lambda found: found["map"]["points"].update(shape=[2**40, 2**40])
    ),
    "pickled objects": with_arrays(labels=np.array([{"a": 1}] * 24, dtype=object)),
    "frames that are no numbers": with_arrays(frames=np.full((24, 1024), np.nan, dtype=np.float32)),
    "frames of another number": with_arrays(frames=np.zeros((23, 1024), dtype=np.float32)),
    "times that go back": with_arrays(times=np.arange(24.0)[::-1]),
    "damaged arrays": with_entry("embeddings/yamnet.npz", b"PK"),
    "picture without settings": with_entry("pictures/001.png", b"GIF89a<script>"),
    "results without any": lambda entries: [entries.pop(name) for name in list(entries) if name.startswith("results/")],
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_bundle_is_refused_in_words(opened: Opener, entries: Entries, change: Change) -> None:
    changed = dict(entries)
    change(changed)
    with pytest.raises(BundleRefused) as refused:
        opened(zipped(changed))
    sentence = str(refused.value)
    assert sentence.startswith("This bundle cannot be opened, because ") and "<" not in sentence and "/etc" not in sentence


def test_a_newer_bundle_asks_for_an_update(opened: Opener, entries: Entries) -> None:
    changed = dict(entries)
    with_manifest(format_version=2, parts={"of": "another kind"})(changed)
    with pytest.raises(NewerBundle, match=r"newer version of Audioscope: please update"):
        opened(zipped(changed))


def with_flags(content: bytes, flag: int) -> bytes:
    """Set a flag of the first entry in its own header and in the directory."""
    changed, directory = bytearray(content), content.index(b"PK\x01\x02")
    for place in (6, directory + 8):
        flags = struct.unpack_from("<H", changed, place)[0]
        struct.pack_into("<H", changed, place, flags | flag)
    return bytes(changed)


def as_link(entries: Entries) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("pictures/002.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def twice(entries: Entries) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, content in [*entries.items(), ("manifest.json", b"{}")]:
            archive.writestr(name, content)
    return file.getvalue()


def test_a_file_that_is_no_plain_zip_is_refused(opened: Opener, entries: Entries) -> None:
    content = zipped(entries)
    bad_name = content.replace(b"README.txt", b"READM\xff.txt")
    overlapping = bytearray(content)
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", overlapping, second + 20, len(content))
    cases = {
        "encrypted": with_flags(content, 0x1),
        "no UTF-8": with_flags(bad_name, 0x800),
        "name of another code page": bad_name,
        "link": as_link(entries),
        "two of one name": twice(entries),
        "cut off": content[:-100],
        "cut off at the front": content[100:],
        "comment": content[:-2] + b"\x05\0hello",
        "overlap": bytes(overlapping),
        "empty": b"",
        "no zip": b"PK\x03\x04" + b"\0" * 100,
    }
    for name, case in cases.items():
        with pytest.raises(BundleRefused):
            opened(case)
            pytest.fail(name)


def test_bombs_are_refused_before_anything_is_unpacked() -> None:
    bomb = zipped({"a": b"\0" * 2**21})
    limits = {"a": 2**30}
    with pytest.raises(BundleRefused, match="unpacks to more"):
        CheckedArchive(io.BytesIO(bomb), limits, 10, 2**30)
    plain = zipped({"a": np.random.default_rng(0).bytes(2**12)})
    with pytest.raises(BundleRefused, match="larger when unpacked"):
        CheckedArchive(io.BytesIO(plain), limits, 10, 2**11)
    with pytest.raises(BundleRefused, match="larger than it may be"):
        CheckedArchive(io.BytesIO(plain), {"a": 2**11}, 10, 2**30)
    directory = bytearray(plain)
    struct.pack_into("<I", directory, len(plain) - 10, 2**30)
    with pytest.raises(BundleRefused, match="more entries"):
        CheckedArchive(io.BytesIO(bytes(directory)), limits, 10, 2**30)


def test_an_array_that_promises_more_than_it_holds_takes_no_memory() -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    with pytest.raises(BundleRefused, match="not as large as it says"):
        read_npz(zipped({"frames.npy": header.getvalue() + b"\0" * 64}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_ends_in_a_sentence(opened: Opener, entries: Entries, data: st.DataObject) -> None:
    small = {
        name: content for name, content in entries.items() if name.startswith(("manifest", "results/q", "results/t", "clip/"))
    }
    content = bytearray(zipped(small))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        back = opened(bytes(content))
    except AudioscopeError as error:
        assert str(error)
    else:
        assert back.contents.transcript or back.contents.questions


def damaged(value: object, data: st.DataObject) -> object:
    """Replace one value somewhere inside JSON by another."""
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: damaged(value[key], data)}
    if isinstance(value, list) and value:
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], damaged(value[index], data), *value[index + 1 :]]
    return data.draw(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just([]) | st.just({}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_other_value_in_the_results_ends_in_a_sentence_or_a_result(
    opened: Opener, entries: Entries, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([name for name in entries if name.startswith("results/")]))
    without_clip = dict(entries)
    changed = damaged(json.loads(entries[name]), data)
    without_clip[name] = json.dumps(changed).encode()
    try:
        opened(zipped(without_clip))
    except AudioscopeError as error:
        assert str(error)


def test_a_transcript_that_goes_on_after_the_most_words_is_refused_and_one_that_ends_there_is_not(
    services: Services, entries: Entries, tmp_path: Path
) -> None:
    def opened_with_limit(content: bytes) -> OpenedBundle:
        (tmp_path / "given.zip").write_bytes(content)
        store, catalog = ClipStore(tmp_path / "clips"), services.runtime.catalog
        return open_bundle(tmp_path / "given.zip", store, catalog, lambda content_hash: None, outputs=OutputLimits(words=1))

    assert opened_with_limit(zipped(entries)).contents.transcript  # two words in one line, after which a transcript ends
    transcript = json.loads(entries[TRANSCRIPT])
    lines = transcript["transcription"]["segments"]
    lines.append({**lines[0], "start": 2.5, "end": 3.0})
    with pytest.raises(TooMuchOutput, match=r"more than 1 words, the most that one can have here\."):
        opened_with_limit(zipped({**entries, TRANSCRIPT: json.dumps(transcript).encode()}))
