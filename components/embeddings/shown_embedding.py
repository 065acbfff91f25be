"""The state of the embeddings tab, and the markup of its summary and progress."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from components.embeddings import labels
from components.embeddings.map import MapView, thinned
from components.page.jobs.waiting import loading_words
from components.page.markup import fold_markup
from components.timeline.timeline import TimelineFeed
from components.timeline.tracks import ColourTrack
from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.embeddings.colouring import ClipAnalyses, Colouring, ramp_range
from pipelines.embeddings.embedding_types import ClipEmbedding, EmbeddingOptions, EmbeddingProgress
from pipelines.embeddings.map import (
    METHODS,
    EmbeddingMap,
    StackedFrames,
    stack_frames,
)
from pipelines.wording.grammar import share
from pipelines.wording.times import clock_time


@dataclass(frozen=True, eq=False)
class ShownEmbedding:
    """A map and what it was made from: first the clip on the player, then the others; one layer of one encoder for all."""

    clips: tuple[AudioClip, ...]
    embeddings: tuple[ClipEmbedding, ...]
    map: EmbeddingMap
    map_id: str
    options: EmbeddingOptions
    """Options of the embeddings."""
    analyses: tuple[ClipAnalyses, ...]
    """Results of the other pipelines for each clip."""
    colouring: Colouring
    """[points]."""
    texts: tuple[str, ...]
    """[points], hover texts without their times."""
    max_points: int = 0
    """Points that are drawn at most; 0 for all."""

    @property
    def embedding(self) -> ClipEmbedding:
        """The embedding of the clip on the player."""
        return self.embeddings[0]

    @property
    def clip(self) -> AudioClip:
        """The clip on the player."""
        return self.clips[0]

    @property
    def is_analysed(self) -> bool:
        """Whether the other pipelines have run for every clip."""
        return all(one.tags is not None for one in self.analyses)

    @property
    def title(self) -> str:
        """Title of the map."""
        return labels.MAP_TITLE.format(method=METHODS[self.map.method], encoder=self.embedding.encoder.title)

    @property
    def starts(self) -> tuple[int, ...]:
        """Index of the first point of each clip."""
        return tuple(accumulate((len(one.frames) for one in self.embeddings[:-1]), initial=0))

    def stacked(self) -> StackedFrames:
        """Return the frames of all clips in the order of the points."""
        return stack_frames([(one.frames, one.times) for one in self.embeddings])


def with_first(shown: ShownEmbedding, first: AudioClip) -> ShownEmbedding:
    """Return the same map with the clip `first` on the player and its points first; the other clips keep their order."""
    order = sorted(range(len(shown.clips)), key=lambda index: shown.clips[index].content_hash != first.content_hash)
    rows = np.concatenate([shown.starts[index] + np.arange(len(shown.embeddings[index].frames)) for index in order])
    return replace(
        shown,
        clips=(first, *(shown.clips[index] for index in order[1:])),
        embeddings=tuple(shown.embeddings[index] for index in order),
        map=replace(shown.map, points=shown.map.points[rows]),
        analyses=tuple(shown.analyses[index] for index in order),
        colouring=replace(shown.colouring, values=shown.colouring.values[rows]),
        texts=tuple(shown.texts[row] for row in rows.tolist()),
    )


def without_others(shown: ShownEmbedding) -> ShownEmbedding:
    """Return the points of the clip on the player alone."""
    own = len(shown.embedding.frames)
    return replace(
        shown,
        clips=shown.clips[:1],
        embeddings=shown.embeddings[:1],
        map=replace(shown.map, points=shown.map.points[:own]),
        analyses=shown.analyses[:1],
        colouring=replace(shown.colouring, values=shown.colouring.values[:own]),
        texts=shown.texts[:own],
    )


def map_view(shown: ShownEmbedding) -> MapView:
    """Return the value of the map component."""
    first = shown.embedding
    return MapView(
        map_id=shown.map_id,
        layout=" ".join((*(clip.content_hash for clip in shown.clips), repr(shown.options), repr(shown.map.options))),
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
        max_points=shown.max_points,
    )


def embedding_track(shown: ShownEmbedding) -> ColourTrack | None:
    """Return a timeline track with a colour for each frame, similar for nearby points; None where frames are tokens."""
    first = shown.embedding
    if not first.frame_seconds:
        return None
    points = shown.map.points[: len(first.frames)]
    third = points[:, 2] if points.shape[1] == 3 else -points.sum(axis=1)
    colours = np.stack([_channel(axis) for axis in (points[:, 0], third, points[:, 1])], axis=1)
    start = max(0.0, float(first.times[0]) - first.frame_seconds / 2)
    return ColourTrack(id="embedding", name=labels.TRACK, hop=first.frame_seconds, start=start, colours=colours)


def _channel(values: FloatArray) -> NDArray[np.uint8]:
    """Return one channel [frames] of the track's colours, along the range that a ramp covers."""
    low, span = ramp_range(values)
    share = np.clip((values - low) / span, 0, 1)
    return np.asarray(255 * (0.1 + 0.8 * share), dtype=np.uint8)


def track_feed(shown: ShownEmbedding) -> TimelineFeed:
    """Return the timeline's update with the track of the clip on the player."""
    feed, track = TimelineFeed(shown.clip.content_hash, "embeddings"), embedding_track(shown)
    if track is not None:
        feed.put(track)
    return feed


def shown_summary(shown: ShownEmbedding, note: str = "", state: str = "done") -> str:
    """Return the summary below the map: model, layer, width, frames, explained variance, time, licence."""
    first, embedding_map = shown.embedding, shown.map
    frames = sum(len(embedding.frames) for embedding in shown.embeddings)
    duration, elapsed = sum(one.duration for one in shown.embeddings), sum(one.elapsed for one in shown.embeddings)
    layer = f", {first.layer}" if len(first.encoder.layers) > 1 else ""
    rate = labels.RATE.format(first.encoder.frame_rate) if first.frame_seconds else ""
    facts = [
        labels.BY_DEVICE.format(model=f"{first.model}{layer}", dtype=first.dtype, device=first.device, licence=first.licence),
        f"{labels.FRAMES.format(frames)}{rate}, {labels.WIDTH.format(first.frames.shape[1])}",
        f"{METHODS[embedding_map.method]}{_explained_variance(embedding_map)}",
        labels.TIMING.format(duration=duration, elapsed=elapsed, mapped=embedding_map.elapsed),
    ]
    remarks = " ".join(part for part in (embedding_map.note, thinned(frames, shown.max_points).strip(), note) if part)
    why = fold_markup(labels.WHY_MODEL, first.model_reason)
    remark = f'<p class="summary">{html.escape(remarks)}</p>' if remarks else ""
    return f'<p class="summary" data-state="{state}">{html.escape(" · ".join(facts))}</p>{remark}{why}'


def progress_markup(now: EmbeddingProgress, name: str) -> str:
    """Progress of encoding a clip; `name` is its name if there are several."""
    which = f"{name}: " if name else ""
    by = labels.BY_DEVICE.format(model=now.model, dtype=now.dtype, device=now.device, licence=now.licence) if now.model else ""
    doing = (
        loading_words(labels.LOADING)
        if now.state == "loading"
        else labels.OF.format(clock_time(now.position, 1), clock_time(now.duration, 1))
    )
    facts = " · ".join(part for part in (f"{which}{doing}", by, f"{now.elapsed:.1f} s") if part)
    bar = f'<progress max="{now.duration:.2f}" value="{now.position:.2f}" aria-label="{labels.PROGRESS}"></progress>'
    return f'{bar}<p class="summary" data-state="{now.state}">{html.escape(facts)}</p>'


def mapping_markup(method: str, is_preparing: bool = False) -> str:
    """Progress of a projection; `is_preparing` while the method itself is compiled, once after a start."""
    doing = labels.PREPARING.format(method) if is_preparing else f"{method} …"
    return f'<progress aria-label="{labels.PROGRESS}"></progress><p class="summary" data-state="mapping">{doing}</p>'


def analysing_markup(shown: ShownEmbedding) -> str:
    """Return the summary and progress while the other pipelines analyse the clips."""
    return f'<progress aria-label="{labels.PROGRESS}"></progress>{shown_summary(shown, labels.ANALYSING, "analysing")}'


def stopped_markup() -> str:
    """Return the summary after a stop."""
    return f'<p class="summary" data-state="stopped">{labels.MAP_UNCHANGED}</p>'


def _explained_variance(embedding_map: EmbeddingMap) -> str:
    ratio = embedding_map.explained_variance_ratio
    if not ratio:
        return ""
    return labels.VARIANCE.format(total=share(sum(ratio)), parts=" + ".join(share(one) for one in ratio))
