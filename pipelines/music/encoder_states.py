"""States of the catalogue's offline networks, which an audio language model reads in place of the waveform.

Timbre is in a layer of YAMNet, tempo in the outputs of the beat networks, mode and chords in those of crema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.arrays import FloatArray
from models.errors import UnknownModel
from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from models.specs.music import BEAT_NETWORK, BEATNET, CREMA
from models.specs.sound import YAMNET
from models.stopping import never_stop
from pipelines.clip.chunking import Span
from pipelines.clip.clip import AudioClip
from pipelines.language_models.prompting import SAMPLE_RATE, Prompt, Turn
from pipelines.music.harmony.crema import COLUMNS, CREMA_SAMPLE_RATE, crema_block, crema_block_count
from pipelines.music.rhythm.beat_network import (
    BEAT_SAMPLE_RATE,
    METRES,
    TEMPO_BINS,
    beat_block,
    beat_block_count,
    input_gain,
    joined_blocks,
)
from pipelines.music.rhythm.beatnet import beatnet_block, with_beatnet
from pipelines.tagging.yamnet import YAMNET_SAMPLE_RATE, run_yamnet

FRAMES_PER_ROW = 11
"""Frames of crema whose mean is one row: a second."""
WORKING_BYTES = 600 * 2**20
"""Memory for three minutes with the largest of these networks."""

StateFunction = Callable[[FloatArray, Sequence[Any]], FloatArray]


@dataclass(frozen=True)
class StateEncoder:
    """One kind of states, and the networks that give them."""

    key: str
    specs: tuple[ModelSpec, ...]
    """The networks, in the order in which `compute` takes their onnxruntime sessions."""
    sample_rate: int
    """Hz, of the waveform that `compute` takes."""
    width: int
    """Width of a row of states."""
    compute: StateFunction
    """Return [rows, width] from a waveform [samples] and the sessions of `specs`."""


def lent_states(
    keys: Iterable[str],
    waveform_at: Callable[[int], FloatArray],
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> dict[str, FloatArray]:
    """Return the states float32 [rows, width] of each kind in `keys`, from networks that the cache lends kind after kind.

    Args:
        keys: out of `STATE_ENCODERS`.
        waveform_at: returns the waveform float32 [samples], mono, at a sampling rate in Hz; up to three minutes.
        runtime: lends the networks.
        should_stop: asked while a network is waited for.

    Raises:
        UnknownModel: there is no such kind.
        ModelError: a network cannot be had; see `ModelCache.lease`.
    """
    states = {}
    for encoder in map(state_encoder, keys):
        waveform = waveform_at(encoder.sample_rate)
        with runtime.cache.lease(*encoder.specs, working_bytes=WORKING_BYTES, should_stop=should_stop) as sessions:
            states[encoder.key] = np.asarray(encoder.compute(waveform, sessions), dtype=np.float32)
    return states


def audio_prompt(
    text: str,
    clip: AudioClip,
    spans: tuple[Span, ...],
    spec: ModelSpec,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
    history: tuple[Turn, ...] = (),
) -> Prompt:
    """Return the prompt of an audio language model: with waveforms, or with the states of its encoders.

    Args:
        text: what it is asked.
        clip: the audio.
        spans: (start, end) in seconds of the parts that it gets; one, for a model that reads states.
        spec: the model.
        runtime: lends the encoders.
        should_stop: asked while an encoder is waited for.
        history: earlier turns, oldest first.
    """
    if not spec.state_encoders:
        return Prompt(text, tuple(_part(clip, SAMPLE_RATE, span) for span in spans), history)
    (span,) = spans
    return Prompt(text, states=lent_states(spec.state_encoders, partial(_part, clip, span=span), runtime, should_stop))


def _part(clip: AudioClip, sample_rate: int, span: Span) -> FloatArray:
    start, end = span
    return clip.waveform(sample_rate)[round(start * sample_rate) : round(end * sample_rate)]


def state_encoder(key: str) -> StateEncoder:
    """Return the kind of states with this key; raise UnknownModel if there is none."""
    known = {encoder.key: encoder for encoder in STATE_ENCODERS}
    if key not in known:
        raise UnknownModel(key, tuple(known))
    return known[key]


def _yamnet(waveform: FloatArray, sessions: Sequence[Any]) -> FloatArray:
    (session,) = sessions
    (middle,) = run_yamnet(session, waveform, ["middle"])
    return middle


def _beats(waveform: FloatArray, sessions: Sequence[Any]) -> FloatArray:
    """Return [1, 133]: probabilities of the metres, of the tempi by our network, and of the tempi by both networks' pulse."""
    from scipy.special import softmax

    beats, beatnet = sessions
    gain = input_gain(waveform)
    ours: list[FloatArray] = []
    theirs: list[FloatArray] = []
    for block in range(beat_block_count(len(waveform))):
        ours.append(beat_block(beats, waveform, gain, block))
        theirs.append(beatnet_block(beatnet, waveform, gain, block, theirs[-1] if theirs else None))
    activations, _ = joined_blocks(list(ours))
    pulse = with_beatnet(activations, theirs).tempo
    row: FloatArray = np.concatenate([softmax(logits) for logits in (activations.metre, activations.tempo, pulse)])[np.newaxis]
    return row


def _crema(waveform: FloatArray, sessions: Sequence[Any]) -> FloatArray:
    """Return [seconds, 75]: the columns of `CremaActivations` side by side."""
    (session,) = sessions
    return _rows(
        np.concatenate([crema_block(session, waveform, 0.0, block) for block in range(crema_block_count(len(waveform)))])
    )


def _rows(frames: FloatArray) -> FloatArray:
    """Return the means [rows, width] of every `FRAMES_PER_ROW` frames."""
    starts = range(0, len(frames), FRAMES_PER_ROW)
    return np.stack([frames[start : start + FRAMES_PER_ROW].mean(axis=0) for start in starts])


STATE_ENCODERS: tuple[StateEncoder, ...] = (
    StateEncoder("yamnet-middle", (YAMNET,), YAMNET_SAMPLE_RATE, 2048, _yamnet),
    StateEncoder("beats", (BEAT_NETWORK, BEATNET), BEAT_SAMPLE_RATE, len(METRES) + 2 * TEMPO_BINS, _beats),
    StateEncoder("crema", (CREMA,), CREMA_SAMPLE_RATE, sum(COLUMNS.values()), _crema),
)
