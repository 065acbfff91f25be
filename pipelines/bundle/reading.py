"""Reading of a bundle, which anybody may have made: everything is checked before it is used, and nothing in it is run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import AnyArray
from models.errors import AudioscopeError
from models.model_catalog import ModelCatalog
from models.output_limits import NO_LIMITS, OutputLimits, TooMuchOutput
from models.stopping import never_stop
from pipelines.bundle.archive import CheckedArchive
from pipelines.bundle.arrays_file import read_npz
from pipelines.bundle.contents import (
    DESCRIPTION,
    EMBEDDING,
    NOTES,
    OWN_WORDS,
    PICTURES,
    QUESTIONS,
    RESULTS,
    STORYBOARD,
    TRANSCRIPT,
    BundleContents,
    BundledMap,
    BundledPicture,
    EmbeddingRecord,
    PictureRecord,
    read_result,
)
from pipelines.bundle.errors import BundleRefused, BundleWithoutClip
from pipelines.bundle.manifest import MANIFEST, README, REPORT, SOUND_FILE, Manifest, read_manifest
from pipelines.bundle.plausibility import check_plausible
from pipelines.bundle.storyboards import StoryboardRecord, read_storyboard
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore
from pipelines.description.description import ClipDescription
from pipelines.embeddings.colouring import ClipAnalyses
from pipelines.embeddings.embedding_types import ClipEmbedding, check_frames
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.encoders.registry import encoders
from pipelines.film.storyboard_types import Storyboard
from pipelines.isolation.isolation import Isolation
from pipelines.pictures.files.png_file import read_png
from pipelines.pictures.options import Picture
from pipelines.pictures.png_metadata import picture_from_png, png_bytes

MAX_ENTRIES = 500
MAX_TEXT_BYTES, MAX_RESULT_BYTES, MAX_PICTURE_BYTES = 2**27, 2**27, 2**25
MAX_PICTURES = 200
MAX_PAGE_BYTES = 2**28
MAX_SOUND_BYTES = 2**29
MAX_CLIP_SECONDS_APART = 0.1
"""Difference between the duration of the clip and that in the manifest from which the results belong to another clip."""


@dataclass(frozen=True, eq=False)
class OpenedBundle:
    """A bundle that was read."""

    clip: AudioClip
    """Its notes say what could not be brought back."""
    contents: BundleContents


def open_bundle(
    file: Path,
    clips: ClipStore,
    catalog: ModelCatalog,
    find_clip: Callable[[str], AudioClip | None],
    should_stop: Callable[[], bool] = never_stop,
    outputs: OutputLimits = NO_LIMITS,
) -> OpenedBundle:
    """Open the clip of a bundle and read its results; no model runs.

    Args:
        file: the ZIP file.
        clips: where the clip is opened; its `isolation` reads the pictures too.
        catalog: knows the encoders.
        find_clip: returns the clip of a content hash that this person may see, for a bundle that holds results alone.
        should_stop: called while the clip is decoded.
        outputs: bound what is shown.

    Raises:
        BundleRefused: the file is no bundle, damaged or hostile; says what is wrong.
        NewerBundle: a later version of the app wrote it.
        TooMuchOutput: its transcript has more words than one may have.
        BundleWithoutClip: it holds results alone, and `find_clip` finds nothing.
        ClipError: see `ClipStore.open`.
        JobStopped: `should_stop` returned True.
    """
    with open(file, "rb") as stream, CheckedArchive(stream, _expected(clips), MAX_ENTRIES, _total(clips)) as archive:
        manifest = read_manifest(archive.read(MANIFEST))
        with _faults_as_refusal():
            contents, notes = _contents(archive, manifest, catalog, clips.isolation)
            check_plausible(contents, manifest.clip.duration)
        _check_size(contents, outputs)
        clip = _clip(archive, manifest, clips, find_clip, should_stop)
    if not abs(clip.duration - manifest.clip.duration) <= MAX_CLIP_SECONDS_APART:  # also if that is no number
        raise BundleRefused("its results are those of another clip")
    return OpenedBundle(replace(clip.named(manifest.clip.name), notes=(*clip.notes, *notes)), contents)


def _check_size(contents: BundleContents, outputs: OutputLimits) -> None:
    if not contents.transcript:
        return
    transcription = contents.transcript.transcription
    before_last_line = replace(transcription, segments=transcription.segments[:-1])  # one that ended at the limit has that line
    if before_last_line.within(outputs).limit:
        raise TooMuchOutput(f"Its transcript has more than {outputs.words:,} words, the most that one can have here.")


def _expected(clips: ClipStore) -> dict[str, int]:
    """Return the patterns of the names of entries, with their largest sizes."""
    return {
        MANIFEST: MAX_TEXT_BYTES,
        README: MAX_TEXT_BYTES,
        REPORT: MAX_PAGE_BYTES,
        SOUND_FILE: MAX_SOUND_BYTES,
        "|".join(RESULTS): MAX_RESULT_BYTES,
        r"(pictures|storyboard)/[0-9]{3}\.png": MAX_PICTURE_BYTES,
        r"embeddings/[a-z0-9-]{1,60}\.npz": MAX_PAGE_BYTES,
        r"(subtitles|facts|notes)/[a-z0-9-]{1,60}\.(txt|srt|vtt|lrc|tsv|json|jams|rttm|mid|musicxml|csv|svg|pdf)": MAX_TEXT_BYTES,
        r"clip/(clip\.[a-z0-9]{1,5}|original)": clips.limits.max_bytes,
    }


def _total(clips: ClipStore) -> int:
    return clips.limits.max_bytes + MAX_PAGE_BYTES + MAX_SOUND_BYTES + MAX_RESULT_BYTES


@contextmanager
def _faults_as_refusal() -> Iterator[None]:
    """Refuse a bundle whose parts do not fit together."""
    try:
        yield
    except AudioscopeError as error:
        raise error if isinstance(error, BundleRefused) else BundleRefused("its parts do not fit together") from error
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise BundleRefused("its parts do not fit together") from error


def _contents(
    archive: CheckedArchive, manifest: Manifest, catalog: ModelCatalog, isolation: Isolation
) -> tuple[BundleContents, tuple[str, ...]]:
    def result(name: str, otherwise: Any = None) -> Any:
        return read_result(name, archive.read(name)) if name in archive.names else otherwise

    description, record = result(DESCRIPTION), result(EMBEDDING)
    known = {encoder.key: encoder for encoder in encoders(catalog)}
    encoder = known.get(record.encoder) if record else None
    contents = BundleContents(
        transcript=result(TRANSCRIPT),
        description=description,
        notes=result(NOTES),
        questions=result(QUESTIONS, ()),
        own_words=result(OWN_WORDS),
        pictures=_pictures(archive, result(PICTURES, ()), isolation),
        storyboard=_storyboard(archive, result(STORYBOARD), isolation),
        map=_map(archive, record, encoder, manifest, description) if record and encoder else None,
    )
    if contents.is_empty and record is None:
        raise BundleRefused("it holds no results")
    lost = record is not None and encoder is None
    return contents, ("The map was made by a model that this installation does not have.",) if lost else ()


def _pictures(archive: CheckedArchive, records: tuple[PictureRecord, ...], isolation: Isolation) -> tuple[BundledPicture, ...]:
    """Return the pictures, written anew: what comes out of the bundle is pixels and checked settings."""
    if len(records) > MAX_PICTURES:
        raise BundleRefused("it has too many pictures")
    pictures = []
    for record in records:
        content = png_bytes(_picture(archive.read(record.file), isolation))
        pictures.append(BundledPicture(content, record.seed, record.words, record.start, record.end))
    return tuple(pictures)


def _storyboard(archive: CheckedArchive, record: StoryboardRecord | None, isolation: Isolation) -> Storyboard | None:
    return read_storyboard(record, lambda file: _picture(archive.read(file), isolation)) if record else None


def _picture(content: bytes, isolation: Isolation) -> Picture:
    """Return a picture with the settings inside its file."""
    settings = picture_from_png(content, isolation).settings
    return Picture(read_png(content, isolation), settings.seed, settings)


def _map(
    archive: CheckedArchive,
    record: EmbeddingRecord,
    encoder: Encoder,
    manifest: Manifest,
    description: ClipDescription | None,
) -> BundledMap:
    arrays = read_npz(archive.read(f"embeddings/{record.encoder}.npz"))
    frames, times, points = _numbers(arrays, "frames", 2), _numbers(arrays, "times", 1), record.map.points
    labels = tuple(str(label) for label in arrays.get("labels", np.array((), dtype=np.str_)))
    is_fitting = (
        len(frames) == len(times) == len(points)
        and points.ndim == 2
        and points.shape[1] == record.map.options.dimensions
        and len(labels) in (0, len(frames))
        and len(record.kinds) == len(labels)
        and record.layer in encoder.layers
        and bool((np.diff(times) >= 0).all())
    )
    if not is_fitting:
        raise BundleRefused("its map does not fit its embedding")
    check_frames(frames)
    analyses = record.analyses
    if description:
        analyses = ClipAnalyses(description.sounds, description.facts, analyses.words)
    embedding = ClipEmbedding(
        **{name: getattr(record.use, name) for name in record.use.__dataclass_fields__},
        frames=np.ascontiguousarray(frames, dtype=np.float32),
        times=np.ascontiguousarray(times, dtype=np.float64),
        frame_seconds=record.frame_seconds,
        encoder=encoder,
        layer=record.layer,
        content_hash=manifest.clip.content_hash,
        duration=manifest.clip.duration,
        labels=labels,
        kinds=record.kinds,
    )
    return BundledMap(embedding, record.map, record.options, record.colour, analyses)


def _numbers(arrays: dict[str, AnyArray], name: str, dimensions: int) -> AnyArray:
    array = arrays.get(name)
    if array is None or array.dtype.kind != "f" or array.ndim != dimensions or not array.size or not np.isfinite(array).all():
        raise BundleRefused("its embedding is damaged")
    return array


def _clip(
    archive: CheckedArchive,
    manifest: Manifest,
    clips: ClipStore,
    find_clip: Callable[[str], AudioClip | None],
    should_stop: Callable[[], bool],
) -> AudioClip:
    bundled = manifest.clip
    if not bundled.file:
        clip = find_clip(bundled.content_hash)
        if clip is None:
            raise BundleWithoutClip
        return clip
    if not bundled.file.startswith("clip/") or bundled.track < 0 or (bundled.channel is not None and bundled.channel < 0):
        raise BundleRefused("what it names as its clip is none")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(bundled.file).name
        archive.copy(bundled.file, file)
        is_part = bundled.channel is not None or bundled.track > 0
        track = bundled.track if is_part else None
        return clips.open(file, name=bundled.name, track=track, channel=bundled.channel, should_stop=should_stop)
