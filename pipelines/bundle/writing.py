"""Writing of a bundle: results for other programs, results for this one, the report, and the clip."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from models.model_catalog import ALL_MODELS
from models.specs.model_spec import ModelSpec
from pipelines import APP_NAME, APP_VERSION
from pipelines.annotations.jams_document import jams_document
from pipelines.annotations.layers import annotation_layers
from pipelines.bundle.archive import MAX_RATIO
from pipelines.bundle.contents import (
    DESCRIPTION,
    EMBEDDING,
    NOTES,
    OWN_WORDS,
    PICTURES,
    QUESTIONS,
    STORYBOARD,
    TRANSCRIPT,
    BundleContents,
    BundledMap,
    EmbeddingRecord,
    PictureRecord,
    write_result,
)
from pipelines.bundle.errors import NothingToBundle
from pipelines.bundle.manifest import (
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    README,
    REPORT,
    SOUND_FILE,
    BundledClip,
    BundledModel,
    Manifest,
    write_manifest,
)
from pipelines.bundle.models_used import models_used
from pipelines.bundle.report import has_sound_inside, report_page, report_sound
from pipelines.bundle.storyboards import scene_files, storyboard_record
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.embeddings.export import npz_arrays
from pipelines.jobs.model_use import ModelUse
from pipelines.notes.export import export_notes
from pipelines.notes.notes import NoteTranscription
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.formats import FORMATS, Subtitles
from pipelines.wording.times import measured_time

COMPACT = (".png", ".npz", ".mp3")
"""Endings of entries that are compressed already."""


NOTE_FORMATS = ("midi", "csv")
"""Files of the notes beside JSON."""


@dataclass(frozen=True)
class BundleOptions:
    """What goes into a bundle beside the results."""

    with_clip: bool = True
    """Whether the clip itself goes in, without which the bundle opens only where the clip is kept."""
    cues: CueOptions = field(default_factory=CueOptions)
    """Limits of the subtitles."""
    specs: tuple[ModelSpec, ...] = ALL_MODELS
    """The models that results may name: those of the catalogue, those that were trained here among them."""


def write_bundle(
    clip: AudioClip,
    contents: BundleContents,
    path: Path,
    options: BundleOptions = BundleOptions(),
    made: datetime | None = None,
) -> None:
    """Write a bundle to `path`.

    Args:
        clip: the clip.
        contents: its results.
        path: of the ZIP file.
        options: what goes in beside the results.
        made: time that the manifest names; now by default.

    Raises:
        NothingToBundle: there is no result.
        ClipExpired: the clip's files were removed.
    """
    if contents.is_empty:
        raise NothingToBundle
    models, time = models_used(contents, options.specs), made or datetime.now(timezone.utc)
    recording = clip.recording.file
    file = f"clip/clip{recording.suffix.lower()}" if options.with_clip else ""
    with zipfile.ZipFile(path, "w") as archive:
        names = []
        for name, content in _results(contents, clip.name):
            add_entry(archive, name, content)
            names.append(name)
        for name, content in _for_other_programs(clip, contents, options):
            add_entry(archive, name, content)
        sound = report_sound(clip)
        about = f"Made by {APP_NAME} {APP_VERSION} on {time:%Y-%m-%d}. Models can be wrong: check what matters."
        add_entry(archive, REPORT, report_page(clip, contents, models, sound, about).encode("utf-8"))
        if not has_sound_inside(clip):
            add_entry(archive, SOUND_FILE, sound)
        if file:
            archive.write(recording, file, zipfile.ZIP_STORED)
        manifest = _manifest(clip, file, models, tuple(names), time)
        add_entry(archive, MANIFEST, write_manifest(manifest))
        add_entry(archive, README, _readme(manifest).encode("utf-8"))


def add_entry(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add an entry; one that shrinks as much as a bomb's would is stored as it is."""
    compression = zipfile.ZIP_STORED if name.endswith(COMPACT) else zipfile.ZIP_DEFLATED
    if compression == zipfile.ZIP_DEFLATED:
        trial = io.BytesIO()
        with zipfile.ZipFile(trial, "w", zipfile.ZIP_DEFLATED) as single:
            single.writestr(name, content)
        if len(content) > MAX_RATIO // 2 * trial.tell():
            compression = zipfile.ZIP_STORED
    archive.writestr(name, content, compression)


def _results(contents: BundleContents, clip_name: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the entries from which the app brings the results back."""
    singles = {
        TRANSCRIPT: contents.transcript,
        DESCRIPTION: contents.description,
        NOTES: contents.notes,
        OWN_WORDS: contents.own_words,
    }
    for name, result in singles.items():
        if result is not None:
            yield name, write_result(name, result)
    if contents.questions:
        yield QUESTIONS, write_result(QUESTIONS, contents.questions)
    if contents.pictures:
        records = []
        for number, picture in enumerate(contents.pictures, 1):
            record = PictureRecord(f"pictures/{number:03}.png", picture.seed, picture.words, picture.start, picture.end)
            records.append(record)
            yield record.file, picture.content
        yield PICTURES, write_result(PICTURES, tuple(records))
    if contents.storyboard:
        yield from scene_files(contents.storyboard)
        yield STORYBOARD, write_result(STORYBOARD, storyboard_record(contents.storyboard))
    if contents.map:
        yield f"embeddings/{contents.map.embedding.encoder.key}.npz", _npz(contents.map, clip_name)
        yield EMBEDDING, write_result(EMBEDDING, _record(contents.map, has_description=contents.description is not None))


def _npz(shown: BundledMap, clip_name: str) -> bytes:
    content = io.BytesIO()
    arrays: dict[str, Any] = npz_arrays(shown.embedding, clip_name, shown.map)
    np.savez(content, **arrays)
    return content.getvalue()


def _record(shown: BundledMap, has_description: bool) -> EmbeddingRecord:
    embedding = shown.embedding
    names = ("model", "model_reason", "licence", "dtype", "device", "state", "elapsed", "from_store")
    use = ModelUse(**{name: getattr(embedding, name) for name in names})
    return EmbeddingRecord(
        encoder=embedding.encoder.key,
        layer=embedding.layer,
        frame_seconds=embedding.frame_seconds,
        kinds=embedding.kinds,
        use=use,
        map=shown.map,
        options=shown.options,
        colour=shown.colour,
        # A description holds the rest.
        analyses=ClipAnalyses(words=shown.analyses.words) if has_description else shown.analyses,
    )


def _for_other_programs(clip: AudioClip, contents: BundleContents, options: BundleOptions) -> Iterator[tuple[str, bytes]]:
    """Yield subtitles and annotations."""
    if contents.transcript:
        version = contents.transcript
        subtitles = Subtitles(version.transcription, version.options, options.cues, clip.name, APP_VERSION)
        for file_format in FORMATS.values():
            yield f"subtitles/subtitles{file_format.ending}", file_format.encode(subtitles)
    layers = annotation_layers(contents.findings(clip.duration))
    if layers:
        yield "facts/facts.jams", _json(jams_document(layers, clip.name, clip.duration, APP_VERSION))
    if contents.description:
        yield "facts/facts.json", _json(contents.description.to_dict())
    if contents.notes:
        yield "notes/notes.json", _json(contents.notes.to_dict())
        if contents.notes.notes:
            yield from _note_files(contents.notes)


def _note_files(notes: NoteTranscription) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        for note_format in NOTE_FORMATS:
            path = export_notes(notes, note_format, Path(folder), "notes")
            yield f"notes/{path.name}", path.read_bytes()


def _json(document: object) -> bytes:
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode("utf-8")


def _manifest(clip: AudioClip, file: str, models: tuple[BundledModel, ...], parts: tuple[str, ...], made: datetime) -> Manifest:
    bundled = BundledClip(
        name=clip.name,
        duration=clip.duration,
        sample_rate=clip.sample_rate,
        channels=clip.channels,
        content_hash=clip.content_hash,
        track=clip.track,
        channel=clip.channel,
        file=file,
    )
    return Manifest(FORMAT, FORMAT_VERSION, APP_VERSION, made.isoformat(timespec="seconds"), bundled, models, parts)


def _readme(manifest: Manifest) -> str:
    """Return the text that says what lies where, and which models made it under which licences."""
    clip = manifest.clip
    lines = [
        f"{clip.name}, {measured_time(clip.duration)}",
        f"Results of {APP_NAME} {manifest.app_version}, {manifest.made}",
        "",
        "report.html    all results on one page; open it in a browser, no network is needed",
        "sound.mp3      the sound of that page, where the clip is long",
        "subtitles/     the transcript as text, subtitles and JSON",
        "facts/         beats, chords, key, sections, sounds and words as JSON and JAMS",
        "notes/         the notes as MIDI and more",
        "pictures/      PNG files with their settings inside",
        "storyboard/    one for each scene",
        "embeddings/    frames, times and map as NumPy arrays (NPZ)",
        "results/       what Audioscope reads when this file is dropped on its page",
        "clip/          the recording itself" + ("" if clip.file else "; left out"),
        "",
        "Folders without results are left out. Models can be wrong: check what matters.",
        "",
        "Models and licences",
    ]
    for model in manifest.models:
        origin = ", ".join(filter(None, (model.source, model.version)))
        lines.append(f"- {model.title} ({origin}): {model.licence} {model.licence_url}")
    return "\n".join(lines) + "\n"
