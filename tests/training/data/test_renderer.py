"""Rendered clips have the main instrument, tempo and mode that were planned, and their facts and texts agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.arrays import FloatArray
from training.data.renderer import clip_sound as clip_sound_module
from training.data.renderer import render as render_module
from training.data.renderer.arrangement import arrange, drums_alone
from training.data.renderer.clip_facts import clip_facts, tempo_class
from training.data.renderer.instruments import FAMILIES, MAIN_PROGRAMS, family_of
from training.data.renderer.render import RendererOptions, plans, render_clips, rendered_triples
from training.data.renderer.wordings import QUESTIONS, claims, symbol, worded
from training.music.pieces.piece import BASS, CHORDS, DRUM_CHANNEL, LEAD, Piece, PlayedNote, TrueSpan, Truth
from training.music.pieces.rendering import TEST_SOUNDFONT, Synthesizer

OPTIONS = RendererOptions(
    {"train": ("a.sf2",), "test": (TEST_SOUNDFONT.name,)}, {"train": 54, "test": 2}, {"test": 1}, duration=4.0
)


def piece() -> Piece:
    """Four bars of 4/4 at 120 in A minor, with a tune, chords, bass and drums."""
    beats = tuple(0.5 * i for i in range(17))
    truth = Truth(
        bpm=120.0,
        beats_per_bar=4,
        beat_unit=4,
        beats=beats,
        positions=tuple(i % 4 + 1 for i in range(17)),
        tonic=9,
        mode="minor",
        chords=(TrueSpan(0, 2, "A:min"), TrueSpan(2, 6, "A:min"), TrueSpan(6, 8, "E:7")),
        sections=(TrueSpan(0, 8, "A"),),
    )
    notes = [PlayedNote(beat, beat + 0.4, 72, 90, LEAD) for beat in beats[:16]]
    notes += [PlayedNote(beat, beat + 2, pitch, 80, CHORDS) for beat in (0, 2, 4, 6) for pitch in (57, 60, 64)]
    notes += [PlayedNote(beat, beat + 2, 33, 80, BASS) for beat in (0, 2, 4, 6)]
    notes += [PlayedNote(beat, beat + 0.1, 36, 90, DRUM_CHANNEL) for beat in beats[:16]]
    programs = {LEAD: 73, CHORDS: 0, BASS: 33}
    return Piece(
        "test", 7, tuple(sorted(notes, key=lambda note: note.start)), programs, dict.fromkeys((0, 1, 2, 9), 100), truth, 8
    )


def test_facts_are_those_of_the_part_of_the_piece() -> None:
    arrangement = replace(arrange(piece(), "woodwind", np.random.default_rng(1)), piece=piece(), main=LEAD)
    facts = clip_facts(arrangement, 1.0, 5.5)
    assert (facts["bpm"], facts["tempo"], facts["metre"]) == (120, "medium", "4/4")
    assert (facts["mode"], facts["tonic"], facts["family"], facts["instrument"]) == ("minor", 9, "woodwind", "flute")
    assert facts["families"] == ["bass", "piano", "woodwind"] and facts["drums"] is True
    assert facts["chords"] == [[0.0, 5.0, "A:min"], [5.0, 5.5, "E:7"]]
    assert facts["beats"][0] == 0.0 and facts["downbeats"] == [1.0, 3.0, 5.0]
    sustained = [note for note in facts["notes"] if note[2] == 57]
    assert sustained[0] == [0.0, 1.0, 57, 80, 0] and {note[4] for note in facts["notes"]} == {73, 0, 33, -1}


def test_a_tempo_near_a_limit_has_no_class() -> None:
    assert [tempo_class(bpm) for bpm in (60, 83, 100, 124, 140)] == ["slow", None, "medium", None, "fast"]


def test_the_main_instrument_belongs_to_the_family_and_low_ones_play_low() -> None:
    for family in FAMILIES:
        for seed in range(8):
            arrangement = arrange(piece(), family, np.random.default_rng(seed))
            assert arrangement.main_program in MAIN_PROGRAMS[family] and family_of(arrangement.main_program) == family
            if arrangement.main_program == 58:
                assert {note.pitch for note in arrangement.part(is_main=True).notes} == {48}
    assert {note.channel for note in drums_alone(piece()).piece.notes} == {DRUM_CHANNEL}


def test_the_main_part_is_louder_than_the_others_by_the_planned_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    def tone(piece: Piece, synthesizer: Synthesizer) -> FloatArray:
        is_main = {note.channel for note in piece.notes} == {LEAD}
        time = np.arange(round((piece.duration + 1) * synthesizer.sample_rate)) / synthesizer.sample_rate
        return (0.6 * np.sin(2 * np.pi * (440 if is_main else 2000) * time)).astype(np.float32)

    monkeypatch.setattr(clip_sound_module, "render", tone)
    arrangement = replace(arrange(piece(), "brass", np.random.default_rng(0)), piece=piece(), main=LEAD, gain_db=6.0)
    synthesizer = Synthesizer(Path("any.sf2"), 8000)
    sound = clip_sound_module.clip_sound(arrangement, synthesizer, synthesizer, 1.0, 4.0)
    assert sound is not None and len(sound) == 32_000 and np.abs(sound).max() == pytest.approx(0.7, abs=0.01)
    spectrum = np.abs(np.fft.rfft(sound))
    assert 20 * np.log10(spectrum[4 * 440] / spectrum[4 * 2000]) == pytest.approx(6, abs=0.1)


def test_plans_are_balanced_and_the_test_comes_first() -> None:
    planned = list(plans(OPTIONS))
    assert [plan.split for plan in planned[:3]] == ["test"] * 3 and planned[2].family is None
    train = [plan for plan in planned if plan.split == "train"]
    assert set(Counter(plan.family for plan in train).values()) == {6}
    assert set(Counter((plan.tempo, plan.mode) for plan in train).values()) == {9}


def test_a_soundfont_in_two_splits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a\.sf2 is in two splits"):
        RendererOptions({"train": ("a.sf2",), "test": ("a.sf2",)}, {"train": 1})


def test_a_rendered_folder_is_resumed_and_gives_triples_that_agree_with_the_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(OPTIONS, clips={"test": 2})
    assert list(render_clips(options, TEST_SOUNDFONT.parent, tmp_path)) == ["test-00000", "test-00001", "test-00002"]
    assert list(render_clips(options, TEST_SOUNDFONT.parent, tmp_path)) == []
    sound, rate = soundfile.read(tmp_path / "test-00001.flac")
    assert len(sound) == 4 * rate and np.sqrt(np.mean(sound**2)) > 0.01
    triples = list(rendered_triples(tmp_path))
    assert triples == list(rendered_triples(tmp_path)) != list(rendered_triples(tmp_path, seed=1))
    assert {triple.split for triple in triples} == {"test"} and len({triple.source for triple in triples}) == 3
    for triple in triples:
        said = claims(triple.answer)
        assert all(triple.facts.get(name) == value for name, value in said.items()), (triple.answer, triple.facts)
        assert ("notes" in triple.facts) == (triple.task == "notes")
    monkeypatch.setattr(render_module, "SEEDS_PER_CLIP", 0)
    with pytest.raises(RuntimeError, match="no piece"):
        next(render_clips(options, TEST_SOUNDFONT.parent, tmp_path / "other"))


def test_every_topic_is_worded_and_captions_claim_the_truth_in_all_wordings() -> None:
    for family in FAMILIES:
        for seed in range(12):
            rng = np.random.default_rng(seed)
            facts = clip_facts(arrange(piece(), family, rng), 0.5, 7.0)
            texts = {words.topic: words for words in worded(facts, rng)}
            assert set(texts) == set(QUESTIONS)
            said = claims(texts["caption"].answer)
            assert {"tempo", "mode", "metre", "family"} <= set(said)
            assert all(facts[name] == value for name, value in said.items()), texts["caption"].answer
            for topic, words in texts.items():
                if topic not in ("tags", "notes"):
                    assert words.answer[0].isupper() and words.answer.endswith(".") and "  " not in words.answer


def test_chords_are_spelled_as_the_key_spells_them() -> None:
    assert [symbol("D#:min7", 10, "major"), symbol("G#:7", 1, "minor"), symbol("A:maj7", 9, "major")] == ["Ebm7", "G#7", "Amaj7"]
