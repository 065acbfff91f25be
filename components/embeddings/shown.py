"""What the embeddings tab shows now, and the line below it."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from components.embeddings.colouring import Knowledge
from components.embeddings.map import MapView, thinned
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import ColourTrack
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import Colouring
from pipelines.embeddings.embed import ClipEmbedding, EmbeddingOptions, EmbeddingProgress
from pipelines.embeddings.map import (
    METHODS,
    EmbeddingMap,
    StackedFrames,
    stacked,
)
from pipelines.wording.times import clock_time


@dataclass(frozen=True, eq=False)
class ShownEmbedding:
    """The clip on the player first, then those that it is compared with; all from one layer of one encoder."""

    clips: tuple[AudioClip, ...]
    embeddings: tuple[ClipEmbedding, ...]
    map: EmbeddingMap
    map_id: str
    asked: EmbeddingOptions
    """What the embeddings were asked for with."""
    known: tuple[Knowledge, ...]
    """What is known of the moments of each clip."""
    colouring: Colouring
    """[rows of the map]."""
    texts: tuple[str, ...]
    """[rows of the map], what stands at each point beside its time."""

    @property
    def embedding(self) -> ClipEmbedding:
        """Of the clip on the player."""
        return self.embeddings[0]

    @property
    def clip(self) -> AudioClip:
        """On the player."""
        return self.clips[0]

    @property
    def is_explained(self) -> bool:
        """Whether the other pipelines were asked what is heard in every clip."""
        return all(knowledge.tags is not None for knowledge in self.known)

    @property
    def title(self) -> str:
        """Of the map, in one line."""
        return f"{METHODS[self.map.method]} of {self.embedding.encoder.title}"

    @property
    def starts(self) -> tuple[int, ...]:
        """The first row of each clip."""
        return tuple(accumulate((len(one.frames) for one in self.embeddings[:-1]), initial=0))

    def stacked(self) -> StackedFrames:
        """The frames of all clips, one below the other, as the rows of the map are."""
        return stacked([(one.frames, one.times) for one in self.embeddings])


def with_first(shown: ShownEmbedding, first: AudioClip) -> ShownEmbedding:
    """The same map after one of its clips was opened: `first` is on the player, the rows of the others follow in their order."""
    order = sorted(range(len(shown.clips)), key=lambda place: shown.clips[place].content_hash != first.content_hash)
    rows = np.concatenate([shown.starts[place] + np.arange(len(shown.embeddings[place].frames)) for place in order])
    return replace(
        shown,
        clips=(first, *(shown.clips[place] for place in order[1:])),
        embeddings=tuple(shown.embeddings[place] for place in order),
        map=replace(shown.map, points=shown.map.points[rows]),
        known=tuple(shown.known[place] for place in order),
        colouring=replace(shown.colouring, values=shown.colouring.values[rows]),
        texts=tuple(shown.texts[row] for row in rows.tolist()),
    )


def map_view(shown: ShownEmbedding) -> MapView:
    """What the component shows."""
    first = shown.embedding
    return MapView(
        map_id=shown.map_id,
        points=shown.map.points,
        times=shown.stacked().times,
        frame_seconds=first.frame_seconds,
        duration=first.duration,
        colouring=shown.colouring,
        texts=shown.texts,
        title=shown.title,
        clips=tuple(clip.name for clip in shown.clips),
        hashes=tuple(clip.content_hash for clip in shown.clips),
        starts=shown.starts,
    )


def embedding_track(shown: ShownEmbedding) -> ColourTrack | None:
    """Frames as colours on the timeline: near on the map is near in colour; None where frames are tokens."""
    first = shown.embedding
    if not first.frame_seconds:
        return None
    points = shown.map.points[: len(first.frames)]
    third = points[:, 2] if points.shape[1] == 3 else -points.sum(axis=1) / 2
    colours = (255 * (0.5 + 0.4 * np.stack([points[:, 0], third, points[:, 1]], axis=1))).clip(0, 255).astype(np.uint8)
    start = max(0.0, float(first.times[0]) - first.frame_seconds / 2)
    return ColourTrack(id="embedding", name="Embedding", hop=first.frame_seconds, start=start, colours=colours)


def track_feed(shown: ShownEmbedding) -> TimelineFeed:
    """What the timeline is told of the clip on the player."""
    feed, track = TimelineFeed(shown.clip.content_hash), embedding_track(shown)
    if track is not None:
        feed.put(track)
    return feed


def shown_summary(shown: ShownEmbedding, note: str = "", state: str = "done") -> str:
    """One line below the map: model, layer, width, frames, what the map explains, seconds, licence."""
    first, made = shown.embedding, shown.map
    frames = sum(len(embedding.frames) for embedding in shown.embeddings)
    duration, elapsed = sum(one.duration for one in shown.embeddings), sum(one.elapsed for one in shown.embeddings)
    layer = f", {first.layer}" if len(first.encoder.layers) > 1 else ""
    rate = f" at {first.encoder.frame_rate:.3g} Hz" if first.frame_seconds else ""
    facts = [
        f"{first.model}{layer}, {first.dtype} on {first.device}, {first.licence}",
        f"{frames:,} frames{rate}, {first.frames.shape[1]} wide",
        f"{METHODS[made.method]}{_explained(made)}",
        f"{duration:.1f} s of audio in {elapsed:.1f} s, map in {made.seconds:.1f} s",
    ]
    remarks = " ".join(part for part in (made.note, thinned(frames).strip(), note) if part)
    why = f'<details class="why"><summary>Why this model</summary>{html.escape(first.model_reason)}</details>'
    told = f'<p class="summary">{html.escape(remarks)}</p>' if remarks else ""
    return (
        f'<p class="summary" data-state="{state}">{html.escape(" · ".join(facts))}</p>{told}{why if first.model_reason else ""}'
    )


def progress_markup(now: EmbeddingProgress, name: str) -> str:
    """One line while a clip is encoded; `name` says which one if there are several."""
    which = f"{name}: " if name else ""
    by = f"{now.model}, {now.dtype} on {now.device}, {now.licence}" if now.model else ""
    doing = (
        "getting the model ready" if now.state == "loading" else f"{clock_time(now.position, 1)} of {clock_time(now.duration, 1)}"
    )
    facts = " · ".join(part for part in (f"{which}{doing}", by, f"{now.elapsed:.1f} s") if part)
    bar = f'<progress max="{now.duration:.2f}" value="{now.position:.2f}" aria-label="Progress"></progress>'
    return f'{bar}<p class="summary" data-state="{now.state}">{html.escape(facts)}</p>'


def mapping_markup(method: str, is_preparing: bool = False) -> str:
    """One line while the map is made; `is_preparing`: the method itself gets ready, as it does once after a start."""
    doing = f"Preparing {method}, once after a start …" if is_preparing else f"{method} …"
    return f'<progress aria-label="Progress"></progress><p class="summary" data-state="mapping">{doing}</p>'


def learning_markup(shown: ShownEmbedding) -> str:
    """One line while the other pipelines listen; the map is there already."""
    return f'<progress aria-label="Progress"></progress>{shown_summary(shown, "Listening for tags and chords …", "learning")}'


def stopped_markup() -> str:
    """One line after a Stop."""
    return '<p class="summary" data-state="stopped">Stopped: the map is as it was.</p>'


def _explained(made: EmbeddingMap) -> str:
    if not made.explained:
        return ""
    shares = " + ".join(f"{share:.0%}" for share in made.explained)
    return f" explains {sum(made.explained):.0%} of the variance ({shares})"
