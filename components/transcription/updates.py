"""The updates of the page about one transcript: its lines, the summary, and its tracks on the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr

from components.page.edits import RUNNING
from components.timeline.items import SpanItem, WordItem
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import Colour, SpanTrack, WordTrack
from components.transcription import labels
from components.transcription.summary import remark, transcription_summary, waiting_message
from components.transcription.transcript import TranscriptFeed, transcript_edits_value
from pipelines.clip.clip import AudioClip
from pipelines.speech.edits.versions import TranscriptVersion, TranscriptVersions
from pipelines.speech.transcript import NonSpeechSegment, Segment, Transcription, TranscriptionOptions

Update = tuple[Any, ...]
"""(transcript, summary, timeline, result)."""
MAX_SPEAKER_TRACKS = 10
"""Names can be typed for single lines; further speakers have no track."""
MAX_TRACK_NAME = 40
SPEAKER_COLOURS: tuple[Colour, ...] = ("blue", "orange", "green", "pink", "sky", "red")
"""In the order of the classes `voice-1` to `voice-6` of the transcript's style."""
NO_UPDATE: Update = (gr.skip(),) * 4


class TranscriptUpdates:
    """Turns the snapshots of one run into updates; what did not change is not sent again."""

    def __init__(self, clip: AudioClip, options: TranscriptionOptions) -> None:
        sides = (options.separate_sides and clip.sides) or ("",)
        self._sides: tuple[str, ...] = sides
        self._timeline, self._transcript = TimelineFeed(clip.content_hash, "transcribe"), TranscriptFeed()
        _add_tracks(self._timeline, sides)
        for track in (track for side in {"", *clip.sides}.difference(sides) for track in _tracks_of(side)):
            self._timeline.remove(track.id)  # of an earlier run
        self._speakers = MAX_SPEAKER_TRACKS  # those of an earlier run, or of names before an edit
        self._show_speakers(())
        self._shown = tuple[Segment, ...]()
        self._message: str | None = None

    def of(self, now: Transcription, versions: TranscriptVersions | None = None) -> Update:
        """Return the update for a snapshot; with the versions whose shown one it is, where the run is over."""
        changed = now.segments != self._shown
        if now.segments[: len(self._shown)] != self._shown:  # a line was taken back
            self._shown, self._transcript = (), TranscriptFeed()
            _add_tracks(self._timeline, self._sides)
        new, self._shown = now.segments[len(self._shown) :], now.segments
        if new:
            self._transcript.extend(new)
            self._show_speakers(now.segments)
            _extend_tracks(self._timeline, self._sides, new, with_lines=not self._speakers)
        transcript = _with_remarks(now) if now.non_speech and now.segments else self._transcript
        is_edited = versions is not None and versions.shown is not None and bool(versions.shown.done)
        before, self._message = self._message, labels.ALL_DELETED if is_edited else waiting_message(now)
        edits = transcript_edits_value(versions) if versions else RUNNING
        is_news = changed or versions is not None or self._message != before
        return (
            transcript.value(self._message, edits=edits) if is_news else gr.skip(),
            transcription_summary(now),
            self._timeline.value() if changed or is_edited else gr.skip(),
            versions.shown if versions else gr.skip(),
        )

    def _show_speakers(self, segments: tuple[Segment, ...]) -> None:
        """Give each speaker a track, in place of the lines of all."""
        tracks = speaker_tracks(segments)
        for track in tracks:
            self._timeline.put(track)
        for number in range(len(tracks), self._speakers):
            self._timeline.remove(speaker_track_id(number))
        for side in self._sides if tracks else ():
            self._timeline.remove(speech_track_id(side))
        self._speakers = len(tracks)


def whole(clip: AudioClip, versions: TranscriptVersions) -> Update:
    """Return the update for the shown one of a clip's versions."""
    shown = versions.shown
    assert shown
    return TranscriptUpdates(clip, shown.options).of(shown.transcription, versions)


def only(version: TranscriptVersion) -> TranscriptVersions:
    """Return the versions of a transcript that was not edited."""
    return TranscriptVersions((version,), version.id)


def speaker_tracks(segments: Iterable[Segment]) -> list[SpanTrack]:
    """Return a track for each speaker, in the order in which they begin, with the colour that the transcript gives them."""
    lines: dict[str, list[SpanItem]] = {}
    for segment in segments:
        if segment.speaker:
            lines.setdefault(segment.speaker, []).append(SpanItem(segment.start, segment.end, segment.text))
    return [
        SpanTrack(
            id=speaker_track_id(number),
            name=name[:MAX_TRACK_NAME],
            colour=SPEAKER_COLOURS[number % len(SPEAKER_COLOURS)],
            items=tuple(items),
        )
        for number, (name, items) in enumerate(list(lines.items())[:MAX_SPEAKER_TRACKS])
    ]


def speaker_track_id(number: int) -> str:
    """Return the id of the track of a speaker, counted from 0."""
    return f"speaker-{number + 1}"


def speech_track_id(side: str) -> str:
    """Return the id of the track with the lines of a side of the clip, or of all of it."""
    return f"speech-{side}" if side else "speech"


def _tracks_of(side: str, segments: Iterable[Segment] = ()) -> tuple[SpanTrack, WordTrack]:
    """Return the tracks of a clip's lines and words, or those of one of its sides."""
    lines = [segment for segment in segments if segment.side == side]
    words = tuple(WordItem(w.start, max(w.start, w.end), w.text, min(w.probability, 1.0)) for s in lines for w in s.words)
    suffix, title = (f"-{side}", f" {side[0].upper()}") if side else ("", "")
    return (
        SpanTrack(id=speech_track_id(side), name=f"Speech{title}", items=tuple(SpanItem(s.start, s.end, s.text) for s in lines)),
        WordTrack(id=f"words{suffix}", name=f"Words{title}", items=words),
    )


def _add_tracks(timeline: TimelineFeed, sides: tuple[str, ...]) -> None:
    """Add empty tracks, or empty those that are there."""
    for side in sides:
        for track in _tracks_of(side):
            timeline.put(track)


def _extend_tracks(timeline: TimelineFeed, sides: tuple[str, ...], segments: tuple[Segment, ...], with_lines: bool) -> None:
    for side in sides:
        lines, words = _tracks_of(side, segments)
        timeline.extend(words)
        if with_lines:
            timeline.extend(lines)


def _with_remarks(now: Transcription) -> TranscriptFeed:
    """Make lines with a remark for every non-speech segment between them."""
    feed = TranscriptFeed()
    parts: list[Segment | NonSpeechSegment] = [*now.segments, *now.non_speech]
    for part in sorted(parts, key=lambda part: part.start):
        if isinstance(part, NonSpeechSegment):
            feed.remark(part.start, part.end, remark(part))
        else:
            feed.extend((part,))
    return feed
