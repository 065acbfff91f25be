"""Errors of several libraries that mean that memory ran out, and what they keep alive."""

from __future__ import annotations

import traceback

from models.errors import AudioscopeError, OutOfMemory


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch, CTranslate2, onnxruntime, Python or Audioscope means that memory ran out."""
    if isinstance(error, (MemoryError, OutOfMemory)):
        return True
    if isinstance(error, AudioscopeError):
        return False
    text = str(error).lower()
    if not isinstance(error, RuntimeError) and not type(error).__module__.startswith("onnxruntime"):
        return False
    return any(words in text for words in ("out of memory", "failed to allocate", "can't allocate memory", "bad_alloc"))


def let_go_of_locals(error: BaseException) -> None:
    """Clear the local variables of an error's finished frames: half-built models and tensors live as long as they do."""
    cleared: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in cleared:
        traceback.clear_frames(link.__traceback__)
        cleared.add(id(link))
        link = link.__cause__ or link.__context__
