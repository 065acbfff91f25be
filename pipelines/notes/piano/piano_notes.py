"""Notes and pedal of a piano, as the piano network finds them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.arrays import FloatArray
from models.runtime import ModelRuntime
from pipelines.clip.clip import AudioClip
from pipelines.music.sounding_part import SoundingPart
from pipelines.notes.notes import MAX_VELOCITY, Note, NoteOptions, NotePart, Pedal
from pipelines.notes.piano.decoding import PianoThresholds, decode_pedals, decode_piano
from pipelines.notes.piano.piano_frames import PianoFrames

PIANO_PART = NotePart("Piano", 0)


class PianoNotes:
    """The notes of one clip; `frames` are read first, block by block."""

    def __init__(self, clip: AudioClip, part: SoundingPart, cents: float, options: NoteOptions, runtime: ModelRuntime) -> None:
        self._duration = clip.duration
        self._start = part.start
        self._options = options
        self.frames = PianoFrames(clip, part, cents, runtime)

    def decode(self) -> tuple[tuple[Note, ...], tuple[Pedal, ...]]:
        """Return (notes, pedals) on the clip's time axis; all blocks have been read and are in the store."""
        blocks = [self.frames.block(number) for number in range(self.frames.count)]
        notes, pedal = (np.concatenate(arrays) for arrays in zip(*blocks, strict=True))
        thresholds = PianoThresholds(self._options.onset_threshold, frame=self._options.frame_threshold)
        pedals = tuple((self._seconds(a), self._seconds(b)) for a, b in decode_pedals(pedal, thresholds.pedal))
        return tuple(self._notes(notes, thresholds)), tuple(span for span in pedals if span[0] < span[1])

    def _notes(self, curves: FloatArray, thresholds: PianoThresholds) -> Iterator[Note]:
        options = self._options
        for note in decode_piano(curves, thresholds):
            onset, offset = self._seconds(note.start), self._seconds(note.end)
            is_long = offset - onset >= max(options.min_note_seconds, 1e-3)
            if is_long and options.lowest_pitch <= note.pitch <= options.highest_pitch:
                velocity = min(MAX_VELOCITY, max(1, round(MAX_VELOCITY * note.velocity)))
                yield Note(onset, offset, note.pitch, velocity, PIANO_PART.name)

    def _seconds(self, frames: float) -> float:
        """Return a time on the clip's axis, rounded to 0.1 ms."""
        return round(min(self._duration, max(0.0, self._start + frames / self.frames.frames_per_second)), 4)
