"""The encoders that have no other task here; the default first, then from small to large.

Models of other tasks are encoders too: YAMNet, musicnn, CLAP, the audio spectrogram transformer, and Qwen2-Audio. Sizes of hub
repositories are those of their weight files in float32, but for Whisper large, whose files are in float16. HuBERT and data2vec
have pickled weights alone on their main branch, which are refused: they are taken from the hub's own conversion to safetensors.
MERT needs code of its own repository and is not offered.
"""

from __future__ import annotations

from models.specs.model_spec import EncoderFacts, HubSource, ModelSpec
from models.specs.speech import WHISPER_BASE_OFFLINE, WHISPER_LICENCE_URL

WHISPER_BASE_STATES = ModelSpec(
    key="whisper-base-states",
    title="Whisper base (offline)",
    task="embed_audio",
    loader="whisper_ctranslate2",
    source=WHISPER_BASE_OFFLINE.source,
    licence="MIT",
    licence_url=WHISPER_LICENCE_URL,
    download_bytes=WHISPER_BASE_OFFLINE.download_bytes,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=300_000_000,
    gpu_bytes=300_000_000,
    encoder=EncoderFacts("whisper", width=512, layers=6, decoder_layers=6),
)


def _encoder(
    key: str,
    title: str,
    architecture: str,
    source: HubSource,
    licence: str,
    download_megabytes: int,
    parameters_in_millions: int,
    encoder: EncoderFacts,
    processor: str,
    quick_on_cpu: bool = False,
) -> ModelSpec:
    return ModelSpec(
        key=key,
        title=title,
        task="embed_audio",
        loader="transformers",
        source=source,
        licence=licence,
        licence_url=f"https://huggingface.co/{source.repository}",
        download_bytes=download_megabytes * 10**6,
        cpu_dtype="float32",
        gpu_dtype="float32",
        cpu_bytes=4 * parameters_in_millions * 10**6,
        gpu_bytes=4 * parameters_in_millions * 10**6,
        architecture=architecture,
        processor=processor,
        quick_on_cpu=quick_on_cpu,
        encoder=encoder,
    )


def _whisper(
    size: str, title: str, licence: str, download_megabytes: int, parameters: int, encoder: EncoderFacts, quick: bool = False
) -> ModelSpec:
    files = ("config.json", "generation_config.json", "preprocessor_config.json", "model.safetensors", *WHISPER_TOKENIZER)
    return _encoder(
        f"whisper-{size}-states",
        title,
        "WhisperForConditionalGeneration",
        HubSource(f"openai/whisper-{size}", files),
        licence,
        download_megabytes,
        parameters,
        encoder,
        "transformers.WhisperProcessor",
        quick,
    )


def _speech_encoder(key: str, title: str, architecture: str, repository: str, revision: str = "") -> ModelSpec:
    return _encoder(
        key,
        title,
        architecture,
        HubSource(repository, ("config.json", "preprocessor_config.json", "model.safetensors"), revision=revision),
        "Apache-2.0",
        380,
        95,
        EncoderFacts("waveform", width=768, layers=12),
        "transformers.Wav2Vec2FeatureExtractor",
        quick_on_cpu=True,
    )


WHISPER_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "normalizer.json", "*tokens*.json")
WHISPER_LICENCE = "Apache-2.0 by its model card; MIT by OpenAI's own release"

WHISPER_SMALL_STATES = _whisper(
    "small", "Whisper small", WHISPER_LICENCE, 967, 242, EncoderFacts("whisper", 768, layers=12, decoder_layers=12), quick=True
)
WHISPER_MEDIUM_STATES = _whisper(
    "medium", "Whisper medium", WHISPER_LICENCE, 3056, 764, EncoderFacts("whisper", 1024, layers=24, decoder_layers=24)
)
WHISPER_TURBO_STATES = _whisper(
    "large-v3-turbo", "Whisper large-v3 turbo", "MIT", 1618, 809, EncoderFacts("whisper", 1280, layers=32, decoder_layers=4)
)
WHISPER_LARGE_STATES = _whisper(
    "large-v3", "Whisper large-v3", WHISPER_LICENCE, 3087, 1543, EncoderFacts("whisper", 1280, layers=32, decoder_layers=32)
)
WAV2VEC2 = _speech_encoder(
    "wav2vec2-base",
    "wav2vec 2.0 base, 960 h",
    "Wav2Vec2Model",
    "facebook/wav2vec2-base-960h",
)
HUBERT = _speech_encoder("hubert-base", "HuBERT base", "HubertModel", "facebook/hubert-base-ls960", "refs/pr/2")
DATA2VEC = _speech_encoder(
    "data2vec-audio-base",
    "data2vec audio base, 960 h",
    "Data2VecAudioModel",
    "facebook/data2vec-audio-base-960h",
    "2cc11eab760477e63cbd10ca0728d819530b42ff",
)
W2V_BERT = _encoder(
    "w2v-bert-2.0",
    "w2v-BERT 2.0",
    "Wav2Vec2BertModel",
    HubSource("facebook/w2v-bert-2.0", ("config.json", "preprocessor_config.json", "model.safetensors")),
    "MIT",
    2_322,
    580,
    EncoderFacts("w2v_bert", width=1024, layers=24),
    "transformers.SeamlessM4TFeatureExtractor",
)
QWEN2_AUDIO_TOWER = _encoder(
    "qwen2-audio-tower",
    "Qwen2-Audio tower",
    "Qwen2AudioEncoder",
    HubSource(
        "Qwen/Qwen2-Audio-7B-Instruct",
        ("config.json", "preprocessor_config.json", "model.safetensors.index.json"),
        weight_prefix="audio_tower.",
    ),
    "Apache-2.0",
    3_900,
    637,
    EncoderFacts("qwen2_audio_tower", width=1280, layers=32),
    "transformers.WhisperFeatureExtractor",
)

ENCODER_MODELS: tuple[ModelSpec, ...] = (
    WHISPER_BASE_STATES,
    WHISPER_SMALL_STATES,
    WHISPER_MEDIUM_STATES,
    WHISPER_TURBO_STATES,
    WHISPER_LARGE_STATES,
    WAV2VEC2,
    HUBERT,
    DATA2VEC,
    W2V_BERT,
    QWEN2_AUDIO_TOWER,
)
