"""The endpoints `music_facts`, `tag_sounds` and `score_words`, for scripts and as MCP tools."""

from __future__ import annotations

from typing import Any

import gradio as gr

from components.clip_input import open_for_api
from components.music_files import as_document
from components.services import MODEL_JOBS, Services
from components.user_errors import tell_errors
from models.model_catalog import AUTO
from pipelines.music_facts import FASTEST_BPM, SLOWEST_BPM, FactOptions
from pipelines.music_facts import music_facts as facts_of_clip
from pipelines.music_tagging import MusicTagOptions, tag_music
from pipelines.sound_tagging import TagOptions
from pipelines.sound_tagging import tag_sounds as sounds_of_clip
from pipelines.zero_shot_tagging import WordOptions
from pipelines.zero_shot_tagging import score_words as words_of_clip


def add_music_endpoints(services: Services) -> None:
    """Add them to the page's API."""

    @tell_errors
    def music_facts(
        audio: gr.FileData, slowest_bpm: float = SLOWEST_BPM, fastest_bpm: float = FASTEST_BPM, beats_per_bar: int = 0
    ) -> dict[str, Any]:
        """Measure the music in a recording.

        Args:
            audio: the recording: WAV, MP3, FLAC, OGG, Opus, M4A, WebM, AIFF, AU, or a video with sound.
            slowest_bpm: no tempo below this is considered; beats per minute.
            fastest_bpm: no tempo above this is considered; at least twice the slowest.
            beats_per_bar: 2 to 5 if the metre is known, 0 to find out.

        Returns:
            tempo {bpm, confidence, alternatives, reason}; beats {times, positions, beats_per_bar, beat_unit, confidence,
            alternatives}; key {tonic, mode, confidence, alternatives}; chords [{start, end, name, confidence, alternatives}];
            sections [{start, end, label, confidence}]; loudness {integrated_lufs, range_lu, true_peak_dbfs}; vocals {present,
            confidence, spans}; times in seconds; null for what the clip does not have; models, duration, elapsed.
        """
        options = FactOptions(slowest_bpm, fastest_bpm, beats_per_bar or None)
        clip = open_for_api(services, audio)
        *_, facts = facts_of_clip(clip, options, services.catalog, services.cache, services.features)
        return dict(as_document(facts))

    @tell_errors
    def tag_sounds(audio: gr.FileData, model: str = AUTO, names: int = 5) -> dict[str, Any]:
        """Name the sounds in a recording, and for music its genres, instruments and moods.

        Args:
            audio: the recording, in any format that carries sound.
            model: 'auto', or a key of the catalogue such as 'yamnet'.
            names: how many tags of each kind at most.

        Returns:
            sounds {top [{name, score}], over_time {rows, scores, hop, start}}; music {tags [{name, kind, confidence}], is_music,
            vocals_in_clip, over_time}; model names, licences, duration and elapsed in seconds.
        """
        clip = open_for_api(services, audio)
        parts = services.catalog, services.cache, services.features
        *_, sounds = sounds_of_clip(clip, TagOptions(model, names), *parts)
        *_, music = tag_music(clip, MusicTagOptions(names), *parts)
        return {"sounds": as_document(sounds), "music": as_document(music)}

    @tell_errors
    def score_words(audio: gr.FileData, words: list[str], model: str = AUTO) -> dict[str, Any]:
        """Say how well words of your own fit a recording.

        Args:
            audio: the recording, in any format that carries sound.
            words: two or more words or short descriptions.
            model: 'auto', or a key of the catalogue for zero-shot tags.

        Returns:
            words [{word, probability, similarity}] and scores over time; model, licence, duration and elapsed in seconds.
        """
        clip = open_for_api(services, audio)
        parts = services.catalog, services.cache, services.features
        *_, scores = words_of_clip(clip, tuple(words), WordOptions(model), *parts)
        return dict(as_document(scores))

    shared: dict[str, Any] = {"concurrency_id": MODEL_JOBS, "concurrency_limit": services.settings.parallel_jobs}
    gr.api(music_facts, api_name="music_facts", **shared)
    gr.api(tag_sounds, api_name="tag_sounds", **shared)
    gr.api(score_words, api_name="score_words", **shared)
