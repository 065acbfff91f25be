"""The encoders that the catalogue offers, each with its name, width, frame rate, layers and licence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from models.errors import UnknownModel
from models.model_catalog import ModelCatalog, ModelChoice
from models.specs.model_spec import AUTO, EncoderFacts, EncoderFamily, ModelSpec
from pipelines.embeddings.encoders.aligner import Aligner
from pipelines.embeddings.encoders.ast_clap import AstEncoder, ClapEncoder
from pipelines.embeddings.encoders.base import TEXT_SPACE, Encoder, FrameFamily, TokenFamily
from pipelines.embeddings.encoders.decoder_tokens import Qwen2AudioLanguageModel, WhisperDecoder
from pipelines.embeddings.encoders.wav2vec2 import W2vBert, WaveformEncoder
from pipelines.embeddings.encoders.whisper import Qwen2AudioTower, WhisperEncoder
from pipelines.embeddings.encoders.yamnet_musicnn import MusicnnEncoder, YamnetEncoder

FRAME_FAMILIES: dict[EncoderFamily, Callable[[EncoderFacts], FrameFamily]] = {
    "qwen2_audio_tower": Qwen2AudioTower,
    "waveform": WaveformEncoder,
    "w2v_bert": W2vBert,
    "ast": AstEncoder,
    "clap": ClapEncoder,
    "yamnet": YamnetEncoder,
    "musicnn": MusicnnEncoder,
}
"""Families of models with a single encoder, which has the name of the model."""


def encoders(catalog: ModelCatalog) -> tuple[Encoder, ...]:
    """Return every encoder of the catalogue, offline ones first; the default is the first of all."""
    specs = sorted(catalog.models("embed_audio"), key=lambda spec: not spec.is_offline)
    return tuple(encoder for spec in specs for encoder in encoders_of(spec))


def choose_encoder(key: str, catalog: ModelCatalog) -> tuple[Encoder, ModelChoice]:
    """Return the encoder with this key, or for 'auto' the first one of the best model that fits.

    Raises:
        UnknownModel: there is no such encoder.
        ModelUnavailable, NoModelFits: see `ModelCatalog.choose`.
    """
    if key == AUTO:
        choice = catalog.choose("embed_audio")
        return next(iter(encoders_of(choice.spec))), choice
    known = {encoder.key: encoder for encoder in encoders(catalog)}
    if key not in known:
        raise UnknownModel(key, (AUTO, *known))
    return known[key], catalog.choose("embed_audio", known[key].spec.key)


def encoder_of(catalog: ModelCatalog, key: str) -> Encoder:
    """Return the encoder with this key.

    Raises:
        UnknownModel: there is none.
    """
    known = {encoder.key: encoder for encoder in encoders(catalog)}
    if key not in known:
        raise UnknownModel(key, tuple(known))
    return known[key]


def encoders_of(spec: ModelSpec) -> Iterator[Encoder]:
    """Yield the encoders of one model.

    Raises:
        TypeError: the model is no encoder.
    """
    facts = spec.encoder
    if facts is None:
        raise TypeError(f"{spec.key} is no encoder")
    match facts.family:
        case "whisper":
            name = spec.key.removesuffix("-states")
            yield _of_frames(spec, WhisperEncoder(facts), f"{name}-encoder", f"{spec.title}, encoder")
            yield _of_tokens(spec, WhisperDecoder(facts), f"{name}-decoder", f"{spec.title}, decoder")
        case "qwen2_audio":
            yield _of_tokens(spec, Qwen2AudioLanguageModel(facts), spec.key, f"{spec.title}, language model")
        case "aligner":
            yield _of_frames(spec, Aligner(facts), title=f"{spec.title}, audio encoder")
        case family:
            yield _of_frames(spec, FRAME_FAMILIES[family](facts))


def _of_frames(spec: ModelSpec, family: FrameFamily, key: str = "", title: str = "") -> Encoder:
    width, hop = family.width(family.default_layer), family.grid(family.default_layer).hop
    return _encoder(spec, family, key, title, width, family.sample_rate / hop)


def _of_tokens(spec: ModelSpec, family: TokenFamily, key: str, title: str) -> Encoder:
    return _encoder(spec, family, key, title, family.width, 0.0)


def _encoder(spec: ModelSpec, family: FrameFamily | TokenFamily, key: str, title: str, width: int, frame_rate: float) -> Encoder:
    return Encoder(
        key=key or spec.key,
        spec=spec,
        title=title or spec.title,
        width=width,
        frame_rate=frame_rate,
        layers=family.layers,
        default_layer=family.default_layer,
        licence=spec.licence,
        has_text=TEXT_SPACE in family.layers,
        description=family.description,
        family=family,
    )
