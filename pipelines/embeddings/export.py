"""Export of embeddings: frames and times as NPZ and Parquet, TSV files for TensorBoard's projector, and the map as JSON."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import AnyArray, FloatArray, IntArray
from pipelines import APP_NAME
from pipelines.embeddings.colouring import Colouring
from pipelines.embeddings.embedding_types import ClipEmbedding
from pipelines.embeddings.map import EmbeddingMap, landmark_indices
from pipelines.wording.file_texts import text_cell

VERSION = 1
ROW_GROUP_FRAMES = 4096
"""Number of frames written at once, so that a file needs little memory beside the frames."""
MAX_PROJECTOR_FRAMES = 10_000
"""Number of frames that TensorBoard's projector, which runs in a browser, can display; more are thinned evenly."""
DECIMALS = 6
MAP_DECIMALS = 4


def export_metadata(embedding: ClipEmbedding, clip_name: str) -> dict[str, Any]:
    """Return the metadata of an exported file: clip, encoder, layer, model."""
    return {
        "app": APP_NAME,
        "version": VERSION,
        "clip": clip_name,
        "content_hash": embedding.content_hash,
        "duration_seconds": embedding.duration,
        "encoder": embedding.encoder.key,
        "layer": embedding.layer,
        "frame_seconds": embedding.frame_seconds,
        "model": embedding.model,
        "licence": embedding.licence,
        "dtype": embedding.dtype,
    }


def npz_arrays(embedding: ClipEmbedding, clip_name: str, embedding_map: EmbeddingMap | None = None) -> dict[str, AnyArray]:
    """Return the arrays of an NPZ file by their names; none has objects, which would be pickled.

    `frames` float32 [n, width], `times` float64 [n] in seconds, `labels` [n] where frames are tokens, `points` [n, 2 or 3] of the
    map, and `metadata` as JSON.
    """
    arrays: dict[str, AnyArray] = {"frames": embedding.frames, "times": embedding.times}
    if embedding.labels:
        arrays["labels"] = np.array(embedding.labels)
    if embedding_map is not None:
        arrays["points"] = embedding_map.points
    arrays["metadata"] = np.array(json.dumps(export_metadata(embedding, clip_name), ensure_ascii=False))
    return arrays


def save_npz(path: Path, embedding: ClipEmbedding, clip_name: str, embedding_map: EmbeddingMap | None = None) -> None:
    """Write an NPZ file for `numpy.load`; see `npz_arrays`."""
    with open(path, "wb") as file:  # numpy would append .npz to another name
        np.savez(file, **npz_arrays(embedding, clip_name, embedding_map))  # type: ignore[arg-type]  # as in `librosa_features.save_npz`


def save_parquet(path: Path, embedding: ClipEmbedding, clip_name: str, colourings: Sequence[Colouring] = ()) -> None:
    """Write a Parquet file with a row for each frame: `time` in seconds, `frame` as a list of float32, and the colourings.

    Where frames are tokens there is a `label` column. The schema's metadata has `export_metadata` as JSON under 'audioscope'.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kept = [colouring for colouring in colourings if colouring.key != "time"]
    fields = [pa.field("time", pa.float64()), pa.field("frame", pa.list_(pa.float32(), embedding.frames.shape[1]))]
    fields += [pa.field("label", pa.string())] if embedding.labels else []
    fields += [pa.field(one.key, pa.float32() if one.kind == "continuous" else pa.string()) for one in kept]
    metadata = json.dumps(export_metadata(embedding, clip_name), ensure_ascii=False)
    schema = pa.schema(fields, metadata={"audioscope": metadata})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(embedding.frames), ROW_GROUP_FRAMES):
            rows = range(start, min(start + ROW_GROUP_FRAMES, len(embedding.frames)))
            part = slice(rows.start, rows.stop)
            columns = [pa.array(embedding.times[part]), _lists(embedding.frames[part])]
            columns += [pa.array(embedding.labels[part])] if embedding.labels else []
            columns += [_column(one, rows) for one in kept]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def save_projector_files(
    path: Path,
    embedding: ClipEmbedding,
    clip_name: str,
    colourings: Sequence[Colouring] = (),
    max_frames: int = MAX_PROJECTOR_FRAMES,
) -> None:
    """Write a ZIP with `vectors.tsv` and `metadata.tsv` for projector.tensorflow.org or TensorBoard.

    More than `max_frames` frames are thinned evenly. The metadata have a `label`, the `time` in seconds, a column for each
    colouring, and `__next__`, the index of the following row, along which the projector draws the path through time.
    """
    chosen = landmark_indices(len(embedding.frames), max_frames)
    kept = [colouring for colouring in colourings if colouring.key not in ("time", "word")]
    words = [colouring for colouring in colourings if colouring.key == "word"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "vectors.tsv", (map(_number, embedding.frames[row].tolist()) for row in chosen))
        header = ("label", "time", "clip", *(one.key for one in kept), "__next__")
        _write(archive, "metadata.tsv", _metadata(embedding, clip_name, header, kept, words, chosen))


def map_document(
    embedding_map: EmbeddingMap, clips: Sequence[tuple[str, ClipEmbedding]], colourings: Iterable[Colouring] = ()
) -> dict[str, Any]:
    """Return the map as a JSON document: points, times, options, and colourings by their keys.

    Args:
        embedding_map: of all clips.
        clips: (name, embedding) of each, in the order in which they were stacked; `clip_index` has the index of each point's.
        colourings: of the same frames.
    """
    return {
        "app": APP_NAME,
        "version": VERSION,
        "clips": [export_metadata(embedding, name) for name, embedding in clips],
        "method": embedding_map.method,
        "options": asdict(embedding_map.options),
        "explained_variance_ratio": [round(ratio, DECIMALS) for ratio in embedding_map.explained_variance_ratio],
        "note": embedding_map.note,
        "clip_index": [number for number, (_, embedding) in enumerate(clips) for _ in range(len(embedding.times))],
        "times": [time for _, embedding in clips for time in _rounded(embedding.times)],
        "labels": [label for _, embedding in clips for label in embedding.labels],
        "points": _rounded(embedding_map.points),
        "colourings": {one.key: _colouring_document(one) for one in colourings if one.key != "time"},
    }


def save_map(
    path: Path, embedding_map: EmbeddingMap, clips: Sequence[tuple[str, ClipEmbedding]], colourings: Iterable[Colouring] = ()
) -> None:
    """Write `map_document` to a file."""
    document = map_document(embedding_map, clips, colourings)
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _colouring_document(colouring: Colouring) -> dict[str, Any]:
    values = _rounded(colouring.values) if colouring.kind == "continuous" else colouring.values.tolist()
    return {"label": colouring.label, "kind": colouring.kind, "unit": colouring.unit, "names": colouring.names, "values": values}


def _rounded(values: AnyArray) -> Any:
    return np.round(values.astype(np.float64), MAP_DECIMALS).tolist()


def _lists(frames: FloatArray) -> Any:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(frames.reshape(-1)), frames.shape[1])


def _column(colouring: Colouring, rows: range) -> Any:
    import pyarrow as pa

    if colouring.kind == "continuous":
        return pa.array(colouring.values[rows.start : rows.stop])
    return pa.array([colouring.name_of(row) or None for row in rows], pa.string())


def _metadata(
    embedding: ClipEmbedding,
    clip_name: str,
    header: tuple[str, ...],
    colourings: Sequence[Colouring],
    words: Sequence[Colouring],
    chosen: IntArray,
) -> Iterator[Iterable[str]]:
    yield header
    for number, row in enumerate(chosen.tolist()):
        time = f"{embedding.times[row]:.3f}"
        texts = [embedding.labels[row]] if embedding.labels else [word.name_of(row) for word in words]
        label = " ".join(filter(None, (f"{time} s", *texts)))
        following = str(number + 1) if number + 1 < len(chosen) else ""
        yield map(_plain, (label, time, clip_name, *(one.name_of(row) for one in colourings), following))


def _write(archive: zipfile.ZipFile, name: str, rows: Iterable[Iterable[str]]) -> None:
    """Write tab-separated lines; the projector accepts no trailing newline and no quotes."""
    with archive.open(name, "w") as file:
        for number, row in enumerate(rows):
            file.write((("\n" if number else "") + "\t".join(row)).encode())


def _number(value: float) -> str:
    return f"{value:.{DECIMALS}g}"


def _plain(text: str) -> str:
    return text_cell(" ".join(text.split()))
