"""The models that find beats, notes and chords; all lie in this repository.

The beat, the harmony and the piano network are our own, made by `python -m training.music.train_beats`, `python -m
training.music.train_harmony` and `python -m training.piano`; BeatNet is made by `python -m training.convert_beatnet` and crema by
`python -m training.convert_crema`; Basic Pitch is the file in the Python package of that name.
"""

from __future__ import annotations

from models.specs.model_spec import ModelSpec, RepositoryFile, RepositorySource

OWN_LICENCE = "Apache-2.0 (trained for Audioscope on pieces composed by a program and rendered with SoundFonts)"
OWN_LICENCE_URL = "https://www.apache.org/licenses/LICENSE-2.0"

BEAT_NETWORK = ModelSpec(
    key="beats",
    title="Audioscope beats (offline)",
    task="track_beats",
    loader="onnx",
    source=RepositorySource(
        "1", "beats", (RepositoryFile("beats.onnx", "ade4f547ef1c2b393dfefa00f8708c25fb1ecde73abc0e60d27b8a1e8c2f8a90"),)
    ),
    licence=OWN_LICENCE,
    licence_url=OWN_LICENCE_URL,
    download_bytes=574_121,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)

BEATNET = ModelSpec(
    key="beatnet",
    title="BeatNet (offline)",
    task="track_beats",
    loader="onnx",
    source=RepositorySource(
        "BeatNet-1.1.3",
        "beatnet",
        (RepositoryFile("beatnet.onnx", "0e6dd82f2fe9a7dd3520400c7449861302b91fc7d0e619bb487a0cca13749d42"),),
    ),
    licence="CC-BY-4.0 (Mojtaba Heydari, Frank Cwitkowitz and Zhiyao Duan)",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    download_bytes=2_422_829,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=40_000_000,
    gpu_bytes=40_000_000,
)

HARMONY_NETWORK = ModelSpec(
    key="harmony",
    title="Audioscope harmony (offline)",
    task="name_chords",
    loader="onnx",
    source=RepositorySource(
        "1", "harmony", (RepositoryFile("harmony.onnx", "d498905267f6d921cd40d03bc447fb918b4674c6f2fb44784900ac13acafbb74"),)
    ),
    licence=OWN_LICENCE,
    licence_url=OWN_LICENCE_URL,
    download_bytes=486_170,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)

CREMA = ModelSpec(
    key="crema",
    title="crema (offline)",
    task="name_chords",
    loader="onnx",
    source=RepositorySource(
        "crema-0.2.0",
        "crema",
        (RepositoryFile("crema.onnx", "9723ef1a8c72b1d6ff7cc885fef91526c85f6bd8021455a17234cb381fa5bae5"),),
    ),
    licence="BSD-2-Clause",
    licence_url="https://github.com/bmcfee/crema/blob/main/LICENSE.md",
    download_bytes=1_071_238,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=30_000_000,
    gpu_bytes=30_000_000,
)

BASIC_PITCH = ModelSpec(
    key="basic-pitch",
    title="Basic Pitch (offline)",
    task="transcribe_notes",
    loader="onnx",
    source=RepositorySource(
        revision="basic-pitch-0.4.0",
        folder="basic_pitch",
        files=(RepositoryFile("nmp.onnx", "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec"),),
    ),
    licence="Apache-2.0",
    licence_url="https://github.com/spotify/basic-pitch/blob/main/LICENSE",
    download_bytes=230_444,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)

PIANO_NETWORK = ModelSpec(
    key="piano",
    title="Audioscope piano with pedal (offline)",
    task="transcribe_notes",
    loader="onnx",
    source=RepositorySource(
        "1", "piano", (RepositoryFile("piano.onnx", "b01adef50cf20ab16f8e14cc8f39ed64a0b31f951b2d5458d8a72ae1b591aacf"),)
    ),
    licence="Apache-2.0 (trained for Audioscope on scores that were performed by a program and rendered with SoundFonts)",
    licence_url=OWN_LICENCE_URL,
    download_bytes=1_541_484,
    cpu_dtype="float32",
    gpu_dtype="float32",
    cpu_bytes=20_000_000,
    gpu_bytes=20_000_000,
)

MUSIC_MODELS: tuple[ModelSpec, ...] = (BEAT_NETWORK, BEATNET, BASIC_PITCH, PIANO_NETWORK, HARMONY_NETWORK, CREMA)
