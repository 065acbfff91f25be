"""A page with nothing but the timeline, one button for each thing that Python can do to it, and the events that it received."""

import base64
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from components.page.theme import style_markup
from components.timeline.items import LabelItem, NoteItem, PictureItem, PointItem, SpanItem, WordItem
from components.timeline.timeline import (
    ShownClip,
    TimelineFeed,
    build_timeline,
    clip_value,
    event_field,
    loop_of,
    no_clip_value,
)
from components.timeline.tracks import (
    ColourTrack,
    HeatmapTrack,
    LabelTrack,
    NoteTrack,
    PictureTrack,
    PointTrack,
    SpanTrack,
    Track,
    WordTrack,
)
from models.arrays import FloatArray
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import ClipStore

TOKEN, LONG_TOKEN = "b7e1c0ffee", "10c0ffee"
CHORDS = ("Cm", "A♭", "E♭", "B♭", "Cm", "Fm", "G7", "Cm")
PITCH_CLASSES = ((0, 3, 7), (8, 0, 3), (3, 7, 10), (10, 2, 5), (0, 3, 7), (5, 8, 0), (7, 11, 2, 5), (0, 3, 7))
WORDS = ("there", "is", "iron", "they", "say", "in", "all", "our", "blood", "and", "a", "grain", "or", "two", "is", "good", "so")
STREAMED_WORDS = 30


@dataclass(frozen=True)
class HourClip:
    """A clip of an hour whose samples are in a .npy file."""

    sample_rate: int
    directory: Path
    duration: float = 3600.0
    channels: int = 1

    def waveform(self, sample_rate: int) -> FloatArray:
        if sample_rate != self.sample_rate:
            raise ValueError("this clip is not resampled")
        samples: FloatArray = np.load(self.directory / "samples.npy", mmap_mode="r")
        return samples


def hour_clip(folder: Path, sample_rate: int) -> HourClip:
    """An hour of swelling noise."""
    second = np.random.default_rng(7).uniform(-1, 1, sample_rate).astype(np.float32)
    swell = np.abs(np.sin(np.arange(3600) / 17)).astype(np.float32)
    directory = folder / "hour"
    directory.mkdir()
    np.save(directory / "samples.npy", (swell[:, None] * second).reshape(-1))
    return HourClip(sample_rate, directory)


def small_tracks(duration: float) -> list[Track]:
    """One track of each kind, over the whole of a clip."""
    random = np.random.default_rng(3)
    part = duration / 32
    words = tuple(WordItem(i * part, (i + 0.85) * part, WORDS[i % len(WORDS)], float(random.uniform(0.3, 1))) for i in range(16))
    chords = tuple(
        LabelItem((16 + 2 * i) * part, (18 + 2 * i) * part, name, 0.9 if name == "G7" else 0.5, PITCH_CLASSES[i])
        for i, name in enumerate(CHORDS)
    )
    beats = tuple(PointItem((16 + i / 2) * part, strong=i % 4 == 0) for i in range(32))
    notes = tuple(
        NoteItem((16 + i / 4) * part, (16.22 + i / 4) * part, 48 + int(random.integers(0, 24)), float(random.uniform(0.4, 1)))
        for i in range(64)
    )
    frames = 120
    speech = (np.arange(frames) < frames / 2).astype(np.float32)
    scores = np.stack([speech * 0.9, (1 - speech) * 0.9, np.full(frames, 0.1)], axis=1) * random.uniform(0.6, 1, (frames, 3))
    hues = np.where(speech[:, None] > 0, [88, 110, 190], [90, 180, 140]) + random.integers(-20, 20, (frames, 1))
    return [
        SpanTrack(
            id="sections",
            name="Sections",
            items=(
                SpanItem(0, 16 * part, "There's iron, they say, in all our blood, and a grain or two perhaps is good"),
                SpanItem(14 * part, 20 * part, "the applause begins"),
                SpanItem(16 * part, 32 * part, "Piano"),
            ),
        ),
        WordTrack(id="words", name="Words", items=words),
        LabelTrack(id="chords", name="Chords", items=chords),
        PointTrack(id="beats", name="Beats", items=beats),
        NoteTrack(id="notes", name="Notes", items=notes),
        HeatmapTrack(id="tags", name="Tags", hop=duration / frames, rows=("Speech", "Piano", "Applause"), scores=scores),
        ColourTrack(id="embedding", name="Embedding", hop=duration / frames, colours=hues.clip(0, 255).astype(np.uint8)),
        PictureTrack(
            id="story",
            name="Storyboard",
            items=tuple(PictureItem(i * duration / 6, (i + 1) * duration / 6, picture(i), f"scene {i + 1}") for i in range(6)),
        ),
    ]


def picture(number: int) -> str:
    """A data URL of a small gradient."""
    ramp = np.linspace(40, 220, 96, dtype=np.uint8)
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[..., number % 3] = ramp
    pixels[..., (number + 1) % 3] = 30 * number
    pixels[20:44, 30:66] = 240 - 20 * number
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def large_tracks(duration: float, items: int = 20_000) -> list[Track]:
    """`items` items on five tracks."""
    each = items // 5
    times = np.linspace(0, duration - 1, each)
    long = duration / each * 0.9
    return [
        WordTrack(
            id="words",
            name="Words",
            items=tuple(WordItem(t, t + long, WORDS[i % 17], 0.5 + i % 5 / 10) for i, t in enumerate(times)),
        ),
        LabelTrack(
            id="chords", name="Chords", items=tuple(LabelItem(t, t + long, CHORDS[i % 8], 0.5) for i, t in enumerate(times))
        ),
        PointTrack(id="beats", name="Beats", items=tuple(PointItem(t, i % 4 == 0) for i, t in enumerate(times))),
        NoteTrack(
            id="notes", name="Notes", items=tuple(NoteItem(t, t + long, 40 + i * 7 % 40, 0.8) for i, t in enumerate(times))
        ),
        SpanTrack(id="lines", name="Lines", items=tuple(SpanItem(t, t + long, f"line {i}") for i, t in enumerate(times))),
    ]


@dataclass(frozen=True)
class DemoValues:
    """The values that the buttons of the demo give to the timeline."""

    clip: AudioClip
    hour: HourClip
    name: str

    def show(self) -> dict[str, object]:
        return clip_value(self.clip, TOKEN, self.name, self.clip.player_file)

    def show_hour(self) -> dict[str, object]:
        return clip_value(self.hour, LONG_TOKEN, "hour.wav", self.clip.player_file)

    def add_tracks(self) -> dict[str, object]:
        return feed_of(TOKEN, small_tracks(self.clip.duration)).value()

    def add_many_items(self) -> dict[str, object]:
        return feed_of(LONG_TOKEN, large_tracks(self.hour.duration)).value()

    def stream(self) -> Iterator[dict[str, object]]:
        feed = feed_of(TOKEN, [WordTrack(id="streamed", name="Streamed")])
        part = self.clip.duration / STREAMED_WORDS
        for i in range(STREAMED_WORDS):
            feed.extend(WordTrack(id="streamed", name="Streamed", items=(WordItem(i * part, (i + 1) * part, f"word{i}"),)))
            yield feed.value()

    def command(self) -> dict[str, object]:
        feed = TimelineFeed(TOKEN, "music")
        feed.seek(1.0)
        feed.loop(1.0, 2.0)
        feed.select("words", 3)
        return feed.value()


def feed_of(token: str, tracks: list[Track]) -> TimelineFeed:
    feed = TimelineFeed(token, "music")
    for track in tracks:
        feed.put(track)
    return feed


def build_demo(audio: Path, folder: Path, hour_sample_rate: int) -> gr.Blocks:
    values = DemoValues(ClipStore(folder / "clips").open(audio), hour_clip(folder, hour_sample_rate), audio.name)
    clips: dict[str, ShownClip] = {TOKEN: values.clip, LONG_TOKEN: values.hour}
    buttons = {
        "Show": values.show,
        "Show hour": values.show_hour,
        "Tracks": values.add_tracks,
        "Many items": values.add_many_items,
        "Stream": values.stream,
        "Command": values.command,
        "Nothing": no_clip_value,
    }
    with gr.Blocks(title="Timeline") as demo:
        timeline = build_timeline(clips.get)
        for name, function in buttons.items():
            gr.Button(name).click(function, outputs=timeline, show_progress="hidden")
        received = gr.Textbox(label="Received", elem_id="received", interactive=True)
        add_listeners(timeline, received)
    return demo


def add_listeners(timeline: gr.HTML, received: gr.Textbox) -> None:
    """Record the payload of each event."""

    def on_seek(event: gr.EventData) -> str:
        return f"seek {event_field(event, 'time'):.2f}"

    def on_select(event: gr.EventData) -> str:
        track, index, start, end = (event_field(event, name) for name in ("track", "index", "start", "end"))
        return f"select {track} {index} {start:.2f} {end:.2f}"

    def on_loop(event: gr.EventData) -> str:
        loop = loop_of(event)
        return "loop off" if loop is None else f"loop {loop[0]:.2f} {loop[1]:.2f}"

    for name, function in (("seek", on_seek), ("select", on_select), ("loop", on_loop)):
        getattr(timeline, name)(function, outputs=received, show_progress="hidden")


if __name__ == "__main__":
    import sys

    scratch = Path(tempfile.mkdtemp())
    build_demo(Path(sys.argv[1]), scratch, hour_sample_rate=44_100).launch(head=style_markup(), allowed_paths=[str(scratch)])
