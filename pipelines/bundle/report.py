"""The report of a bundle: one web page with the sound and all results, which loads nothing from elsewhere.

Texts enter the page as JSON, and its script writes them as text nodes: no text of a result is ever read as markup. A content
security policy lets nothing run but that script, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from pipelines.annotations.layers import AnnotationLayer, annotation_layers
from pipelines.bundle.contents import BundleContents, BundledMap, BundledPicture
from pipelines.bundle.manifest import SOUND_FILE, BundledModel
from pipelines.clip.clip import AudioClip
from pipelines.clip.files.compressed_sound import MEDIA_TYPE, compressed_bytes, compressed_sound
from pipelines.description.findings import ClipFindings
from pipelines.embeddings.colouring import colourings
from pipelines.embeddings.map import landmark_indices
from pipelines.embeddings.map_image import point_colours
from pipelines.notes.notes import NoteTranscription
from pipelines.pictures.files.png_file import read_png
from pipelines.pictures.png_metadata import png_bytes
from pipelines.speech.transcript import Segment
from pipelines.wording.grammar import counted
from pipelines.wording.times import measured_time

FOLDER = Path(__file__).parent
MAX_SOUND_BYTES = 16_000_000
"""Largest sound inside the page, 22 minutes; Firefox opens data URLs of up to 32 MB. A longer one is a file beside it."""
MAX_PEAKS = 4000
MAX_POINTS = 3000
"""Points of the map that are drawn anew for each frame of the screen."""
PICTURE_PIXELS, PICTURE_QUALITY = 640, 85
DECIMALS = 3
COLOUR_BITS = 0xF8
"""Bits of a colour's channels that the map keeps, so that a ramp has few colours."""
NOT_TRACKS = ("tempo", "sound-tags", "music-tags", "key")
"""Layers that hold a single value for all of the clip, or are shown as facts."""


def has_sound_inside(clip: AudioClip) -> bool:
    """Whether the page holds the sound itself; otherwise it plays `SOUND_FILE` beside it."""
    return compressed_bytes(clip.duration) <= MAX_SOUND_BYTES


def report_page(clip: AudioClip, contents: BundleContents, models: Sequence[BundledModel], sound: bytes, about: str) -> str:
    """Return the page.

    Args:
        clip: the clip, whose waveform is drawn.
        contents: its results.
        models: those that made the results.
        sound: of `report_sound`; it is put into the page if `has_sound_inside`.
        about: one sentence about the program.
    """
    script, style = ((FOLDER / f"report.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    is_inside = has_sound_inside(clip)
    source = f"data:{MEDIA_TYPE};base64,{base64.b64encode(sound).decode('ascii')}" if is_inside else SOUND_FILE
    document = json.dumps(report_data(clip, contents, models, about), ensure_ascii=False, allow_nan=False)
    return Template((FOLDER / "report.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(clip.name),
        # 'self' means nothing in a file in some browsers.
        media="data:" if is_inside else "'self' file:",
        sound=f'<audio controls preload="metadata" src="{source}"></audio>',
        # No text can end the script element.
        data=document.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029"),
        script=script,
        script_hash=source_hash(script),
        style=style,
        style_hash=source_hash(style),
    )


def report_sound(clip: AudioClip) -> bytes:
    """Return the clip's sound as browsers play it, compressed."""
    return clip.isolation.run(compressed_sound, clip.player_file)


def report_data(clip: AudioClip, contents: BundleContents, models: Sequence[BundledModel], about: str) -> dict[str, Any]:
    """Return what the script of the page draws, as JSON values."""
    findings = contents.findings(clip.duration)
    layers = annotation_layers(findings)
    caption = contents.description.caption if contents.description else None
    return {
        "duration": clip.duration,
        "peaks": _peaks(clip),
        "caption": caption.text if caption else "",
        "facts": _facts(clip, findings, layers),
        "tracks": [
            {"name": layer.title, "items": [[_short(label.start), _short(label.end), label.text] for label in layer.labels]}
            for layer in layers
            if layer.key not in NOT_TRACKS
        ],
        "notes": _notes(contents.notes) if contents.notes else [],
        "lines": [_line(segment) for segment in findings.speech.segments] if findings.speech else [],
        "pictures": [_picture(picture) for picture in (*contents.pictures, *_scenes(contents))],
        "questions": [{"question": one.question, "answer": one.answer, "by": one.by} for one in contents.questions],
        "map": _map(clip, contents.map) if contents.map else None,
        "models": [[model.title, model.version, model.licence] for model in models],
        "about": about,
    }


def source_hash(text: str) -> str:
    """Return a SHA-256 as content security policies write it."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _short(value: float) -> float:
    return round(float(value), DECIMALS)


def _peaks(clip: AudioClip) -> list[int]:
    """Return the largest absolute samples of equal parts of the clip, 0 to 100."""
    waveform = clip.waveform()
    edges = np.unique(np.linspace(0, len(waveform), min(MAX_PEAKS, len(waveform)), endpoint=False, dtype=np.int64))
    highest = np.maximum(np.maximum.reduceat(waveform, edges), -np.minimum.reduceat(waveform, edges))
    return [int(level) for level in np.round(100 * highest / max(float(highest.max()), 1e-9))]


def _facts(clip: AudioClip, findings: ClipFindings, layers: Sequence[AnnotationLayer]) -> list[list[str]]:
    """Return rows of name and value."""
    rows = [["Clip", f"{measured_time(clip.duration)}, {clip.sample_rate} Hz, {counted(clip.channels, 'channel')}, {clip.codec}"]]
    if findings.tempo:
        rows.append(["Tempo", f"{findings.tempo.bpm:.1f} BPM"])
    if findings.key:
        rows.append(["Key", f"{findings.key.tonic} {findings.key.mode}"])
    for layer in layers:
        if layer.key in ("sound-tags", "music-tags"):
            rows.append([layer.title, ", ".join(label.text for label in layer.labels)])
    return rows


def _line(segment: Segment) -> dict[str, Any]:
    return {
        "start": _short(segment.start),
        "end": _short(segment.end),
        "voice": segment.voice,
        "text": segment.text,
        "words": _words(segment),
    }


def _words(segment: Segment) -> list[list[float | str]]:
    """Return [start, end, text] of words that spell the line, each with what stands before it; [] where they do not."""
    words: list[list[float | str]] = []
    position = 0
    for word in segment.words:
        found = segment.text.find(word.text, position)
        if found < 0:
            return []
        end = found + len(word.text)
        words.append([_short(word.start), _short(word.end), segment.text[position:end]])
        position = end
    return words if not segment.text[position:].strip() else []


def _notes(notes: NoteTranscription) -> list[list[float]]:
    """Return [start, end, pitch] of the notes, without drums."""
    drums = {part.name for part in notes.parts if part.is_drums}
    return [[_short(note.onset), _short(note.offset), note.pitch] for note in notes.notes if note.part not in drums]


def _scenes(contents: BundleContents) -> Iterator[BundledPicture]:
    """Yield the pictures of the storyboard."""
    for entry in contents.storyboard.entries if contents.storyboard else ():
        words = ", ".join(entry.concepts[:2]) or entry.prompt
        yield BundledPicture(png_bytes(entry.picture), entry.picture.seed, words, entry.start, entry.end)


def _picture(picture: BundledPicture) -> dict[str, Any]:
    small = read_png(picture.content)
    small.thumbnail((PICTURE_PIXELS, PICTURE_PIXELS))
    encoded = io.BytesIO()
    small.save(encoded, "WEBP", quality=PICTURE_QUALITY)
    return {
        "source": "data:image/webp;base64," + base64.b64encode(encoded.getvalue()).decode("ascii"),
        "words": picture.words,
        "seed": picture.seed,
        "start": picture.start,
        "end": picture.end,
    }


def _map(clip: AudioClip, shown: BundledMap) -> dict[str, Any]:
    """Return the points of the map in the plane, thinned evenly, with colours as indices in a palette."""
    embedding = shown.embedding
    analyses = shown.analyses
    known = colourings(clip, embedding.times, analyses.tags, analyses.facts, analyses.words)
    colouring = next((one for one in known if one.key == shown.colour), known[0])
    chosen = landmark_indices(len(embedding.times), MAX_POINTS)
    colours = point_colours(colouring)[chosen] & np.uint8(COLOUR_BITS)
    palette, indices = np.unique(colours, axis=0, return_inverse=True)
    return {
        "title": f"{embedding.encoder.title} · {colouring.label}",
        "points": np.round(shown.map.points[chosen, :2].astype(np.float64), DECIMALS).tolist(),
        "times": [_short(time) for time in embedding.times[chosen]],
        "palette": [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in palette.tolist()],
        "colours": indices.reshape(-1).tolist(),
    }
