"""Which hidden states and attention weights a transformers model gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def hidden_state_selection(layers: Iterable[int]) -> list[int] | bool:
    """Return the value of `output_hidden_states` that gives at least `layers`, as few more as the installed library allows.

    The last version of transformers for Python 3.10 keeps all layers or none. Newer ones keep the listed ones; the tuple of
    hidden states has the same indices either way.
    """
    from transformers.utils import output_capturing

    return list(layers) if hasattr(output_capturing, "selected_hidden_states") else True


@contextmanager
def eager_attention(model: Any) -> Iterator[None]:
    """Let a leased transformers model compute attention in the implementation that returns its weights."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
