"""The command `transcribe`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import typer

from commands.arguments import Again, AsJson, Formats, Inputs, Jobs, Output, Quiet, completing, completing_models
from commands.outputs import STANDARD_OUTPUT, OutputFormat
from commands.running import FileCommand, JobStep, RunOptions, run
from models.specs.model_spec import AUTO
from pipelines import APP_VERSION
from pipelines.clip.clip import AudioClip
from pipelines.speech.languages import WHISPER_LANGUAGES
from pipelines.speech.transcript import SPEAKER_CHOICES, SpeechTask, Transcription, TranscriptionOptions
from pipelines.speech.transcription import transcribe as transcribe_clip
from pipelines.subtitles.cue_options import CueOptions
from pipelines.subtitles.formats import FORMATS, FileFormat, Subtitles, to_json
from services import Services

DEFAULTS, CUES = TranscriptionOptions(), CueOptions()
LANGUAGES = completing([AUTO, *WHISPER_LANGUAGES])
SUBTITLES = "Subtitles"
"""Title of the options of subtitles in the help."""
MODEL_HELP = "'auto', or a key that `models` lists."
SPEAKERS_HELP = "'auto' finds out how many people speak; or their number, 2 to 10."

Model = Annotated[str, typer.Option(help=MODEL_HELP, autocompletion=completing_models("transcribe"))]
Speakers = Annotated[str, typer.Option(help=SPEAKERS_HELP, autocompletion=completing(SPEAKER_CHOICES))]


def transcribe(
    inputs: Inputs,
    formats: Formats = None,
    output: Output = STANDARD_OUTPUT,
    model: Model = DEFAULTS.model,
    language: Annotated[str, typer.Option(help="'auto', or a code such as en.", autocompletion=LANGUAGES)] = AUTO,
    allowed_languages: Annotated[str, typer.Option(help="Codes among which 'auto' chooses, such as 'en,de'.")] = "",
    task: Annotated[SpeechTask, typer.Option(help="'translate' writes English.")] = DEFAULTS.task,
    prompt: Annotated[
        str, typer.Option(help="A text in the style and with the spellings that are wanted.")
    ] = DEFAULTS.initial_prompt,
    hotwords: Annotated[str, typer.Option(help="Names and terms to expect.")] = DEFAULTS.hotwords,
    beam_size: Annotated[int, typer.Option(help="1 to 10; more is slower and sometimes better.")] = DEFAULTS.beam_size,
    separate_sides: Annotated[
        bool, typer.Option(help="Read two sides that are unlike recordings one by one.")
    ] = DEFAULTS.separate_sides,
    speakers: Speakers = DEFAULTS.speakers,
    line_characters: Annotated[
        int | None, typer.Option(help="Longest line; by default usual for the language.", rich_help_panel=SUBTITLES)
    ] = CUES.max_characters_a_line,
    max_lines: Annotated[int, typer.Option(help="Lines at once.", rich_help_panel=SUBTITLES)] = CUES.max_lines,
    max_words: Annotated[
        int | None, typer.Option(help="Words at once; 1 for word by word.", rich_help_panel=SUBTITLES)
    ] = CUES.max_words,
    word_times: Annotated[
        bool, typer.Option("--word-times", help="Write the time of each word into VTT and LRC.", rich_help_panel=SUBTITLES)
    ] = False,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    again: Again = False,
    quiet: Quiet = False,
) -> None:
    """Write down what is said, as text or subtitles: txt, srt, vtt, lrc, tsv, json or rttm."""
    options = TranscriptionOptions(
        model=model,
        language=None if language == AUTO else language,
        allowed_languages=tuple(allowed_languages.replace(",", " ").split()),
        task=task,
        initial_prompt=prompt,
        hotwords=hotwords,
        beam_size=beam_size,
        separate_sides=separate_sides,
        speakers=speakers,
    )
    cues = CueOptions(max_characters_a_line=line_characters, max_lines=max_lines, max_words=max_words)
    run(transcription_command(options, cues, word_times), RunOptions(inputs, output, formats or (), as_json, jobs, again, quiet))


def transcription_command(
    options: TranscriptionOptions, cues: CueOptions, word_times: bool = False
) -> FileCommand[Transcription]:
    """Return what `transcribe` does with each input."""

    def subtitles(clip: AudioClip, result: Transcription) -> Subtitles:
        return Subtitles(result, options, cues, clip.name, APP_VERSION, word_times)

    def content(file_format: FileFormat, clip: AudioClip, result: Transcription) -> bytes:
        return file_format.encode(subtitles(clip, result))

    def steps(services: Services, clip: AudioClip, should_stop: Callable[[], bool]) -> Iterator[JobStep[Transcription]]:
        for now in transcribe_clip(clip, options, services.runtime, should_stop):
            is_done = now.state == "done"
            yield JobStep(now.position / clip.duration, now if now.segments or is_done else None, is_done)

    def document(clip: AudioClip, result: Transcription) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(to_json(subtitles(clip, result)))
        return {"text": result.text, **found}

    formats = {name.lower(): OutputFormat(one.ending, partial(content, one)) for name, one in FORMATS.items()}
    return FileCommand(formats, steps, document)
