"""The controls of the transcription tab and the options made from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.page.model_choices import ModelChoices, within_reach
from models.errors import as_size
from models.model_catalog import ModelCatalog
from models.specs.model_spec import AUTO, ModelSpec
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.subtitles.cue_options import CueOptions

DETECT = "auto"
TASKS = [("Transcribe", "transcribe"), ("Translate to English", "translate")]


@dataclass(frozen=True)
class TranscriptionControls:
    """Components whose values `options_of` and `cue_options_of` read, in this order."""

    decoding: list[gr.components.Component]
    cues: list[gr.components.Component]
    advanced: gr.Accordion


def build_transcription_controls(catalog: ModelCatalog, model_choices: ModelChoices) -> TranscriptionControls:
    """Build the controls: model, language and task, and the rest folded away."""
    model = model_choices.build(lambda: within_reach(catalog, "transcribe", _title), [("Automatic", AUTO)], "Model")
    language = gr.Dropdown(_language_choices(), value=DETECT, label="Language")
    task = gr.Dropdown(TASKS, value="transcribe", label="Task")
    with gr.Accordion("Advanced", open=False) as advanced:
        allowed = gr.Dropdown(
            _language_names(),
            multiselect=True,
            label="Languages allowed",
            info="Detect only these; empty for all.",
            elem_classes="allowed-languages",
        )
        prompt = gr.Textbox(label="Initial prompt", info="A text in the style and spelling you want.", lines=2, max_length=800)
        hotwords = gr.Textbox(label="Hotwords", info="Names and terms to expect.", max_length=400)
        beam_size = gr.Slider(1, 10, value=5, step=1, label="Beam size")
        words = gr.Checkbox(True, label="Word timestamps")
        fallback = gr.Checkbox(True, label="Fallback searches", info="Search again where the model is unsure.")
        vad_filter = gr.Checkbox(True, label="Voice detection", info="Decode only where there is speech.")
        threshold = gr.Slider(0.1, 0.9, value=0.5, step=0.05, label="Voice detection threshold")
        sides = gr.Checkbox(True, label="Separate sides", info="Read the left and the right by themselves where they are unlike.")
        characters = gr.Slider(0, 80, value=0, step=1, label="Characters per line", info="0: usual for the language.")
        lines = gr.Slider(1, 4, value=2, step=1, label="Lines per subtitle")
        cue_words = gr.Slider(0, 20, value=0, step=1, label="Words per subtitle", info="0: as many as fit.")
    decoding = [model, language, allowed, task, prompt, hotwords, beam_size, words, fallback, vad_filter, threshold, sides]
    return TranscriptionControls(decoding, [characters, lines, cue_words], advanced)


def options_of(values: tuple[Any, ...]) -> TranscriptionOptions:
    """Make options from the values of `TranscriptionControls.decoding`."""
    model, language, allowed, task, prompt, hotwords, beam_size, words, fallback, vad_filter, threshold, sides = values
    return TranscriptionOptions(
        model=model,
        language=None if language == DETECT else language,
        allowed_languages=tuple(allowed or ()),
        task=task,
        initial_prompt=prompt or "",
        hotwords=hotwords or "",
        beam_size=int(beam_size),
        word_timestamps=bool(words),
        fallback_searches=bool(fallback),
        vad_filter=bool(vad_filter),
        vad_threshold=float(threshold),
        separate_sides=bool(sides),
    )


def cue_options_of(values: tuple[Any, ...]) -> CueOptions:
    """Make the subtitle layout from the values of `TranscriptionControls.cues`."""
    characters, lines, words = (int(value) for value in values)
    return CueOptions(max_characters_a_line=characters or None, max_lines=lines, max_words=words or None)


def _title(spec: ModelSpec) -> str:
    return f"{spec.title} · {spec.licence} · {as_size(spec.download_bytes)}"


def _language_choices() -> list[tuple[str, str]]:
    return [("Detect", DETECT), *_language_names()]


def _language_names() -> list[tuple[str, str]]:
    return [(name, code) for code, name in WHISPER_LANGUAGES.items()]
