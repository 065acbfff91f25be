"""The endpoints for music and sounds, for scripts and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import gradio as gr

from components.clip.clip_input import open_for_api
from components.page.calls.progress import watched
from components.page.endpoints import add_endpoint
from components.page.option_arguments import with_option_arguments
from models.errors import InvalidOption
from models.specs.model_spec import AUTO
from pipelines.description.description import DescriptionOptions, describe_clip
from pipelines.description.model_caption import CaptionOptions
from pipelines.language_models.prompting import Turn
from pipelines.music.analysis import music_facts as facts_of_clip
from pipelines.music.facts import MAX_BPM, MIN_BPM, FactOptions
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions
from pipelines.questions.answering import answer_about
from pipelines.questions.from_model import QuestionOptions
from pipelines.questions.label_matching import MatchedLabels
from pipelines.questions.own_words import BY_MEANING, find_words
from pipelines.tagging.sound_tagging import tag_sounds as sounds_of_clip
from pipelines.tagging.tags import TagOptions
from pipelines.tagging.zero_shot import LabelOptions
from services import Services

Endpoint = Callable[..., Any]


@dataclass(frozen=True)
class DescriptionArguments:
    """The arguments of `/describe_music` beside the recording."""

    model: Annotated[
        str,
        "'auto' takes the best audio language model that fits, and where none does the measurements; 'facts' writes from the "
        "measurements, without a model; else a key of the catalogue such as 'qwen2-audio-instruct'.",
    ] = AUTO
    prompt: Annotated[str, "the prompt for a model; '' for its usual one."] = ""
    do_sample: Annotated[bool, "whether a model samples its tokens; else it takes the likeliest."] = False
    temperature: Annotated[float, "sampling temperature, above 0 and up to 2."] = CaptionOptions.temperature
    top_p: Annotated[float, "probability mass that is sampled from, above 0 and up to 1."] = CaptionOptions.top_p
    max_new_tokens: Annotated[int, "maximum number of tokens that a model writes."] = CaptionOptions.max_new_tokens
    seed: Annotated[int, "seed of the sampling."] = CaptionOptions.seed

    def options(self) -> DescriptionOptions:
        """Return the options of the pipeline."""
        return DescriptionOptions(caption=CaptionOptions(**asdict(self)))


def add_music_endpoints(services: Services) -> None:
    """Add all of them to the page's API, each under the name of its function."""
    for build in (_describe_music, _ask_about_audio, _music_facts, _tag_sounds, _score_labels):
        add_endpoint(build(services), services.stop_flags, services.lines.calls.models)


def _music_facts(services: Services) -> Endpoint:
    def music_facts(
        audio: gr.FileData,
        min_bpm: float = MIN_BPM,
        max_bpm: float = MAX_BPM,
        beats_per_bar: int = 0,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Measure the music in a recording.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            min_bpm: minimum tempo in beats per minute.
            max_bpm: maximum tempo in beats per minute, at least twice the minimum.
            beats_per_bar: 2 to 5 if the metre is known, 0 to detect it.

        Returns:
            tempo {bpm, confidence, alternatives, reason}; beats {times, positions, beats_per_bar, beat_unit, confidence,
            alternatives}; key {tonic, mode, confidence, alternatives}; chords [{start, end, name, confidence, alternatives}];
            sections [{start, end, label, confidence}], without a confidence if there is one; loudness {integrated_lufs, range_lu,
            true_peak_dbfs}; vocals {present, probability, spans}; is_music; times in seconds; null for what the clip does not
            have; model, duration, elapsed; clip_notes, sentences about what could not be read.
        """
        options = FactOptions(min_bpm, max_bpm, beats_per_bar or None)
        clip = open_for_api(services, audio, should_stop)
        *_, facts = watched(facts_of_clip(clip, options, services.runtime, should_stop))
        return {**facts.to_dict(), "clip_notes": clip.notes}

    return music_facts


def _tag_sounds(services: Services) -> Endpoint:
    def tag_sounds(
        audio: gr.FileData, model: str = AUTO, max_tags: int = 5, *, should_stop: Callable[[], bool]
    ) -> dict[str, Any]:
        """Tag the sounds in a recording, and for music its genres, instruments and moods.

        Args:
            audio: the recording, in any format that carries sound.
            model: 'auto', or a key of the catalogue such as 'yamnet'.
            max_tags: maximum number of tags of each kind.

        Returns:
            sounds {top [{name, score}], over_time {rows, scores, hop, start}}; music {tags [{name, kind, confidence}], is_music,
            vocals_in_clip, over_time}; model, licence, duration and elapsed in seconds; clip_notes. The confidence of genres and
            instruments and `vocals_in_clip` are the share of music in which they are right; other kinds of tags are guesses.
        """
        clip = open_for_api(services, audio, should_stop)
        *_, sounds = watched(sounds_of_clip(clip, TagOptions(model, max_tags), services.runtime, should_stop), clip.duration)
        *_, music = watched(tag_music(clip, MusicTagOptions(max_tags), services.runtime, should_stop), clip.duration)
        return {"sounds": sounds.to_dict(), "music": music.to_dict(), "clip_notes": clip.notes}

    return tag_sounds


def _score_labels(services: Services) -> Endpoint:
    def score_labels(
        audio: gr.FileData, labels: list[str], model: str = AUTO, *, should_stop: Callable[[], bool]
    ) -> dict[str, Any]:
        """Score how well labels of your own fit a recording (zero-shot classification), or find known labels of like meaning.

        Args:
            audio: the recording, in any format that carries sound.
            labels: two or more words or short descriptions.
            model: a key of the catalogue for zero-shot tags, which compares labels with the sound; 'by-meaning' compares them
                with the labels of the taggers for sounds and for music, not with the sound; 'auto' takes a model if one is
                within reach.

        Returns:
            method, 'comparison' or 'by-meaning'. By comparison: clip [{label, probability, similarity}], best first;
            probabilities and similarities [windows, labels] that start at `times`; labels, their columns; duration in seconds.
            By meaning: matches [{words, labels, score, time}], strongest first; score, 0 to 1, is the taggers' guess for these
            labels, null where no label means about the same. Both: model, licence, elapsed in seconds; clip_notes.
        """
        clip = open_for_api(services, audio, should_stop)
        *_, found = find_words(clip, tuple(labels), LabelOptions(model), services.runtime, should_stop)
        method = BY_MEANING if isinstance(found, MatchedLabels) else "comparison"
        return {"method": method, **found.to_dict(), "clip_notes": clip.notes}

    return score_labels


def _describe_music(services: Services) -> Endpoint:
    @with_option_arguments(DescriptionArguments)
    def describe_music(
        audio: gr.FileData, arguments: DescriptionArguments, *, should_stop: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Describe a recording in a few sentences, with every claim about the music checked against measurements.

        Args:
            audio: the recording, in any format that carries sound.

        Returns:
            A growing result: text; caption {sentences [{text, start, end, claims [{claim, verdict, confidence, is_confirmed,
            reason, start, end}]}], model, licence, remark}; sounds, music and facts as `tag_sounds` and `music_facts` give them;
            state; times in seconds; clip_notes.
        """
        clip, text = open_for_api(services, audio, should_stop), None
        for now in watched(describe_clip(clip, arguments.options(), services.runtime, should_stop)):
            written = now.caption.text if now.caption else ""
            if written != text or now.state == "done":
                text = written
                yield {"text": text, **now.to_dict(), "clip_notes": clip.notes}

    return describe_music


def _ask_about_audio(services: Services) -> Endpoint:
    def ask_about_audio(
        audio: gr.FileData,
        question: str,
        model: str = AUTO,
        history: list[list[str]] | None = None,
        *,
        should_stop: Callable[[], bool],
    ) -> dict[str, Any]:
        """Answer a question about a recording.

        Args:
            audio: the recording, in any format that carries sound.
            question: in English.
            model: 'auto' takes the best audio language model that fits, and where none does the measurements; 'facts' answers
                from the measurements; else a key of the catalogue of an audio language model.
            history: earlier turns, oldest first, for an audio language model: [[question, answer]].

        Returns:
            text; spans [[start, end]] in seconds, the places that the answer is about; model, what answered; remark, why 'auto'
            took the measurements, or ''; clip_notes.
        """
        if not all(len(turn) == 2 for turn in history or []):
            raise InvalidOption("history", history, "pairs of a question and its answer")
        clip = open_for_api(services, audio, should_stop)
        turns = tuple(Turn(*turn) for turn in history or [])
        answer = answer_about(clip, question, QuestionOptions(model=model), services.runtime, should_stop, turns)
        return {**answer.to_dict(), "clip_notes": clip.notes}

    return ask_about_audio
