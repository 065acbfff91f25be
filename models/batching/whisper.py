"""A Whisper that several people have at once: what each of them decodes is joined with what the others decode.

`decode_speech` and `faster_whisper.WhisperModel` reach the network through four methods of `ctranslate2.models.Whisper`. Here
these four stand in line, see `models.batching.batcher`, so that decoding itself does not know of other people.

The words are the same as alone: inputs are joined only if they are equally long, so that no padding is added; each row has its
own prompt, with its own language; and every further search for an unsure window is a call of that window's person.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from models.arrays import AnyArray
from models.batching.batcher import BatchCall, SharedModel
from models.specs.model_spec import Device

MAX_JOINED_WINDOWS: dict[Device, int] = {"cpu": 4, "cuda": 16, "mps": 4}
"""Windows of one search. On a CPU, four take 0.7 of the time that they take one by one, and eight take no less."""
MAX_JOINED_INPUTS: dict[Device, int] = {"cpu": 1, "cuda": 16, "mps": 4}
"""Windows of one call of the encoder, and of the decoder over a known text. On a CPU, four take 1.2 of the time that they take
one by one: their activations do not fit its caches."""

Tokens = Sequence[Sequence[int]]
"""Token ids of each window."""


def shared_whisper(shared: SharedModel) -> Any:
    """Return the `faster_whisper.WhisperModel` that is lent, with the calls of its network in line."""
    whisper = copy.copy(shared.model)
    whisper.model = SharedEngine(shared)
    return whisper


class SharedEngine:
    """The methods of `ctranslate2.models.Whisper` that decoding calls, with the same meanings.

    Features and states are `ctranslate2.StorageView`, whose first dimension is that of the windows.
    """

    def __init__(self, shared: SharedModel) -> None:
        self._shared = shared
        self.device: Device = self._engine.device
        self.device_index = self._engine.device_index
        self.num_workers: int = self._engine.num_workers
        self.is_multilingual: bool = self._engine.is_multilingual

    @property
    def _engine(self) -> Any:
        return self._shared.model.model

    def encode(self, features: Any, to_cpu: bool = False) -> Any:
        """Return the states [windows, frames of 20 ms, width] of features [windows, bands, frames of 10 ms]."""
        return self._run(("encode", to_cpu), lambda rows: self._engine.encode(rows, to_cpu=to_cpu), MAX_JOINED_INPUTS, features)

    def detect_language(self, states: Any) -> Any:
        """Return (language token, probability) of each window, the most probable first."""
        return self._run(("detect language",), lambda rows: self._engine.detect_language(rows), MAX_JOINED_INPUTS, states)

    def generate(self, states: Any, prompts: Tokens, **search: Any) -> Any:
        """Return what is decoded of each window.

        CTranslate2 wants the text to start at the same position in all rows, so only prompts that are equally long are joined.
        """
        key = "generate", len(prompts[0]), *sorted(search.items())
        return self._run(
            key, lambda rows, prompts: self._engine.generate(rows, prompts, **search), MAX_JOINED_WINDOWS, states, prompts
        )

    def align(
        self,
        states: Any,
        start_sequence: Sequence[int],
        text_tokens: Tokens,
        num_frames: Sequence[int],
        median_filter_width: int = 7,
    ) -> Any:
        """Return when the tokens of each window are said."""

        def align(rows: Any, texts: Tokens, frames: Sequence[int]) -> Any:
            return self._engine.align(rows, start_sequence, texts, frames, median_filter_width=median_filter_width)

        key = "align", median_filter_width, *start_sequence
        return self._run(key, align, MAX_JOINED_INPUTS, states, text_tokens, num_frames)

    def _run(
        self, key: tuple[object, ...], method: Callable[..., Any], max_rows: dict[Device, int], rows: Any, *columns: Sequence[Any]
    ) -> Any:
        """Call a method in line, joined with calls that have an equal key and equally long inputs.

        Args:
            key: the method, with all that must be equal in one batch.
            method: from rows and columns to one result for each window.
            max_rows: windows of a batch, by device.
            rows: the windows.
            columns: further arguments, one value for each window.
        """
        windows, *shape = rows.shape

        def compute(items: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
            views, *others = zip(*items, strict=True)
            results = method(_joined(views), *(list(chain.from_iterable(column)) for column in others))
            return _parted(results, [view.shape[0] for view in views])

        call = BatchCall[tuple[Any, ...], Any]((*key, *shape), compute, max_rows[self.device])
        return self._shared.run(call, (rows, *columns), windows)


def _joined(views: Sequence[Any]) -> Any:
    """Return one StorageView with all rows; a single one is not copied."""
    return views[0] if len(views) == 1 else _storage(np.concatenate([_in_main_memory(view) for view in views]))


def _parted(results: Any, counts: Sequence[int]) -> list[Any]:
    """Return the results of each item, of which `counts` has the number of windows."""
    if len(counts) == 1:
        return [results]
    if isinstance(results, Sequence):
        rest = iter(results)
        return [list(islice(rest, count)) for count in counts]
    return [_storage(rows) for rows in np.split(_in_main_memory(results), np.cumsum(counts)[:-1])]


def _in_main_memory(view: Any) -> AnyArray:
    import ctranslate2

    return np.asarray(view.to_device(ctranslate2.Device.cpu))


def _storage(rows: AnyArray) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(rows))
