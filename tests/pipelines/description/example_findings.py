"""Findings put together by hand: a waltz, a rock song, a speaker, a bird, and any others that a test wants."""

from __future__ import annotations

import numpy as np

from pipelines.description.findings import ClipFindings
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.types import Chord, Key, KeyCandidate, KeySpan
from pipelines.music.loudness import Loudness
from pipelines.music.rhythm.types import Beats, Tempo, TempoCandidate
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTag, MusicTags
from pipelines.music.tags.tag_table import TABLE
from pipelines.music.vocals import vocals_of
from pipelines.speech.transcript import Segment, Transcription
from pipelines.tagging.audioset import Tag, class_tree
from pipelines.tagging.tags import SoundTags

PATCH_SECONDS = 2.0


def music_tags(
    duration: float, tags: tuple[MusicTag, ...], vocals: float = 0.0, open_rows: dict[str, float] | None = None
) -> MusicTags:
    """Tags that hold from the first patch to the last; `open_rows` are as likely as they say but not named."""
    patches = max(1, int(duration / PATCH_SECONDS))
    sureness = {(tag.kind, tag.name): tag.confidence for tag in tags}
    row = [sureness.get((row.kind, row.name), (open_rows or {}).get(row.name, 0.05)) for row in TABLE]
    return MusicTags(
        duration,
        np.arange(patches, dtype=np.float32) * np.float32(PATCH_SECONDS),
        np.tile(np.array(row, dtype=np.float32), (patches, 1)),
        np.full(patches, 0.9, dtype=np.float32),
        np.full(patches, vocals, dtype=np.float32),
        tags,
        is_music=True,
        music_fraction=1.0,
        vocals_in_clip=vocals,
        hop_seconds=PATCH_SECONDS,
        patch_seconds=PATCH_SECONDS,
        state="done",
    )


def sound_tags(duration: float, top: tuple[Tag, ...]) -> SoundTags:
    """Sounds that last from the first patch to the last."""
    patches, names = max(1, int(duration / PATCH_SECONDS)), class_tree().names
    scores = np.full((patches, len(names)), 0.001, dtype=np.float32)
    for tag in top:
        scores[:, names.index(tag.name)] = tag.score
    times = np.arange(patches, dtype=np.float32) * np.float32(PATCH_SECONDS)
    return SoundTags(duration, times, scores, top, hop_seconds=PATCH_SECONDS, patch_seconds=PATCH_SECONDS, state="done")


def chord_loop(names: tuple[str, ...], seconds: float, duration: float) -> tuple[Chord, ...]:
    """The same chords again and again, each for `seconds`."""
    count = int(duration / seconds)
    return tuple(Chord(i * seconds, (i + 1) * seconds, names[i % len(names)], 0.9) for i in range(count))


def steady_beats(bpm: float, per_bar: int, unit: int, duration: float, confidence: float) -> Beats:
    """Beats from the first moment to the end."""
    times = tuple(float(time) for time in np.arange(0.0, duration, 60 / bpm))
    return Beats(times, tuple(1 + i % per_bar for i in range(len(times))), per_bar, unit, confidence)


WALTZ = ClipFindings(
    48.0,
    MusicFacts(
        48.0,
        music=0.95,
        tempo=Tempo(132.0, 0.8, (TempoCandidate(66.0, 0.05, "half"), TempoCandidate(264.0, 0.01, "double")), ""),
        beats=steady_beats(132.0, 3, 4, 48.0, 0.8),
        key=Key("G", "major", 0.95, ()),
        key_spans=(KeySpan(0.0, 48.0, KeyCandidate("G", "major", 0.95)),),
        chords=chord_loop(("G:maj", "C:maj", "D:7"), 2.0, 48.0),
        sections=(Section(0, 16, "A", 0.9), Section(16, 32, "B", 0.9), Section(32, 48, "A", 0.9)),
        loudness=Loudness(-20.0, None, -2.0),
        vocals=vocals_of(0.02, ()),
        state="done",
    ),
    music_tags(
        48.0,
        (MusicTag("Classical", "genre", 0.9), MusicTag("Piano", "instrument", 0.85), MusicTag("Strings", "instrument", 0.7)),
        0.05,
        {"Flute": 0.4, "Jazz": 0.4},
    ),
    sound_tags(48.0, (Tag("Piano", 0.4), Tag("Classical music", 0.1))),
)

ROCK = ClipFindings(
    60.0,
    MusicFacts(
        60.0,
        music=0.95,
        tempo=Tempo(120.0, 0.85, (TempoCandidate(60.0, 0.05, "half"),), ""),
        beats=steady_beats(120.0, 4, 4, 60.0, 0.9),
        key=Key("A", "minor", 0.9, ()),
        key_spans=(KeySpan(0.0, 60.0, KeyCandidate("A", "minor", 0.9)),),
        chords=chord_loop(("A:min", "F:maj", "C:maj", "G:maj"), 2.0, 60.0),
        sections=(Section(0, 20, "A", 0.9), Section(20, 60, "B", 0.9)),
        loudness=Loudness(-8.0, 3.0, -0.5),
        vocals=vocals_of(0.95, ((10.0, 40.0),)),
        state="done",
    ),
    music_tags(
        60.0,
        (
            MusicTag("Rock", "genre", 0.85),
            MusicTag("Drums", "instrument", 0.9),
            MusicTag("Electric guitar", "instrument", 0.8),
            MusicTag("Bass guitar", "instrument", 0.7),
            MusicTag("Male voice", "vocals", 0.8),
        ),
        0.9,
        {"Synthesizer": 0.4, "Pop": 0.4},
    ),
    sound_tags(60.0, (Tag("Music", 0.9),)),
)

SPEAKER = ClipFindings(
    15.0,
    MusicFacts(15.0, music=0.02, is_music=False, loudness=Loudness(-23.0, None, -5.0), vocals=vocals_of(0.01, ()), state="done"),
    None,
    sound_tags(15.0, (Tag("Speech", 0.97),)),
    Transcription(
        duration=15.0,
        language="en",
        language_probability=0.99,
        segments=(
            Segment(0.5, 5.0, "The ship left the harbour at dawn."),
            Segment(6.0, 14.0, "Nobody on board had slept, and the wind was rising."),
        ),
        state="done",
    ),
)

BIRD = ClipFindings(
    12.0,
    MusicFacts(12.0, music=0.03, is_music=False, loudness=Loudness(-30.0, None, -10.0), vocals=vocals_of(0.01, ()), state="done"),
    None,
    sound_tags(12.0, (Tag("Bird vocalization, bird call, bird song", 0.8), Tag("Traffic noise, roadway noise", 0.55))),
    Transcription(duration=12.0, state="done"),
)

UNKNOWN = ClipFindings(20.0)
EXAMPLES = {"waltz": WALTZ, "rock": ROCK, "speaker": SPEAKER, "bird": BIRD, "unknown": UNKNOWN}
