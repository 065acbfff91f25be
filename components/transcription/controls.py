"""The controls of the transcription tab, and the options that they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from models.errors import as_size
from models.model_catalog import AUTO, ModelCatalog
from models.specs.model_spec import ModelSpec
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcription import TranscriptionOptions
from pipelines.subtitles.cues import CueOptions, cue_options_for

DETECT = "auto"
TASKS = [("Transcribe", "transcribe"), ("Translate to English", "translate")]


@dataclass(frozen=True)
class TranscriptionControls:
    """Components whose values, in this order, `options_of` and `cue_options_of` read."""

    decoding: list[gr.components.Component]
    cues: list[gr.components.Component]
    more: gr.Accordion


def build_transcription_controls(catalog: ModelCatalog) -> TranscriptionControls:
    """What most people need, and the rest folded away."""
    model = gr.Dropdown(_model_choices(catalog.models("transcribe")), value=AUTO, label="Model")
    language = gr.Dropdown(_language_choices(), value=DETECT, label="Language")
    task = gr.Dropdown(TASKS, value="transcribe", label="Task")
    with gr.Accordion("More", open=False) as more:
        prompt = gr.Textbox(label="Style and spelling, as an example text", lines=2, max_length=800)
        hotwords = gr.Textbox(label="Names and terms to expect", max_length=400)
        beam_size = gr.Slider(1, 10, value=5, step=1, label="Beam size")
        words = gr.Checkbox(True, label="Times of words")
        fallback = gr.Checkbox(True, label="Try again with temperature where it is unsure")
        voice = gr.Checkbox(True, label="Listen only where there is a voice")
        threshold = gr.Slider(0.1, 0.9, value=0.5, step=0.05, label="Voice probability from which")
        characters = gr.Slider(0, 80, value=0, step=1, label="Subtitles: characters a line (0: usual for the language)")
        lines = gr.Slider(1, 4, value=2, step=1, label="Subtitles: lines a cue")
        cue_words = gr.Slider(0, 20, value=0, step=1, label="Subtitles: words a cue (0: as many as fit)")
    decoding = [model, language, task, prompt, hotwords, beam_size, words, fallback, voice, threshold]
    return TranscriptionControls(decoding, [characters, lines, cue_words], more)


def options_of(values: tuple[Any, ...]) -> TranscriptionOptions:
    """The options that the values of `TranscriptionControls.decoding` stand for."""
    model, language, task, prompt, hotwords, beam_size, words, fallback, voice, threshold = values
    return TranscriptionOptions(
        model=model,
        language=None if language == DETECT else language,
        task=task,
        initial_prompt=prompt or "",
        hotwords=hotwords or "",
        beam_size=int(beam_size),
        word_timestamps=bool(words),
        temperature_fallback=bool(fallback),
        voice_activity_filter=bool(voice),
        voice_threshold=float(threshold),
    )


def cue_options_of(values: tuple[Any, ...], language: str) -> CueOptions:
    """The layout of subtitles that the values of `TranscriptionControls.cues` stand for, in this language."""
    characters, lines, words = (int(value) for value in values)
    usual = cue_options_for(language)
    return replace(
        usual, max_characters_a_line=characters or usual.max_characters_a_line, max_lines=lines, max_words=words or None
    )


def _model_choices(specs: tuple[ModelSpec, ...]) -> list[tuple[str, str]]:
    described = [(f"{spec.title} · {spec.licence} · {as_size(spec.download_bytes)}", spec.key) for spec in specs]
    return [("Automatic: the best that fits", AUTO), *described]


def _language_choices() -> list[tuple[str, str]]:
    return [("Detect", DETECT), *((name, code) for code, name in WHISPER_LANGUAGES.items())]
