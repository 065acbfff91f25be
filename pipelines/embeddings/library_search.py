"""Which embeddings a search of the library uses, and the search by text."""

from __future__ import annotations

from models.errors import InvalidOption
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO
from pipelines.embeddings.clip_library import ClipLibrary, ClipMatch
from pipelines.embeddings.embed import embed_texts
from pipelines.embeddings.embedding_types import EmbeddingOptions
from pipelines.embeddings.encoders.base import TEXT_SPACE, Encoder
from pipelines.embeddings.encoders.registry import encoder_of, encoders

BEST_ENCODER = "yamnet"
"""Key of the encoder with the best retrieval, which was trained to classify sounds."""
WITH_BEST_ENCODER = EmbeddingOptions("whisper-base-encoder", "layer 5")
"""Second embedding that a search by it uses."""


def library_encoders(catalog: ModelCatalog) -> tuple[Encoder, ...]:
    """Return the encoders with which clips can be searched, those with one vector per frame."""
    return tuple(encoder for encoder in encoders(catalog) if encoder.frame_rate)


def library_encoder(catalog: ModelCatalog, key: str = AUTO, needs_text: bool = False) -> Encoder:
    """Return the encoder with this key, or for 'auto' the one with the best retrieval.

    Args:
        catalog: the models.
        key: 'auto', or the key of an encoder.
        needs_text: whether 'auto' takes the first encoder that shares a space with texts.

    Raises:
        UnknownModel: there is no such encoder.
        InvalidOption: no encoder shares a space with texts.
    """
    if key != AUTO:
        return encoder_of(catalog, key)
    known = library_encoders(catalog)
    if not needs_text:
        return next((encoder for encoder in known if encoder.key == BEST_ENCODER), known[0])
    for encoder in known:
        if encoder.has_text:
            return encoder
    raise InvalidOption("encoder", key, "an encoder that shares a space with texts, such as a CLAP model")


def library_options(encoder: Encoder) -> tuple[EmbeddingOptions, ...]:
    """Return the embeddings that a search uses: the text space if the encoder has one; YAMNet together with a layer of Whisper.

    `training.evaluate_retrieval` measures the pair and YAMNet alone.
    """
    own = EmbeddingOptions(encoder.key, TEXT_SPACE if encoder.has_text else "")
    return (own, WITH_BEST_ENCODER) if encoder.key == BEST_ENCODER else (own,)


def clips_near_text(
    library: ClipLibrary, text: str, encoder: Encoder, count: int, runtime: ModelRuntime
) -> tuple[ClipMatch, ...]:
    """Return the clips of the library that are most similar to `text`.

    Raises:
        InvalidOption: the encoder has no text space, or the text is empty.
        ModelError: the model cannot be loaded.
    """
    return library.nearest_to_text(embed_texts((text,), encoder, runtime)[0], encoder, count)
