"""The piano network's data, sizes, and a training of two steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import librosa
import numpy as np
import onnxruntime
import pytest
import torch

from benchmarks.notes.scores import ScoreNote
from pipelines.notes.piano.decoding import PianoThresholds, decode_piano
from training.data.triples import Split
from training.loop.batches import generator_at
from training.loop.command_line import Command
from training.loop.config import read_config
from training.piano import __main__ as training
from training.piano.dataset import Example, example_of, write_example
from training.piano.evaluation import note_rows, note_scores
from training.piano.key_network import HARMONICS, KeyNetworkOptions, harmonic_weights
from training.piano.network import NetworkOptions, PianoNetwork
from training.piano.performance import Performance, PlayedNote, perform, sounding
from training.piano.pianos import SoundFontPiano, midi_of, pianos
from training.piano.scores import DRILL_FIGURE_PROBS, DRILL_STEPS, STUDY_FIGURE_PROBS, STUDY_STEPS, composed, split_of, study
from training.piano.targets import targets_of

CONFIGS = Path(training.__file__).parent / "configs"
TINY: dict[str, NetworkOptions | KeyNetworkOptions] = {
    "published": NetworkOptions(160, (2, 2, 2, 2), 8, 4),
    "small": KeyNetworkOptions(320, 4, 3),
}


def one_note(onset: float = 0.5037, offset: float = 1.2514) -> Example:
    performance = Performance((PlayedNote(onset, offset, 60, 64),), ((0.4, 1.0),), 2.0)
    return example_of(np.zeros(32_000, dtype=np.float32), performance, 320)


def test_pieces_and_soundfonts_are_in_one_split_each(tmp_path: Path) -> None:
    packages = ("fluid-soundfont-gm", "musescore-general-soundfont", "csound-soundfont", "timgm6mb-soundfont")
    for package in packages:
        (tmp_path / package).mkdir()
        (tmp_path / package / f"{package}.sf2").touch()
    for layer in (3, 7, 11, 15):
        (tmp_path / "salamander" / str(layer)).mkdir(parents=True)
    splits: tuple[Split, ...] = ("train", "validation", "test")
    fonts = [{piano.soundfont for piano in pianos(split, tmp_path) if isinstance(piano, SoundFontPiano)} for split in splits]
    assert sum(map(len, fonts)) == len(set.union(*fonts)) == len(packages)
    assert [split_of(f"bach/bwv{number}.mxl") for number in (253, 259, 276)] == list(splits)
    assert composed(3, "train") != composed(3, "test")


def test_a_key_is_released_before_it_is_struck_again_and_the_pedal_holds_it() -> None:
    score = [ScoreNote(0.25 * step, 2.0, 60, 0) for step in range(32)]
    played = perform(score, np.random.default_rng(1), 8.0)
    pairs = list(zip(played.notes, played.notes[1:], strict=False))
    assert len(played.notes) > 10 and all(a.offset < b.onset for a, b in pairs)
    held = Performance((PlayedNote(1.0, 1.2, 60, 80), PlayedNote(2.0, 2.2, 60, 80)), ((1.1, 3.0),), 4.0)
    assert [note.offset for note in sounding(held)] == [2.0, 3.0]
    pedal = [message for message in midi_of(held, 0).tracks[0] if message.type == "control_change"]
    assert [(message.control, message.value) for message in pedal] == [(64, 127), (64, 0)]


def test_studies_reach_the_ends_of_the_keyboard() -> None:
    studies = [study(np.random.default_rng(seed), STUDY_STEPS, STUDY_FIGURE_PROBS) for seed in range(20)]
    pitches = {note.pitch for notes in studies for note in notes}
    assert min(pitches) <= 24 and max(pitches) >= 105


def test_drills_are_faster_than_studies_and_repeat_more() -> None:
    def figures(steps: Sequence[float], probs: Sequence[float]) -> tuple[float, float]:
        """Return (median time in quarters to the next onset of the hand, fraction of onsets that repeat a pitch of the last)."""
        waits, repeats = [], []
        for seed in range(10):
            chords: dict[float, set[int]] = {}
            for note in study(np.random.default_rng(seed), steps, probs):
                if note.part == 0:
                    chords.setdefault(note.onset, set()).add(note.pitch)
            waits += np.diff(sorted(chords)).tolist()
            repeats += [bool(chords[a] & chords[b]) for a, b in pairwise(sorted(chords))]
        return float(np.median(waits)), float(np.mean(repeats))

    usual, fast = figures(STUDY_STEPS, STUDY_FIGURE_PROBS), figures(DRILL_STEPS, DRILL_FIGURE_PROBS)
    assert fast[0] < usual[0] and fast[1] > 1.3 * usual[1]


def test_the_level_of_an_excerpt_is_kept() -> None:
    levels = []
    for level in (20.0, 8.0):
        example = replace(one_note(), mel=np.full_like(one_note().mel, level))
        levels.append(targets_of(example, 0, 100, 320, generator_at(0, 0)).mel.mean().item())
    assert levels[0] - levels[1] == pytest.approx(12, abs=0.1) and levels[0] == pytest.approx(20, abs=6)


def test_targets_give_the_times_back() -> None:
    targets = targets_of(one_note(), 0, 100, 320)
    curves = torch.stack([targets.onset, targets.offset, targets.frame, targets.velocity], 1).numpy()
    (note,) = decode_piano(curves, PianoThresholds())
    assert (note.start / 50, note.end / 50) == pytest.approx((0.5037, 1.2514), abs=1e-4)
    assert round(127 * note.velocity) == 64
    rows = note_rows([note], 50)
    assert note_scores(np.array([[0.5037, 1.2514, 60.0]]), rows)["offset_f"] == 1
    assert note_scores(np.array([[0.5637, 1.2514, 60.0]]), rows)["onset_f"] == 0
    assert targets.pedal[:, 2].sum() == 30


def test_the_published_config_has_the_published_sizes() -> None:
    options = read_config(CONFIGS / "published.yaml", training.PianoOptions)
    assert isinstance(options.network, NetworkOptions) and options.network.hop_length == 160
    with torch.device("meta"):
        network = PianoNetwork(options.network)
    assert len(network.acoustic) == 7
    for model in network.acoustic:
        assert [block.layers[3].out_channels for block in model.blocks] == [48, 64, 96, 128]
        assert (model.project.in_features, model.project.out_features) == (1792, 768)
        assert (model.recurrent.hidden_size, model.recurrent.num_layers) == (256, 2)
    assert [head.out_features for head in network.heads] == [88, 88, 88, 88, 1, 1, 1]
    frames = round(options.excerpt_seconds * 16_000 / 160)
    assert (frames, options.loop.batch_size) == (1000, 12)


def test_a_key_reads_the_bands_of_its_partials() -> None:
    weights = harmonic_weights().reshape(229, len(HARMONICS), 88)
    centres = librosa.mel_frequencies(231, fmin=30, fmax=8000)[1:-1]
    a4, octave = weights[:, HARMONICS.index(1.0), 48], weights[:, HARMONICS.index(2.0), 48]
    assert a4 @ centres == pytest.approx(440, rel=0.005) and octave @ centres == pytest.approx(880, rel=0.005)
    assert not weights[:, HARMONICS.index(2.0), 87].any()  # beyond the bands


@pytest.mark.parametrize("name", ["published", "small"])
def test_a_config_trains_two_steps_at_tiny_sizes_and_is_exported(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = read_config(CONFIGS / f"{name}.yaml", training.PianoOptions)
    hop = options.network.hop_length
    tiny = replace(
        options,
        network=TINY[name],
        excerpt_seconds=0.5,
        loop=replace(options.loop, steps=2, batch_size=2),
    )
    (tmp_path / f"hop {hop}").mkdir()
    for split in ("train", "validation"):
        write_example(tmp_path / f"hop {hop}" / f"{split}-00000.npz", replace(one_note(), mel=np.zeros((200, 229), np.float16)))
    monkeypatch.setattr(training, "read_command", lambda *_: Command(tiny, tmp_path, is_dry_run=False))
    training.main()
    session = onnxruntime.InferenceSession(tmp_path / training.EXPORT, providers=["CPUExecutionProvider"])
    notes, pedal = session.run(None, {"mel": np.zeros((1, 33, 229), dtype=np.float32)})
    assert notes.shape == (1, 33, 4, 88) and pedal.shape == (1, 33, 3)
    assert notes.min() >= 0 and notes.max() <= 1
