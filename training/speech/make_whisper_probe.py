"""Make `models/weights/whisper_probe`: a Whisper of one layer with random weights, on which CTranslate2 is tried.

python -m training.speech.make_whisper_probe
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from models.loading.whisper_engine import PROBE

SPECIAL_TOKENS = ("<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|nospeech|>", "<|notimestamps|>")
TIMESTAMPS = 51
SIZES = {
    "d_model": 64,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "num_mel_bins": 80,
    "max_source_positions": 50,
    "max_target_positions": 32,
}


def main() -> None:
    """Write the model in float16 as CTranslate2's converter does."""
    torch.manual_seed(0)
    tokenizer = WhisperTokenizer(vocab={letter: at for at, letter in enumerate(sorted(ByteLevel.alphabet()))}, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL_TOKENS)})
    start, *_, no_times = tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS))
    end = tokenizer.eos_token_id
    ids = {"decoder_start_token_id": start, "pad_token_id": end, "bos_token_id": end, "eos_token_id": end}
    model = WhisperForConditionalGeneration(WhisperConfig(**SIZES, vocab_size=len(tokenizer) + TIMESTAMPS, **ids))
    model.generation_config = GenerationConfig(
        **ids,
        alignment_heads=[[0, 0]],
        suppress_tokens=[],
        begin_suppress_tokens=[end],
        no_timestamps_token_id=no_times,
        is_multilingual=False,
        lang_to_id={},
    )
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "original"
        model.save_pretrained(original)
        WhisperProcessor(WhisperFeatureExtractor(), tokenizer).save_pretrained(original)
        TransformersConverter(str(original)).convert(str(PROBE), quantization="float16", force=True)


if __name__ == "__main__":
    main()
