"""What plays, by the tags of a clip: the program of its part, and where there are notes."""

from __future__ import annotations

import numpy as np

from models.arrays import BoolArray, FloatArray
from pipelines.music.facts import ClipTags
from pipelines.music.tags.music_tagging import MIN_SILENCE_SCORE, SILENCE_CLASS
from pipelines.notes.notes import NotePart
from pipelines.tagging.audioset import INSTRUMENT, MUSIC, SINGING_CLASSES, SPEECH, class_tree
from pipelines.tagging.tags import SoundTags

PROGRAMS = {
    "Piano": 0, "Electric piano": 4, "Harpsichord": 6, "Glockenspiel": 9, "Vibraphone": 11, "Marimba": 12,
    "Marimba, xylophone": 12, "Organ": 19, "Accordion": 21, "Harmonica": 22, "Acoustic guitar": 24, "Guitar": 24,
    "Electric guitar": 27, "Bass guitar": 33, "Violin": 40, "Violin, fiddle": 40, "Cello": 42, "Double bass": 43, "Harp": 46,
    "Timpani": 47, "Strings": 48, "String section": 48, "Orchestra": 48, "Choir": 52, "Trumpet": 56, "Trombone": 57,
    "French horn": 60, "Brass": 61, "Saxophone": 65, "Clarinet": 71, "Flute": 73, "Wind": 73, "Woodwind": 73,
    "Whistling": 78, "Synthesizer": 81, "Banjo": 105, "Sitar": 104, "Bagpipes": 109, "Steelpan": 114,
}  # fmt: skip
"""General MIDI programs of tags and of AudioSet's classes."""
UNKNOWN_PART = NotePart("Notes", 0)
"""Where no tag names an instrument."""
OTHER_PITCHED_CLASSES = ("Whistling", "Whistle", "Bell", "Beep, bleep", "Sine wave")
VOICE_CLASSES = (SPEECH, "Bird", "Dog", "Cat", "Cattle, bovinae", "Sheep", "Whale vocalization")
"""Classes whose sounds, and those of their descendants, have a pitch that a melody can follow."""
MIN_PITCHED_SCORE = 0.1
"""Mean of the highest score of music, instruments and singing around a moment from which there are notes: at least 0.3 in the
tuning pieces, at most 0.01 in speech and noise."""
AROUND_SECONDS = 10.0


def pitched_part(tags: ClipTags, sounds: SoundTags) -> NotePart:
    """Return the part of the instrument that is named first, by the tags of music where they are known."""
    named = [tag.name for tag in tags.music.of_kind("instrument")] if tags.music else []
    for name in (*named, *(tag.name for tag in sounds.top)):
        if name in PROGRAMS:
            return NotePart(name.partition(",")[0], PROGRAMS[name])
    return UNKNOWN_PART


def is_pitched(sounds: SoundTags, of_voices: bool = False) -> BoolArray:
    """Return for each patch of the tags [patches] whether there is music, an instrument or singing around it.

    Args:
        sounds: the tags, with their scores.
        of_voices: whether the pitch of speech and of animals counts too, as that of a melody.
    """
    tree = class_tree()
    columns = tree.below(MUSIC) | tree.below(INSTRUMENT)
    columns = columns.union(tree.index(name) for name in (*SINGING_CLASSES, *OTHER_PITCHED_CLASSES))
    if of_voices:
        columns = columns.union(*(tree.below(name) for name in VOICE_CLASSES))
    pitched: BoolArray = _around(sounds.scores[:, sorted(columns)].max(axis=1), sounds) >= MIN_PITCHED_SCORE
    return pitched


def _around(scores: FloatArray, sounds: SoundTags) -> FloatArray:
    """Return the mean [patches] of the scores around each patch, over what is not silent; 0 where all is."""
    from scipy.ndimage import uniform_filter1d

    size = min(len(scores), max(1, round(AROUND_SECONDS / sounds.hop_seconds)))
    audible = (sounds.scores[:, sounds.classes.index(SILENCE_CLASS)] < MIN_SILENCE_SCORE).astype(np.float32)
    total, share = (uniform_filter1d(values, size, mode="nearest") for values in (scores * audible, audible))
    mean: FloatArray = total / np.maximum(share, 1e-3)
    return mean
