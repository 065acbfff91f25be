"""The controls of the transcription tab and the options made from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from components.page.model_choices import ModelChoices, within_reach
from components.transcription import labels
from models.errors import as_size
from models.model_catalog import ModelCatalog
from models.specs.model_spec import AUTO, ModelSpec
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcript import NO_SPEAKERS, SPEAKER_CHOICES, TranscriptionOptions
from pipelines.subtitles.cue_options import CueOptions

DETECT = "auto"


@dataclass(frozen=True)
class TranscriptionControls:
    """Components whose values `options_of` and `cue_options_of` read, in this order."""

    decoding: list[gr.components.Component]
    cues: list[gr.components.Component]
    advanced: gr.Accordion


def build_main_controls(catalog: ModelCatalog, model_choices: ModelChoices) -> list[gr.components.Component]:
    """Build the controls that stand above the buttons: model, language, task and speakers."""
    automatic = [(labels.AUTOMATIC_MODEL, AUTO)]
    model = model_choices.build(lambda: within_reach(catalog, "transcribe", _title), automatic, labels.MODEL)
    language = gr.Dropdown(_language_choices(), value=DETECT, label=labels.LANGUAGE)
    tasks = [(labels.TRANSCRIBE, "transcribe"), (labels.TRANSLATE, "translate")]
    task = gr.Dropdown(tasks, value="transcribe", label=labels.TASK)
    speakers = gr.Dropdown(_speaker_choices(), value=NO_SPEAKERS, label=labels.SPEAKERS)
    return [model, language, task, speakers]


def build_advanced_controls(
    main: list[gr.components.Component], catalog: ModelCatalog, model_choices: ModelChoices
) -> TranscriptionControls:
    """Build the rest of the controls, folded away; return them together with those of `build_main_controls`."""
    with gr.Accordion(labels.ADVANCED, open=False) as advanced:
        allowed = gr.Dropdown(
            _language_names(), multiselect=True, elem_classes="allowed-languages", **asdict(labels.ALLOWED_LANGUAGES)
        )
        prompt = gr.Textbox(lines=2, max_length=800, **asdict(labels.INITIAL_PROMPT))
        hotwords = gr.Textbox(max_length=400, **asdict(labels.HOTWORDS))
        beam_size = gr.Slider(1, 10, value=5, step=1, label=labels.BEAM_SIZE)
        words = gr.Checkbox(True, label=labels.WORD_TIMESTAMPS)
        fallback = gr.Checkbox(True, **asdict(labels.FALLBACK_SEARCHES))
        vad_filter = gr.Checkbox(True, **asdict(labels.VOICE_DETECTION))
        threshold = gr.Slider(0.1, 0.9, value=0.5, step=0.05, label=labels.VOICE_THRESHOLD)
        sides = gr.Checkbox(True, **asdict(labels.SEPARATE_SIDES))
        encoders = [(labels.AUTOMATIC_MODEL, AUTO)]
        encoder = model_choices.build(lambda: within_reach(catalog, "embed_speakers", _title), encoders, labels.SPEAKER_MODEL)
        characters = gr.Slider(0, 80, value=0, step=1, **asdict(labels.LINE_CHARACTERS))
        lines = gr.Slider(1, 4, value=2, step=1, label=labels.CUE_LINES)
        cue_words = gr.Slider(0, 20, value=0, step=1, **asdict(labels.CUE_WORDS))
    decoding = [*main, allowed, prompt, hotwords, beam_size, words, fallback, vad_filter, threshold, sides, encoder]
    return TranscriptionControls(decoding, [characters, lines, cue_words], advanced)


def options_of(values: tuple[Any, ...]) -> TranscriptionOptions:
    """Make options from the values of `TranscriptionControls.decoding`."""
    model, language, task, speakers, allowed, prompt, hotwords, beam_size, *rest = values
    words, fallback, vad_filter, threshold, sides, encoder = rest
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
        speakers=speakers,
        speaker_model=encoder,
    )


def cue_options_of(values: tuple[Any, ...]) -> CueOptions:
    """Make the subtitle layout from the values of `TranscriptionControls.cues`."""
    characters, lines, words = (int(value) for value in values)
    return CueOptions(max_characters_a_line=characters or None, max_lines=lines, max_words=words or None)


def _title(spec: ModelSpec) -> str:
    return f"{spec.title} · {spec.licence} · {as_size(spec.download_bytes)}"


def _speaker_choices() -> list[tuple[str, str]]:
    names = {NO_SPEAKERS: labels.NO_SPEAKERS, AUTO: labels.AUTOMATIC_MODEL}
    return [(names.get(choice, choice), choice) for choice in SPEAKER_CHOICES]


def _language_choices() -> list[tuple[str, str]]:
    return [(labels.DETECT_LANGUAGE, DETECT), *_language_names()]


def _language_names() -> list[tuple[str, str]]:
    return [(name, code) for code, name in WHISPER_LANGUAGES.items()]
