"""API endpoints of the embeddings and of what is inside models; they are MCP tools too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, cast

import gradio as gr
import numpy as np

from components.clip.clip_input import open_for_api
from components.embeddings.controls import encoder_facts
from components.embeddings.map import point_stride, thinned
from components.page.calls.progress import watched
from components.page.downloads import as_file_data, new_files_folder
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from models.errors import JobStopped
from models.specs.model_spec import AUTO
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.errors import NoClip
from pipelines.embeddings.analysis import LayerFrames, layer_cka
from pipelines.embeddings.clip_library import ClipMatch
from pipelines.embeddings.embed import check_duration, embed_clip
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions
from pipelines.embeddings.encoders.base import Encoder
from pipelines.embeddings.encoders.registry import choose_encoder, encoder_of
from pipelines.embeddings.library_search import clips_near_text, library_encoder, library_options
from pipelines.embeddings.map import (
    MapMethod,
    MapOptions,
    check_map_options,
    stack_frames,
    stored_map,
)
from pipelines.interpretability.prompt_states import (
    PUBLISHED_PROMPT,
    PromptStatesOptions,
    read_prompt_states,
    save_prompt_states,
)
from pipelines.interpretability.tracing import LogitLensOptions, trace_window
from pipelines.jobs.result import as_document
from services import Services


@dataclass(frozen=True)
class MapArguments:
    """The arguments of `/map_embeddings` beside the recordings."""

    encoder: Annotated[str, "'auto', or a key as in `embed_audio`."] = AUTO
    layer: Annotated[str, "of the encoder; '' for its default."] = ""
    method: Annotated[str, "'pca', 'tsne', 'umap' or 'spectral'."] = "pca"
    dimensions: Annotated[int, "2 or 3."] = 2
    neighbours: Annotated[int, "of each frame, for UMAP and spectral maps."] = MapOptions.neighbours
    perplexity: Annotated[float, "of t-SNE."] = MapOptions.perplexity
    min_distance: Annotated[float, "minimum distance between points, for UMAP."] = MapOptions.min_distance
    seed: Annotated[int, "the same seed gives the same map."] = 0

    def options(self) -> MapOptions:
        """Return the options of the map."""
        return MapOptions(
            method=cast(MapMethod, self.method),
            dimensions=cast(Any, self.dimensions),
            neighbours=self.neighbours,
            perplexity=self.perplexity,
            min_distance=self.min_distance,
            seed=self.seed,
        )


def add_embedding_endpoints(services: Services) -> None:
    """Add the endpoints to the page's API."""
    _add_embed_audio(services)
    _add_map_embeddings(services)
    _add_nearest_clips(services)
    for build in (_compare_layers, _trace_words, _prompt_states):
        add_endpoint(build(services), services.stop_flags, services.lines.calls.models)


def _add_embed_audio(services: Services) -> None:
    def embed_audio(
        audio: gr.FileData, encoder: str = AUTO, layer: str = "", *, should_stop: Callable[[], bool]
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Return the hidden states of an audio model for a recording: one vector per frame.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            encoder: 'auto', or a key such as 'whisper-base-encoder', 'yamnet'; the error for an unknown key lists all.
            layer: such as 'layer 3'; '' for the encoder's default. The error for an unknown layer lists all.

        Returns:
            An NPZ file with frames [frames, width] and times [frames], the centre of each in seconds; and encoder {key,
            title, facts, layers}, layer, frames, width, frame_seconds, duration, model, licence, dtype, device, elapsed,
            clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        embedding = _embedding(services, clip, EmbeddingOptions(encoder, layer), should_stop)
        return _npz_file(clip, embedding), _embedding_document(clip, embedding)

    add_endpoint(embed_audio, services.stop_flags, services.lines.calls.models)


def _add_map_embeddings(services: Services) -> None:
    @with_option_arguments(MapArguments)
    def map_embeddings(audio: list[gr.FileData], arguments: MapArguments, *, should_stop: Callable[[], bool]) -> dict[str, Any]:
        """Project the frames of one or more recordings to 2 or 3 dimensions, so that similar frames lie together.

        Args:
            audio: one or more recordings, for one map.

        Returns:
            points [[x, y (, z)]] in -1 to 1, one for each frame, or for one in two, three … where there are many, as the note
            says; clip_index, the index of each point's recording; times, in seconds of its
            recording; explained_variance_ratio of PCA's axes; method; note; elapsed; embeddings, one as in `embed_audio` per
            recording.
        """
        encoding = EmbeddingOptions(arguments.encoder, arguments.layer)
        return _map_document(services, audio, encoding, arguments.options(), should_stop)

    add_endpoint(map_embeddings, services.stop_flags, services.lines.calls.models)


def _add_nearest_clips(services: Services) -> None:
    def nearest_clips(
        audio: gr.FileData | None = None,
        text: str = "",
        count: int = 5,
        encoder: str = AUTO,
        add: bool = False,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Search the library for clips that are similar to a recording or to a text, or add the recording to it.

        Args:
            audio: the recording to search with.
            text: the text to search with instead; needs an encoder with a text space.
            count: maximum number of results.
            encoder: 'auto', or a key as in `embed_audio`; only clips that were added with the same encoder are found.
            add: whether the recording is added to the library after the search.

        Returns:
            clips [{clip {content_hash, name, duration, added}, similarity, start, end}], best first, where start and end, in
            seconds, are those of the most similar part; encoder; library_size, the number of clips in the library; clip_notes.
        """
        chosen = library_encoder(services.runtime.catalog, encoder, needs_text=audio is None)
        notes: tuple[str, ...] = ()
        if audio is None:
            if not text.strip():
                raise NoClip
            found = clips_near_text(services.library, text, chosen, count, services.runtime)
        else:
            clip = open_for_api(services, audio, should_stop)
            found, notes = _search_library(services, clip, chosen, count, add, should_stop), clip.notes
        size = len(services.library.clips())
        matches = [match.to_dict() for match in found]
        return {"clips": matches, "encoder": chosen.key, "library_size": size, "clip_notes": notes}

    add_endpoint(nearest_clips, services.stop_flags, services.lines.calls.models)


def _compare_layers(services: Services) -> Callable[..., Any]:
    def compare_layers(
        audio: gr.FileData, encoder: str = AUTO, other: str = "", *, should_stop: Callable[[], bool]
    ) -> dict[str, Any]:
        """Compare the layers of an encoder, or those of two encoders, for a recording, by linear CKA.

        Args:
            audio: the recording, in any format that carries sound.
            encoder: 'auto', or a key as in `embed_audio`.
            other: key of the encoder to compare with; '' compares the layers with each other.

        Returns:
            encoder and rows, the names of its layers; other and columns, those of the other; cka [rows, columns], 0 to 1, 1 for
            the same geometry; clip_notes.
        """
        clip, catalog = open_for_api(services, audio, should_stop), services.runtime.catalog
        keys = [choose_encoder(encoder, catalog)[0], *([encoder_of(catalog, other)] if other else [])]
        rows, *further = [_layer_frames(services, clip, one, should_stop) for one in keys]
        columns = further[0] if further else rows
        return {
            "encoder": keys[0].key,
            "rows": [layer.name for layer in rows],
            "other": keys[-1].key,
            "columns": [layer.name for layer in columns],
            "cka": as_document(layer_cka(rows, columns if further else None)),
            "clip_notes": clip.notes,
        }

    return compare_layers


def _trace_words(services: Services) -> Callable[..., Any]:
    def trace_words(
        audio: gr.FileData, model: str = AUTO, start: float = 0.0, *, should_stop: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Show how words form in the layers of a decoder (logit lens), and which part of the sound each of them attends to.

        Args:
            audio: the recording, in any format that carries sound.
            model: 'auto', or a key such as 'whisper-base-encoder'; the error for an unknown key lists all.
            start: start of the window, in seconds.

        Returns:
            A growing result, sent at every new token: trace {text, language, layers, words [{text, first_token, end_token, start,
            end, attention}], tokens [{text, prob, top_tokens [layers, tokens {text, prob}], ranks, attention, audio_attention,
            start, end}], frame_seconds}, null where there is no speech; start and end of the window; model, licence, elapsed;
            state; clip_notes.
        """
        clip, count = open_for_api(services, audio, should_stop), 0
        for now in watched(trace_window(clip, LogitLensOptions(model, start), services.runtime, should_stop), clip.duration):
            tokens = len(now.trace.records) if now.trace else 0
            if tokens > count or now.state in ("done", "stopped"):
                count = tokens
                yield {**now.to_dict(), "clip_notes": clip.notes}

    return trace_words


def _prompt_states(services: Services) -> Callable[..., Any]:
    def prompt_states(
        audio: gr.FileData,
        prompt: str = PUBLISHED_PROMPT,
        model: str = AUTO,
        start: float = 0.0,
        max_new_tokens: int = PromptStatesOptions.max_new_tokens,
        *,
        should_stop: Callable[[], bool],
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Return the hidden states of all layers of Qwen2-Audio's language model for a recording and a plain prompt.

        Args:
            audio: the recording, in any format that carries sound.
            prompt: text behind the audio, without a chat template.
            model: 'auto', or the key of a Qwen2-Audio; the error for an unknown key lists all.
            start: start of the window of at most 30 s, in seconds.
            max_new_tokens: maximum length of the answer, 1 to 256.

        Returns:
            An NPZ file with prompt [layers, positions, width], where layer 0 is the embedding (33 x 756 x 4096 for 30 s, the
            published prompt and 7 billion parameters: 410 MB), generated [layers, tokens - 1, width], is_audio [positions] and
            tokens; and layers, positions, width, audio_positions, tokens, start, end, model, licence, dtype, device, elapsed,
            clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        options = PromptStatesOptions(model, prompt, start, max_new_tokens)
        *_, now = watched(read_prompt_states(clip, options, services.runtime, should_stop), clip.duration)
        if now.states is None:
            raise JobStopped
        path = new_files_folder(clip) / f"{safe_stem(clip.name)}-states.npz"
        save_prompt_states(path, now.states)
        layers, positions, width = now.states.prompt.shape
        names = ("start", "end", "model", "licence", "dtype", "device", "elapsed")
        facts = {name: as_document(getattr(now, name)) for name in names}
        shape = {"layers": layers, "positions": positions, "width": width, "audio_positions": int(now.states.is_audio.sum())}
        return as_file_data(path), {**shape, "tokens": list(now.states.tokens), **facts, "clip_notes": clip.notes}

    return prompt_states


def _layer_frames(services: Services, clip: AudioClip, encoder: Encoder, should_stop: Callable[[], bool]) -> list[LayerFrames]:
    """Return the frames of every layer of `encoder`."""
    found = []
    for layer in encoder.layers:
        embedding = _embedding(services, clip, EmbeddingOptions(encoder.key, layer), should_stop)
        found.append(LayerFrames(layer or encoder.title, embedding.frames, embedding.times))
    return found


def _embedding(services: Services, clip: AudioClip, options: EmbeddingOptions, should_stop: Callable[[], bool]) -> ClipEmbedding:
    *_, now = watched(embed_clip(clip, options, services.runtime, should_stop), clip.duration)
    if now.embedding is None:
        raise JobStopped
    return now.embedding


def _map_document(
    services: Services,
    audio: list[gr.FileData],
    encoding: EmbeddingOptions,
    options: MapOptions,
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    check_map_options(options)
    if not audio:
        raise NoClip
    services.runtime.outputs.check_map_clips(len(audio))
    clips = [open_for_api(services, one, should_stop) for one in audio]
    check_duration(choose_encoder(encoding.encoder, services.runtime.catalog)[0], sum(clip.duration for clip in clips))
    embeddings = [_embedding(services, clip, encoding, should_stop) for clip in clips]
    embedding_map = stored_map(embeddings, options, services.runtime.features)
    stacked = stack_frames([(one.frames, one.times) for one in embeddings])
    frames, max_points = len(stacked.times), services.runtime.outputs.map_points
    shown = slice(None, None, point_stride(frames, max_points))
    return {
        "points": np.round(embedding_map.points[shown].astype(np.float64), 5).tolist(),
        "clip_index": stacked.clip_index[shown].tolist(),
        "times": np.round(stacked.times[shown], 4).tolist(),
        "explained_variance_ratio": as_document(embedding_map.explained_variance_ratio),
        "method": embedding_map.method,
        "note": f"{embedding_map.note} {thinned(frames, max_points)}".strip(),
        "elapsed": as_document(embedding_map.elapsed),
        "embeddings": [_embedding_document(*pair) for pair in zip(clips, embeddings, strict=True)],
    }


def _search_library(
    services: Services, clip: AudioClip, encoder: Encoder, count: int, add: bool, should_stop: Callable[[], bool]
) -> tuple[ClipMatch, ...]:
    if add:
        services.library.check_room(clip)
    first, *others = [_embedding(services, clip, options, should_stop) for options in library_options(encoder)]
    found = services.library.nearest(first, count, also=others)
    if add:
        for embedding in (first, *others):
            services.library.add(clip, embedding)
    return found


def _embedding_document(clip: AudioClip, embedding: ClipEmbedding) -> dict[str, Any]:
    encoder = embedding.encoder
    described = {"key": encoder.key, "title": encoder.title, "facts": encoder_facts(encoder), "layers": list(encoder.layers)}
    frames, width = embedding.frames.shape
    names = ("layer", "frame_seconds", "duration", "model", "licence", "dtype", "device")
    plain = {name: getattr(embedding, name) for name in names}
    plain |= {"elapsed": as_document(embedding.elapsed), "clip_notes": clip.notes}
    return {"encoder": described, "frames": frames, "width": width, **plain}


def _npz_file(clip: AudioClip, embedding: ClipEmbedding) -> dict[str, Any]:
    """Write an NPZ file to the clip's folder, with which it is deleted, and return it as the API sends files."""
    folder = new_files_folder(clip)
    path = folder / f"{safe_stem(clip.name)}.npz"
    np.savez(path, frames=embedding.frames, times=embedding.times)
    return as_file_data(path)
