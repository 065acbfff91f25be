"""Encoders whose frames are tokens: those that Whisper's decoder writes, those of Qwen2-Audio's language model.

The time of a token is for Whisper the peak of its cross-attention; for Qwen2-Audio that of its 40 ms if it stands for sound, else
the start of the window for the text before the sound, and the end of the window for the text behind it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import DoubleArray, FloatArray
from models.specs.model_spec import EncoderFacts
from pipelines.clip.cached_features import cached_features
from pipelines.clip.chunking import cut_into_pieces
from pipelines.embeddings.encoders.base import (
    GENERATED,
    PROMPT,
    SOUND,
    TOKEN_KINDS,
    EncodingJob,
    TokenFamily,
    TokenStates,
    layer_names,
)
from pipelines.interpretability.audio_llm import (
    FRAME_SECONDS,
    QUESTION,
    WINDOW_SECONDS,
    WORKING_BYTES,
    hidden_states,
)
from pipelines.interpretability.token_text import is_control
from pipelines.interpretability.tracing import LogitLensOptions, LogitLensProgress, trace_window
from pipelines.language_models.generation import tokenizer_of
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, model_inputs

MIN_WINDOW_STEP_SECONDS = 5.0
"""Minimum distance from one window of Whisper to the next."""
MAX_NEW_TOKENS = 64
"""Tokens that Qwen2-Audio writes for one window."""
LABEL_BYTES = 64


class WhisperDecoder(TokenFamily):
    """Whisper's decoder: a state for each token of the transcript, at the position from which the token is written."""

    description = "Whisper's decoder: the tokens that it writes, at the times of their attention"
    working_bytes = 300 * 10**6

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.decoder_layers)
        self.default_layer = self.layers[-1]
        self.width = facts.width

    def windows(self, job: EncodingJob, layer: str) -> Generator[tuple[float, TokenStates], None, None]:
        """Yield windows of 30 s; the last word of one, which may be cut, begins the next."""
        start, duration = 0.0, job.clip.duration
        while start < duration:
            traced = _traced(job, start)
            if traced.state == "stopped":
                return
            trace, next_start = traced.trace, traced.end
            if trace is None:
                yield traced.end, _no_tokens(self.width)
                start = next_start
                continue
            count = len(trace.tokens)
            words = [word for word in trace.words if not is_control(word.text.encode())]
            if traced.end < duration and len(words) > 1:
                between = min(words[-2].end, words[-1].start)
                count, next_start = words[-1].first_token, max(start + MIN_WINDOW_STEP_SECONDS, between)
            kept = [at for at in range(count) if not is_control(bytes(trace.records["token"][at]))]
            peaks = [(trace.tokens[at].start + trace.tokens[at].end) / 2 for at in kept]
            states = trace.records["hidden"][kept, self.layers.index(layer)]
            labels = tuple(trace.tokens[at].text for at in kept)
            times = np.maximum.accumulate(np.asarray(peaks, dtype=np.float64))
            yield next_start, TokenStates(states, times, labels, (GENERATED,) * len(kept))
            start = next_start


class Qwen2AudioLanguageModel(TokenFamily):
    """Qwen2-Audio's language model: a state for each position of its prompt and each token that it writes."""

    description = "The language model of Qwen2-Audio while it reads the sound and answers a question about it"
    working_bytes = WORKING_BYTES

    def __init__(self, facts: EncoderFacts) -> None:
        self.layers = layer_names(facts.layers)
        self.default_layer = self.layers[-1]
        self.width = facts.width

    def windows(self, job: EncodingJob, layer: str) -> Generator[tuple[float, TokenStates], None, None]:
        """Yield windows of up to 30 s, each a prompt of its own."""
        for start, end in cut_into_pieces(job.clip.duration, (), WINDOW_SECONDS):
            yield end, self._window(job, layer, start, end)

    def _window(self, job: EncodingJob, layer: str, start: float, end: float) -> TokenStates:
        number = self.layers.index(layer)

        def read(model: Any) -> NDArray[np.void]:
            sound = job.clip.waveform(SAMPLE_RATE)[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
            inputs = model_inputs(model, job.spec, Prompt(QUESTION, (np.array(sound),)))
            states = hidden_states(model, inputs, MAX_NEW_TOKENS, (number,))
            tokenizer = tokenizer_of(model)
            prompt = [tokenizer.decode([token]) for token in inputs["input_ids"][0].tolist()]
            return _records(states.prompt[0], states.generated[0], states.is_audio, (*prompt, *states.tokens))

        name = f"{layer} of tokens, {start:.3f} to {end:.3f} s"
        records = cached_features(job.clip, job.spec, name, read, job.runtime, self.working_bytes)
        kinds = tuple(TOKEN_KINDS[number] for number in records["kind"])
        labels = tuple(label.decode("utf-8", "replace") for label in records["label"].tolist())
        return TokenStates(np.ascontiguousarray(records["state"]), _times(records["kind"], start, end), labels, kinds)


def _traced(job: EncodingJob, start: float) -> LogitLensProgress:
    options = LogitLensOptions(model=job.spec.key, start=start)
    *_, traced = trace_window(job.clip, options, job.runtime, job.stopped)
    return traced


def _no_tokens(width: int) -> TokenStates:
    return TokenStates(np.empty((0, width), dtype=np.float32), np.empty(0), (), ())


def _records(prompt: FloatArray, written: FloatArray, is_audio: NDArray[np.bool_], labels: tuple[str, ...]) -> NDArray[np.void]:
    """Return one record for each position; the last token that was written has no state."""
    kinds = [TOKEN_KINDS.index(SOUND if sound else PROMPT) for sound in is_audio] + [TOKEN_KINDS.index(GENERATED)] * len(written)
    fields: list[Any] = [("kind", np.uint8), ("label", f"S{LABEL_BYTES}"), ("state", np.float32, prompt.shape[1:])]
    records = np.zeros(len(kinds), fields)
    records["kind"] = kinds
    records["label"] = [label.encode()[:LABEL_BYTES] for label in labels[: len(kinds)]]
    records["state"] = np.concatenate([prompt, written])
    return records


def _times(kinds: NDArray[np.uint8], start: float, end: float) -> DoubleArray:
    """Return the seconds [positions], which never fall."""
    sounding = np.flatnonzero(kinds == TOKEN_KINDS.index(SOUND))
    times = np.where(np.arange(len(kinds)) < sounding[0], start, end)
    times[sounding] = start + FRAME_SECONDS * (np.arange(len(sounding)) + 0.25)
    return np.maximum.accumulate(np.minimum(times, end))
