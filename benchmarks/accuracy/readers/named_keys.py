"""Reads recordings of works whose key is known, by the name of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import librosa
import numpy as np

from benchmarks.accuracy.sources import Source
from benchmarks.accuracy.tracks import Annotation, Track

SAMPLE_RATE = 22_050
MAX_SECONDS = 180
KEYS: dict[str, dict[str, str]] = {
    "wtc-recordings": {
        "bach_aria_goldberg.ogg": "G major",
        "bach_bwv1008_laboratorio.ogg": "C minor",
        "bach_bwv846_soglia.ogg": "C major",
        "bach_contrapunctus_observatory.ogg": "C major",
        "gallery_dark_variation.ogg": "C# minor",
        "gallery_mirror_variation.ogg": "Eb major",
        "garden_fountain_variation.ogg": "D major",
        "garden_stelae_variation.ogg": "D minor",
        "lab_bain_marie_variation.ogg": "E minor",
        "lab_sealed_variation.ogg": "E minor",
        "observatory_calibration_variation.ogg": "Db major",
        "observatory_dome_variation.ogg": "Db major",
    },
    "piano-recordings": {
        "bach-goldberg-var12.mp3": "G major",
        "bach-goldberg-var13.mp3": "G major",
        "bach-goldberg-var21.mp3": "G minor",
        "brahms-romanze-f-major.mp3": "F major",
        "debussy-la-fille-aux-cheveux.mp3": "F# major",
        "grieg-melodie-op38.mp3": "C major",
        "grieg-melodie-op47.mp3": "A minor",
        "grieg-notturno.mp3": "C major",
        "satie-gnossienne-3.mp3": "A minor",
        "satie-gnossienne-4.mp3": "D minor",
        "satie-gymnopedie-1.mp3": "D major",
        "satie-gymnopedie-3.mp3": "A minor",
        "schumann-traumerei.mp3": "F major",
    },
    "repertoire-recordings": {
        "Cello Suite No. 1.mp3": "G major",
        "Lacrimosa.mp3": "D minor",
        "Nocturne Op. 9 No.2.mp3": "Eb major",
        "Turkish March (Mozart Version).mp3": "A minor",
        "arabesque-l-66-no-1-in-e-major.mp3": "E major",
        "gnossienne-no-1.mp3": "F minor",
        "prelude-opus-28-no-4-in-e-minor-chopin.mp3": "E minor",
    },
    "session-tunes": {
        "01_Flute_Cannavans.mp3": "G major",
        "07-2-where-is-the-cat.mp3": "G major",
        "09 Ships Are Sailing (slow).mp3": "E minor",
        "10 Father Kelly's (slow).mp3": "G major",
        "11 The Maid Behind the Bar (slow).mp3": "D major",
        "14 The Wise Maid (slow).mp3": "D major",
        "2023-06-25 High Road to Kilkenny Fiddle.mp3": "G major",
        "2023-06-25 Mom's Favorite Fiddle.mp3": "D major",
        "2023-06-25 Sweets of May Fiddle.mp3": "G major",
        "2023-07-22 Trip to Durrow.mp3": "D major",
        "2023-07-30 Three Sea Captains.mp3": "G major",
        "2023-08-14 Louisville Session - Cats Rambles to the Child's Saucepan.mp3": "D major",
        "2023-09-24 Congress Reel - whistle.mp3": "A minor",
        "2023-10-23-LakesOfSligo-flute-80bpm.mp3": "D major",
        "2023-10-24-Tripping Up The Stairs-Flute-80bpm.mp3": "D major",
        "Cook in the Kitchen - flute - 80 bpm.mp3": "G major",
        "Cooley's - Flute - 80 bpm.mp3": "E minor",
        "F - BantryBay (hornpipe).mp3": "G major",
        "F - PipeOnTheHob (slow).mp3": "D major",
        "High Road to Kilkenny Whistle.mp3": "G major",
        "Humours of Derrycrossane - flute.mp3": "G major",
        "Lanigan's Ball - flute - 80 bpm.mp3": "E minor",
        "Larry O'Gaff's - session - 2023-02-26.mp3": "D major",
        "Lonesome Jig -flute - 80 bpm.mp3": "D major",
        "Out on the Ocean - flute - 80 bpm.mp3": "G major",
        "Rambling Pitchfork - flute - 80 bpm.mp3": "D major",
        "The Barony Jig - flute - 80 bpm.mp3": "A minor",
        "Toormore Slide - Flute.mp3": "B minor",
        "Whistling Postman - flute - 80 bpm.mp3": "D major",
        "redican's mother - flute.mp3": "D major",
    },
    "violin-recordings": {
        "john-garner_bwv1002_mov6.mp3": "B minor",
        "john-garner_bwv1002_mov7.mp3": "B minor",
        "john-garner_bwv1002_mov8.mp3": "B minor",
        "minji-kim_bwv1003_mov3.opus": "C major",
        "minji-kim_bwv1003_mov4.opus": "A minor",
        "oliver-colbentson_bwv1006_mov4.mp3": "E major",
        "oliver-colbentson_bwv1006_mov5.mp3": "E major",
        "oliver-colbentson_bwv1006_mov6.mp3": "E major",
        "oliver-colbentson_bwv1006_mov7.mp3": "E major",
    },
    "orchestral-recordings": {
        "02.ogg": "A minor",
        "03.ogg": "G major",
        "06.ogg": "G minor",
        "07.ogg": "D minor",
        "09.ogg": "D major",
        "10.ogg": "B minor",
        "12.ogg": "Ab major",
        "13.ogg": "C# minor",
        "14.ogg": "G major",
        "15.ogg": "G major",
        "16.ogg": "E major",
        "18.ogg": "D major",
        "21.ogg": "A major",
        "24.ogg": "D major",
        "28.ogg": "A major",
        "29.ogg": "C major",
        "32.ogg": "F major",
        "35.ogg": "D major",
        "39.ogg": "D major",
        "40.ogg": "D major",
        "41.ogg": "G major",
        "42.ogg": "D major",
        "44.ogg": "E minor",
        "46.ogg": "A minor",
        "48.ogg": "F major",
        "50.ogg": "G major",
    },
    "classroom-recordings": {
        "beethoven-moonlight-sonata-adagio.mp3": "C# minor",
        "dvorak-new-world-largo.mp3": "Db major",
        "grieg-morning-mood.mp3": "E major",
        "grieg-mountain-king.mp3": "B minor",
    },
    "librosa-key-recordings": {
        "Hungarian_Dance_number_5_-_Allegro_in_F_sharp_minor_(string_orchestra).hq.ogg": "G minor",
        "Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.hq.ogg": "E minor",
    },
    "essentia-key-recordings": {
        "359500__mtg__sax-tenor-e-major.wav": "E major",
        "359628__mtg__sax-tenor-d-minor.wav": "D minor",
    },
}
"""Key that a work is called by, or in which it begins where it is called by none, by source and file.

Tunes are in the key of the tune book, of which Dorian tunes count as minor and Mixolydian ones as major.
The orchestral version of Brahms' Hungarian Dance no. 5 is in G minor; the file is named after the version for piano."""


def tracks(folder: Path, source: Source) -> Iterator[Track]:
    """Yield the first three minutes of each listed file, mono."""
    for name, key in KEYS[source.name].items():
        sound, rate = librosa.load(next(folder.rglob(name)), sr=SAMPLE_RATE, duration=MAX_SECONDS)
        yield Track(Path(name).stem, sound[:, np.newaxis], int(rate), Annotation(key=key))
