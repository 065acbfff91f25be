"""Findings of any kind of clip, for properties that hold for all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from pipelines.description.findings import ClipFindings
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.notation import MODES, tonic_name
from pipelines.music.harmony.types import NO_CHORD_NAME, Chord, Key
from pipelines.music.loudness import Loudness
from pipelines.music.rhythm.beat_network import METRES
from pipelines.music.rhythm.types import Tempo, TempoCandidate
from pipelines.music.sections.types import Section
from pipelines.music.tags.tag_fusion import MusicTag, MusicTags
from pipelines.music.tags.tag_table import TABLE
from pipelines.music.vocals import vocals_of
from pipelines.speech.transcript import Segment, Transcription
from pipelines.tagging.audioset import Tag, class_tree
from pipelines.tagging.tags import SoundTags
from tests.pipelines.description.example_findings import music_tags, sound_tags, steady_beats

SURENESS = st.floats(0.0, 1.0).map(lambda value: round(value, 3))
NAMES = tuple(f"{tonic_name(root, mode)}:{mode[:3]}" for root in range(12) for mode in MODES)
CHORD_NAMES = (*NAMES, "G:7", "D:7", "F#:7", NO_CHORD_NAME)
WORDS = ("hello", "there", "the", "drums", "were", "slow", "in", "C", "major", "“quoted”", "{braces}", "Ω", "sing")


@st.composite
def tempi(draw: st.DrawFn) -> Tempo:
    bpm, confidence = draw(st.floats(40, 240)), draw(SURENESS)
    others = (TempoCandidate(bpm / 2, draw(SURENESS), "half"), TempoCandidate(2 * bpm, draw(SURENESS), "double"))
    return Tempo(bpm, confidence, others, "")


@st.composite
def chord_rows(draw: st.DrawFn, duration: float) -> tuple[Chord, ...]:
    """A loop now and then, any chords otherwise."""
    palette = draw(st.lists(st.sampled_from(CHORD_NAMES), min_size=1, max_size=6))
    count = draw(st.integers(1, 24))
    is_loop = draw(st.booleans())
    names = [palette[i % len(palette)] if is_loop else draw(st.sampled_from(palette)) for i in range(count)]
    step = duration / count
    return tuple(Chord(i * step, (i + 1) * step, name, draw(SURENESS)) for i, name in enumerate(names))


@st.composite
def section_rows(draw: st.DrawFn, duration: float) -> tuple[Section, ...]:
    labels = draw(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12))
    step = duration / len(labels)
    return tuple(Section(i * step, (i + 1) * step, label, draw(SURENESS)) for i, label in enumerate(labels))


@st.composite
def fact_sheets(draw: st.DrawFn, duration: float) -> MusicFacts:
    tempo = draw(st.none() | tempi())
    length, unit = draw(st.sampled_from(METRES))
    root, mode = draw(st.integers(0, 11)), draw(st.sampled_from(MODES))
    start = draw(st.floats(0, duration / 2))
    spans = ((start, draw(st.floats(start, duration))),)
    return MusicFacts(
        duration,
        music=draw(SURENESS),
        is_music=draw(st.none() | st.booleans()),
        tempo=tempo,
        beats=steady_beats(tempo.bpm, length, unit, duration, draw(SURENESS)) if tempo else None,
        key=draw(st.none() | st.builds(Key, st.just(tonic_name(root, mode)), st.just(mode), SURENESS, st.just(()))),
        chords=draw(st.just(()) | chord_rows(duration)),
        sections=draw(st.just(()) | section_rows(duration)),
        loudness=draw(
            st.none() | st.builds(Loudness, st.none() | st.floats(-70, 0), st.none() | st.floats(0, 30), st.floats(-60, 3))
        ),
        vocals=draw(st.none() | st.builds(vocals_of, SURENESS, st.just(spans))),
        state="done",
    )


@st.composite
def tag_sheets(draw: st.DrawFn, duration: float) -> MusicTags:
    rows = draw(st.lists(st.sampled_from(TABLE), max_size=12, unique_by=lambda row: (row.kind, row.name)))
    vocals = draw(SURENESS)
    named = [MusicTag(row.name, row.kind, draw(st.floats(0.2, 1))) for row in rows if row.kind != "vocals" or vocals >= 0.5]
    ordered = sorted(named, key=lambda tag: -tag.confidence)
    return music_tags(duration, tuple(ordered), vocals)


@st.composite
def sound_sheets(draw: st.DrawFn, duration: float) -> SoundTags:
    names = draw(st.lists(st.sampled_from(class_tree().names), max_size=5, unique=True))
    tags = sorted((Tag(name, draw(st.floats(0.01, 1))) for name in names), key=lambda tag: -tag.score)
    return sound_tags(duration, tuple(tags))


@st.composite
def transcriptions(draw: st.DrawFn, duration: float) -> Transcription:
    texts = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), max_size=3))
    step = duration / max(1, len(texts))
    segments = tuple(Segment(i * step, (i + 0.8) * step, text) for i, text in enumerate(texts))
    language = draw(st.sampled_from(("en", "de", "fr", "", "xx")))
    return Transcription(
        duration=duration, language=language, language_probability=draw(SURENESS), segments=segments, state="done"
    )


@st.composite
def clip_findings(draw: st.DrawFn) -> ClipFindings:
    duration = draw(st.floats(0.1, 4000) | st.sampled_from((0.1, 1.0, 30.0, 180.0)))
    return ClipFindings(
        duration,
        draw(st.none() | fact_sheets(duration)) if duration < 400 else None,
        draw(st.none() | tag_sheets(duration)),
        draw(st.none() | sound_sheets(duration)),
        draw(st.none() | transcriptions(duration)),
    )
