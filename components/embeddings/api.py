"""The endpoints of the embeddings, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np

from components.clip.clip_input import open_for_api
from components.embeddings.clips_panel import best_for_clips, library_options, near_words
from components.embeddings.controls import encoder_of, facts_of
from components.page.documents import as_document
from components.page.downloads import new_files_folder
from components.page.events import borrowing
from components.page.user_errors import report_errors
from models.errors import InvalidOption
from models.model_catalog import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.errors import NoClip
from pipelines.embeddings.embed import (
    ClipEmbedding,
    EmbeddingOptions,
    Encoder,
    embed_clip,
    encoders,
)
from pipelines.embeddings.library import NearClip
from pipelines.embeddings.map import (
    MapOptions,
    check_map_options,
    remembered_map,
    stacked,
)
from services import Services

MAX_CLIPS = 8
TEXT_ENCODERS = "an encoder that shares a space with texts, such as a CLAP model"


def add_embedding_endpoints(services: Services) -> None:
    """Add them to the page's API."""

    @report_errors
    def embed_audio(audio: gr.FileData, encoder: str = AUTO, layer: str = "") -> tuple[gr.FileData, dict[str, Any]]:
        """Turn a recording into what a model hears: a vector for each frame of the sound.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            encoder: 'auto', or a key such as 'whisper-base-encoder', 'yamnet'; a wrong one is answered with a list of all.
            layer: such as 'layer 3'; '' for the encoder's usual one. A wrong one is answered with a list of all.

        Returns:
            An NPZ file with frames [frames, width] and times [frames], in seconds, the centre of each; and encoder {key,
            title, facts, layers}, layer, frames, width, frame_seconds, duration, model, licence, dtype, device, elapsed.
        """
        clip = open_for_api(services, audio)
        embedding = _embedding(services, clip, EmbeddingOptions(encoder, layer))
        return _npz(clip, embedding), _facts(embedding)

    @report_errors
    def map_embeddings(
        audio: list[gr.FileData],
        encoder: str = AUTO,
        layer: str = "",
        method: str = "pca",
        dimensions: int = 2,
        neighbours: int = MapOptions.neighbours,
        perplexity: float = MapOptions.perplexity,
        min_distance: float = MapOptions.min_distance,
        seed: int = 0,
    ) -> dict[str, Any]:
        """Lay out every moment of one or more recordings as a point, so that moments that a model finds alike lie together.

        Args:
            audio: one to eight recordings, for one map.
            encoder: 'auto', or a key as in `embed_audio`.
            layer: of the encoder; '' for its usual one.
            method: 'pca', 'tsne', 'umap' or 'spectral'.
            dimensions: 2 or 3.
            neighbours: that each moment is compared with, by UMAP and spectral maps.
            perplexity: of t-SNE.
            min_distance: between two points, of UMAP.
            seed: the same seed gives the same map.

        Returns:
            points [[x, y (, z)]] in -1 to 1; clip [which recording each point is of, from 0]; times [seconds in its recording];
            explained, PCA's share of the variance along each axis; method; note; seconds; embeddings [facts of each recording].
        """
        values: dict[str, Any] = {"method": method, "dimensions": dimensions}
        options = MapOptions(**values, neighbours=neighbours, perplexity=perplexity, min_distance=min_distance, seed=seed)
        check_map_options(options)
        if not 1 <= len(audio) <= MAX_CLIPS:
            raise InvalidOption("number of recordings", len(audio), f"1 to {MAX_CLIPS}")
        clips = [open_for_api(services, one) for one in audio]
        embeddings = [_embedding(services, clip, EmbeddingOptions(encoder, layer)) for clip in clips]
        made = remembered_map(embeddings, options, services.runtime.features)
        rows = stacked([(one.frames, one.times) for one in embeddings])
        return {
            "points": np.round(made.points.astype(np.float64), 5).tolist(),
            "clip": rows.clip.tolist(),
            "times": np.round(rows.times, 4).tolist(),
            "explained": as_document(made.explained),
            "method": made.method,
            "note": made.note,
            "seconds": as_document(made.seconds),
            "embeddings": [_facts(embedding) for embedding in embeddings],
        }

    @report_errors
    def nearest_clips(
        audio: gr.FileData | None = None, text: str = "", count: int = 5, encoder: str = AUTO, add: bool = False
    ) -> dict[str, Any]:
        """Find the clips of the library that sound like a recording, or like words; or add the recording to it.

        Args:
            audio: the recording to compare with.
            text: words to search with instead; needs an encoder that reads.
            count: how many clips at most.
            encoder: 'auto', or a key as in `embed_audio`; clips are compared with those that the same encoder has heard.
            add: whether the recording joins the library, after it was compared.

        Returns:
            clips [{clip {content_hash, name, duration, added}, similarity, start, end}], best first, where start and end, in
            seconds, say which part resembles most; encoder; library, the number of clips in it.
        """
        chosen = _library_encoder(services, encoder, with_text=audio is None)
        if audio is None:
            if not text.strip():
                raise NoClip
            found = near_words(services, text, chosen, count)
        else:
            clip = open_for_api(services, audio)
            first, *others = [_embedding(services, clip, options) for options in library_options(chosen)]
            found = services.library.nearest(first, count, also=others)
            if add:
                for embedding in (first, *others):
                    services.library.add(clip, embedding)
        return {"clips": _near(found), "encoder": chosen.key, "library": len(services.library.clips())}

    shared = borrowing(services)
    gr.api(embed_audio, api_name="embed_audio", **shared)
    gr.api(map_embeddings, api_name="map_embeddings", **shared)
    gr.api(nearest_clips, api_name="nearest_clips", **shared)


def _embedding(services: Services, clip: AudioClip, options: EmbeddingOptions) -> ClipEmbedding:
    *_, now = embed_clip(clip, options, services.runtime)
    if now.embedding is None:
        raise RuntimeError("an encoder that nobody stopped gave no frames")
    return now.embedding


def _facts(embedding: ClipEmbedding) -> dict[str, Any]:
    encoder = embedding.encoder
    described = {"key": encoder.key, "title": encoder.title, "facts": facts_of(encoder), "layers": list(encoder.layers)}
    frames, width = embedding.frames.shape
    plain = {
        name: getattr(embedding, name) for name in ("layer", "frame_seconds", "duration", "model", "licence", "dtype", "device")
    }
    return {"encoder": described, "frames": frames, "width": width, **plain, "elapsed": as_document(embedding.elapsed)}


def _npz(clip: AudioClip, embedding: ClipEmbedding) -> dict[str, Any]:
    """A file in the clip's folder, which goes with it, as the API answers with files."""
    folder = new_files_folder(clip)
    path = folder / f"{safe_stem(clip.name)}.npz"
    np.savez(path, frames=embedding.frames, times=embedding.times)
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def _library_encoder(services: Services, key: str, with_text: bool) -> Encoder:
    known = [encoder for encoder in encoders(services.runtime.catalog) if encoder.frame_rate]
    if key != AUTO:
        return encoder_of(services.runtime.catalog, key)
    if not with_text:
        return best_for_clips(known)
    readers = [encoder for encoder in known if encoder.has_text]
    if not readers:
        raise InvalidOption("encoder", key, TEXT_ENCODERS)
    return readers[0]


def _near(found: Sequence[NearClip]) -> list[dict[str, Any]]:
    return [dict(as_document(near)) for near in found]
