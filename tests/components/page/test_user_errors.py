"""Errors become sentences: known ones their own, unknown ones an id that the log has too."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterator

import gradio as gr
import pytest

from components.page.user_errors import report_errors, sentence_for
from models import errors
from models.errors import AudioscopeError
from pipelines.clip import errors as clip_errors
from pipelines.clip.errors import EmptyClip
from pipelines.embeddings import errors as embedding_errors
from pipelines.pictures import errors as picture_errors

KNOWN = {
    clip_errors.ClipTooLarge: (3 * 10**9, 2 * 10**9),
    clip_errors.ClipTooLong: (7200.0,),
    clip_errors.TooManyChannels: (64, 16),
    errors.InvalidOption: ("beam size", 99, "1 to 10"),
    errors.UnknownModel: ("nonsense", ("auto", "base")),
    errors.UnsuitableModel: ("Whisper large-v3-turbo", "translate"),
    errors.ModelUnavailable: ("Whisper", "no network"),
    errors.UnsuitableModel: ("Whisper large-v3 turbo", "translate"),
    errors.NoModelFits: ("too small", "fits the memory"),
    errors.DamagedWeights: ("Whisper", "model.bin"),
    errors.ModelLoadFailed: ("Whisper", "bad header"),
    errors.OutOfMemory: (10**9, 10**8, "cuda"),
    errors.QueueFull: (32,),
    errors.WaitedTooLong: (300.0,),
    clip_errors.SilentPart: (1.0, 2.5),
    picture_errors.TextWidthMismatch: ("Aligner", 192, "Stable Diffusion", 1024),
    embedding_errors.NoTokens: ("Whisper",),
    embedding_errors.AudioTooLong: (36000.0, "Whisper base (offline), encoder", 15728.6),
    picture_errors.InvalidInitImage: ("it is too large",),
    picture_errors.InvalidPictureFile: ("it holds no settings",),
    picture_errors.TooShortForStoryboard: (1.0, 4.0),
}
ABSTRACT = {clip_errors.ClipError, errors.ModelError, AudioscopeError}


def every_error() -> list[type[AudioscopeError]]:
    modules = (errors, clip_errors, picture_errors, embedding_errors)
    classes = dict.fromkeys(c for module in modules for _, c in inspect.getmembers(module, inspect.isclass))
    found = [c for c in classes if issubclass(c, AudioscopeError)]
    return [error for error in found if error not in ABSTRACT]


@pytest.mark.parametrize("error", every_error())
def test_every_error_is_one_sentence(error: type[AudioscopeError]) -> None:
    sentence = str(error(*KNOWN.get(error, ())))
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert 5 < len(sentence) < 220
    assert sentence_for(error(*KNOWN.get(error, ()))) == sentence


def test_an_unknown_error_shows_an_id_that_the_log_has(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        sentence = sentence_for(ZeroDivisionError("the secret is mother's maiden name"))
    found = re.search(r"error ([0-9a-f]{8})", sentence)
    assert found
    assert "maiden" not in sentence
    assert f"Unexpected error {found[1]}" in caplog.text
    assert "the secret is mother's maiden name" in caplog.text


def test_handlers_keep_their_kind_and_signature() -> None:
    @report_errors
    def plain(number: int) -> int:
        raise EmptyClip

    @report_errors
    def streaming(number: int) -> Iterator[int]:
        yield number
        raise EmptyClip

    assert inspect.isgeneratorfunction(streaming)
    assert not inspect.isgeneratorfunction(plain)
    assert list(inspect.signature(streaming).parameters) == ["number"]
    with pytest.raises(gr.Error, match="This file is empty"):
        plain(1)
    steps = streaming(1)
    assert next(steps) == 1
    with pytest.raises(gr.Error, match="This file is empty"):
        next(steps)
