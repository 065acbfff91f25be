"""Tags and facts of a clip as tracks of the timeline."""

from __future__ import annotations

from components.timeline.items import LabelItem, PointItem, SpanItem
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import HeatmapTrack, LabelTrack, PointTrack, SpanTrack
from pipelines.music.facts import MusicFacts
from pipelines.music.harmony.notation import pitch_classes
from pipelines.music.harmony.notation import written as chord_symbol
from pipelines.music.harmony.types import NO_CHORD_NAME
from pipelines.music.tags.tag_fusion import MusicTags
from pipelines.tagging.tag_heatmap import TagHeatmap
from pipelines.tagging.tags import SoundTags


def put_sounds(timeline: TimelineFeed, tags: SoundTags) -> None:
    """Put a heatmap of the strongest sounds on the timeline."""
    _put_heatmap(timeline, "sounds", "Sounds", tags.heatmap())


def put_music(timeline: TimelineFeed, tags: MusicTags) -> None:
    """Put a heatmap of the instruments on the timeline."""
    _put_heatmap(timeline, "instruments", "Instruments", tags.heatmap("instrument"))


def put_facts(timeline: TimelineFeed, facts: MusicFacts) -> None:
    """Put beats, chords, changes of key, sections and vocals on the timeline, as far as they are known."""
    if facts.beats:
        pairs = zip(facts.beats.times, facts.beats.positions, strict=True)
        points = tuple(PointItem(time, position == 1, str(position)) for time, position in pairs)
        timeline.put(PointTrack(id="beats", name="Beats", items=points))
    if facts.chords:
        sounding = (chord for chord in facts.chords if chord.name != NO_CHORD_NAME)
        labels = tuple(
            LabelItem(chord.start, chord.end, chord_symbol(chord.name), chord.confidence, pitch_classes(chord.name))
            for chord in sounding
        )
        timeline.put(LabelTrack(id="chords", name="Chords", items=labels))
    if len(facts.key_spans) > 1:
        keys = tuple(LabelItem(span.start, span.end, span.key.name, span.key.confidence) for span in facts.key_spans)
        timeline.put(LabelTrack(id="keys", name="Keys", items=keys))
    if len(facts.sections) > 1:
        spans = tuple(SpanItem(section.start, section.end, section.label) for section in facts.sections)
        timeline.put(SpanTrack(id="sections", name="Sections", colour="sky", items=spans))
    if facts.vocals and facts.vocals.spans:
        spans = tuple(SpanItem(start, end, "vocals") for start, end in facts.vocals.spans)
        timeline.put(SpanTrack(id="vocals", name="Vocals", colour="red", items=spans))


def _put_heatmap(timeline: TimelineFeed, track_id: str, name: str, heatmap: TagHeatmap) -> None:
    if heatmap.rows:
        rows, scores = heatmap.rows, heatmap.scores
        timeline.put(HeatmapTrack(id=track_id, name=name, hop=heatmap.hop, start=heatmap.start, rows=rows, scores=scores))
