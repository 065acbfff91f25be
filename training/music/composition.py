"""Composes pieces of music whose beats, bars, key, chords and sections are known exactly.

A piece is made from a style and a seed. Its sections each have their own chords, tune and patterns; the tempo wanders a little,
notes are played early and late, there may be an upbeat, an introduction, fills and breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.music.notation import Mode
from training.music import styles
from training.music.harmony import INTERVALS, SCALES, WANDERING_SHARE, Harmony, cadence, progression, voicing
from training.music.styles import DrumPattern, Style

DRUM_CHANNEL = 9
BASS, CHORDS, LEAD, PAD, SECOND_CHORDS = range(5)
"""MIDI channels."""
FORMS = ("AABA", "ABAB", "ABA", "ABAC", "AABB", "ABCA", "AAB", "ABACA", "AB")
SHORTEST_SECONDS, LONGEST_SECONDS = 38.0, 75.0
MIDDLE_BASS, MIDDLE_CHORDS, MIDDLE_LEAD = 38, 58, 72
NO_CHORD = "N"


@dataclass(frozen=True)
class PlayedNote:
    """A note as the synthesizer gets it."""

    start: float
    """Seconds."""
    end: float
    pitch: int
    """MIDI; on `DRUM_CHANNEL` the General MIDI percussion key."""
    velocity: int
    channel: int


@dataclass(frozen=True)
class TrueSpan:
    """A chord or a section."""

    start: float
    """Seconds."""
    end: float
    label: str


@dataclass(frozen=True)
class Truth:
    """What was composed."""

    bpm: float
    """Of the notated beat (in 6/8 the dotted quarter): from the median distance between beats."""
    beats_per_bar: int
    beat_unit: int
    beats: tuple[float, ...]
    """Seconds, until the downbeat of the last bar."""
    positions: tuple[int, ...]
    tonic: int
    """Pitch class, 0 is C."""
    mode: Mode
    chords: tuple[TrueSpan, ...]
    sections: tuple[TrueSpan, ...]


@dataclass(frozen=True)
class Piece:
    """Notes, the instruments of the channels (General MIDI programs), and the truth."""

    style: str
    seed: int
    notes: tuple[PlayedNote, ...]
    programs: dict[int, int]
    volumes: dict[int, int]
    """MIDI volume of each channel."""
    truth: Truth
    duration: float
    """Seconds, until the last note is released."""


@dataclass(frozen=True)
class _Note:
    """A note in the score; times in beats from the first downbeat."""

    onset: float
    length: float
    pitch: int
    velocity: int
    channel: int


@dataclass(frozen=True)
class _Section:
    """The material of all sections with one label."""

    harmonies: tuple[Harmony, ...]
    """One for each chord; they repeat until the section is full."""
    beats_per_chord: float
    bars: int
    drums: DrumPattern
    bass: str
    chords: str
    tune: tuple[tuple[float, float], ...]
    """(onset, length) in beats of the notes of a motif of two bars."""
    contour: tuple[int, ...]
    """Steps on the scale from each note of the motif to the next."""
    has_lead: bool
    has_drums: bool
    has_bass: bool
    has_pad: bool


def compose(style: Style, seed: int, wandering_share: float = WANDERING_SHARE) -> Piece:
    """The piece with this seed; the same one every time. `wandering_share`: of the progressions that are no familiar ones."""
    return _Composer(style, seed, wandering_share).piece()


def styled_piece(seed: int, split: str) -> Piece:
    """Piece `seed` of a split: styles take turns, so that every 21 pieces hold each once.

    In the test split all chords (but those of a blues) wander, so that no progression is one that was learned by heart.
    """
    offset = {"train": 0, "validation": 1_000_000, "test": 2_000_000}[split]
    wandering_share = 1.0 if split == "test" else WANDERING_SHARE
    return compose(styles.STYLES[seed % len(styles.STYLES)], offset + seed, wandering_share)


class _Composer:
    def __init__(self, style: Style, seed: int, wandering_share: float) -> None:
        self.style = style
        self.wandering_share = wandering_share
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.tonic = int(self.rng.integers(12))
        self.mode: Mode = "minor" if self.rng.random() < 0.42 else "major"
        low, high = np.log(style.slowest_bpm), np.log(style.fastest_bpm)
        self.bpm = float(np.exp(self.rng.uniform(low, high)))
        self.swing = float(self.rng.uniform(*style.swing))
        self.upbeat = self.rng.random() < 0.3
        self.has_lead = self.rng.random() < 0.85
        self.has_drums = bool(style.drums) and self.rng.random() < 0.85
        self.has_pad = self.rng.random() < style.pad_share
        self.has_second_chords = self.rng.random() < 0.25
        self.chord_center = MIDDLE_CHORDS + int(self.rng.integers(-4, 6))
        self.lead_center = MIDDLE_LEAD + int(self.rng.integers(-5, 8))
        self.gate = float(self.rng.uniform(0.7, 1.0))

    def piece(self) -> Piece:
        """All notes in seconds, with the truth."""
        form, materials = self._form()
        notes: list[_Note] = []
        chords: list[tuple[float, float, str]] = []
        sections: list[tuple[float, float, str]] = []
        beat = 0.0
        for count, label in enumerate(form):
            section = materials[label]
            end = beat + section.bars * self.style.beats_per_bar
            notes += self._section_notes(section, beat, end, is_intro=label == "I", is_first=count == 0)
            chords += self._chord_spans(section, beat, end, label)
            sections.append((beat, end, label))
            beat = end
        final_notes, final_chords = self._ending(beat)
        sections[-1] = (sections[-1][0], beat + 2 * self.style.beats_per_bar, sections[-1][2])
        return self._performed(notes + final_notes, chords + final_chords, sections, beat + self.style.beats_per_bar)

    def _form(self) -> tuple[str, dict[str, _Section]]:
        """The labels in order, as many as fit, and what each stands for."""
        seconds_per_bar = self.style.beats_per_bar * 60 / self.bpm
        choices = (12, 24) if self.style.harmonies == "blues" else (4, 8, 8, 16, 16)
        wanted = self.rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
        fitting = [bars for bars in choices if 8 <= bars * seconds_per_bar <= 30] or [choices[0]]
        bars = int(self.rng.choice(fitting))
        form = str(self.rng.choice(FORMS))
        while len(form) > 2 and len(form) * bars * seconds_per_bar > wanted + 8:
            form = form[:-1]
        while len(form) * bars * seconds_per_bar < SHORTEST_SECONDS:
            form += form
        has_intro = self.rng.random() < 0.35
        materials = {label: self._material(bars) for label in dict.fromkeys(form)}
        if has_intro:
            form, materials["I"] = "I" + form, self._introduction(materials[form[0]])
        return form, materials

    def _material(self, bars: int) -> _Section:
        style, rng = self.style, self.rng
        onsets, contour = self._motif()
        share = 1.0 if style.harmonies == "blues" else float(rng.choice(style.bars_per_chord))
        has_lead = self.has_lead and rng.random() < 0.85
        has_drums = self.has_drums and rng.random() < 0.9
        bass, chords = str(rng.choice(style.bass)), str(rng.choice(style.chords))
        while not (has_lead or has_drums or self._tells_every_beat(bass, chords)):
            bass, chords = str(rng.choice(style.bass)), str(rng.choice(style.chords))
        return _Section(
            harmonies=tuple(progression(style.harmonies, self.tonic, self.mode, rng, self.wandering_share)),
            beats_per_chord=share * style.beats_per_bar if share >= 1 or style.beats_per_bar % 2 == 0 else style.beats_per_bar,
            bars=bars,
            drums=self._varied(style.drums[rng.integers(len(style.drums))]) if style.drums else {},
            bass=bass,
            chords=chords,
            tune=onsets,
            contour=contour,
            has_lead=has_lead,
            has_drums=has_drums,
            has_bass=not has_lead or self.has_drums or rng.random() < 0.9,
            has_pad=self.has_pad and rng.random() < 0.7,
        )

    def _tells_every_beat(self, bass: str, chords: str) -> bool:
        """Whether a note starts on each beat; else nobody could say what the beat is."""
        on_beat = zip(bass[:: self.style.steps_per_beat], chords[:: self.style.steps_per_beat], strict=False)
        return all(set(signs) - set(".-") for signs in on_beat)

    def _introduction(self, first: _Section) -> _Section:
        """Four bars of the first section without the tune, sometimes drums alone."""
        drums_alone = self.has_drums and self.rng.random() < 0.3
        return _Section(
            harmonies=() if drums_alone else first.harmonies,
            beats_per_chord=first.beats_per_chord,
            bars=2 if drums_alone else 4,
            drums=first.drums,
            bass=first.bass,
            chords=first.chords,
            tune=first.tune,
            contour=first.contour,
            has_lead=False,
            has_drums=drums_alone or (self.has_drums and self.rng.random() < 0.5),
            has_bass=self.rng.random() < 0.6,
            has_pad=first.has_pad,
        )

    def _varied(self, pattern: DrumPattern) -> DrumPattern:
        """The pattern with a few hits left out or added, so that no two pieces share one."""
        varied = {}
        for key, bar in pattern.items():
            steps = list(bar)
            for step in range(1, len(steps)):
                if steps[step] == "x" and self.rng.random() < 0.08:
                    steps[step] = "."
                elif steps[step] == "." and self.rng.random() < (0.03 if key in (styles.KICK, styles.SNARE) else 0.01):
                    steps[step] = "x"
            varied[key] = "".join(steps)
        return varied

    def _motif(self) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
        """Onsets with lengths, and the steps between notes, of two bars."""
        steps = self.style.lead_steps if self.bpm < 150 else max(1, self.style.lead_steps - 1)
        if steps == 2 and self.bpm < 80 and self.rng.random() < 0.4:
            steps = 4
        density = self.rng.uniform(0.35, 0.75)
        length = 2 * self.style.beats_per_bar
        onsets = [
            step / steps
            for step in range(length * steps)
            if self.rng.random() < (min(0.95, density + 0.3) if step % steps == 0 else density * 0.7)
        ]
        onsets = onsets or [0.0]
        gaps = np.diff([*onsets, float(length)])
        lengths = [max(0.2, min(float(gap), 3.0) * float(self.rng.uniform(0.6, 1.0))) for gap in gaps]
        contour = self.rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3], size=len(onsets))
        return tuple(zip(onsets, lengths, strict=True)), tuple(int(step) for step in contour)

    def _chord_spans(self, section: _Section, start: float, end: float, label: str) -> list[tuple[float, float, str]]:
        if not section.harmonies:
            return [(start, end, NO_CHORD)]
        return [
            (beat, min(beat + section.beats_per_chord, end), harmony.label)
            for beat, harmony in self._harmonies(section, start, end)
        ]

    def _harmonies(self, section: _Section, start: float, end: float) -> Iterator[tuple[float, Harmony]]:
        """(beat at which it begins, chord)."""
        for count, beat in enumerate(np.arange(start, end - 1e-6, section.beats_per_chord)):
            yield float(beat), section.harmonies[count % len(section.harmonies)]

    def _section_notes(self, section: _Section, start: float, end: float, is_intro: bool, is_first: bool) -> list[_Note]:
        notes: list[_Note] = []
        if section.has_drums:
            notes += self._drums(section, start, end, has_crash=not is_first and self.rng.random() < 0.7)
        for beat, harmony in self._harmonies(section, start, end) if section.harmonies else ():
            stop = min(beat + section.beats_per_chord, end)
            notes += self._chord_notes(section.chords, harmony, beat, stop, CHORDS)
            if self.has_second_chords:
                notes += self._chord_notes(self.style.chords[0], harmony, beat, stop, SECOND_CHORDS)
            if section.has_bass:
                notes += self._bass_notes(section.bass, harmony, beat, stop)
            if section.has_pad:
                notes += [_Note(beat, stop - beat, pitch, 58, PAD) for pitch in voicing(harmony, self.chord_center + 3)]
        if section.has_lead and section.harmonies:
            notes += self._tune(section, start, end)
            if is_first and self.upbeat:
                notes += self._upbeat()
        return notes

    def _drums(self, section: _Section, start: float, end: float, has_crash: bool) -> list[_Note]:
        style = self.style
        notes = []
        for bar in np.arange(start, end - 1e-6, style.beats_per_bar):
            fills = bar + style.beats_per_bar >= end - 1e-6 and self.rng.random() < 0.6
            fill_from = bar + style.beats_per_bar - min(2, style.beats_per_bar - 1) if fills else np.inf
            for key, pattern in section.drums.items():
                for step, sign in enumerate(pattern):
                    beat = bar + step / style.steps_per_beat
                    if sign != "." and beat < fill_from:
                        notes.append(_Note(float(beat), 0.1, key, 104 if sign == "X" else 74, DRUM_CHANNEL))
            if fills:
                notes += self._fill(float(fill_from), float(bar + style.beats_per_bar))
        if has_crash:
            notes.append(_Note(start, 0.5, styles.CRASH, 100, DRUM_CHANNEL))
        return notes

    def _fill(self, start: float, end: float) -> list[_Note]:
        drums = (styles.SNARE, styles.HIGH_TOM, styles.MID_TOM, styles.LOW_TOM)
        steps = np.arange(start, end - 1e-6, 1 / (self.style.steps_per_beat if self.bpm < 130 else self.style.steps_per_beat / 2))
        return [
            _Note(float(beat), 0.1, drums[min(3, 4 * i // len(steps))], int(self.rng.integers(70, 110)), DRUM_CHANNEL)
            for i, beat in enumerate(steps)
            if self.rng.random() < 0.8
        ]

    def _pattern(self, pattern: str, start: float, end: float) -> Iterator[tuple[float, float, str]]:
        """(onset, length, sign) in beats of what a part plays while one chord lasts; the pattern stays aligned to the bars."""
        per_beat = self.style.steps_per_beat
        for step in range(round(start * per_beat), round(end * per_beat)):
            sign = pattern[step % len(pattern)]
            if sign in ".-":
                continue
            following = 1
            while step + following < round(end * per_beat) and pattern[(step + following) % len(pattern)] == "-":
                following += 1
            yield step / per_beat, following / per_beat, sign

    def _chord_notes(self, pattern: str, harmony: Harmony, start: float, end: float, channel: int) -> list[_Note]:
        center = self.chord_center + (12 if channel == SECOND_CHORDS else 0)
        pitches = voicing(harmony, center)
        notes = []
        for onset, length, sign in self._pattern(pattern, start, end):
            if sign.isdigit():
                ring = max(length, min(2 / self.style.steps_per_beat * 2, end - onset))
                notes.append(_Note(onset, ring, pitches[int(sign) - 1], 70, channel))
            else:
                held = length if sign == "X" else min(length, 0.4)
                loud = 82 if onset % self.style.beats_per_bar == 0 else 70
                notes += [_Note(onset + 0.008 * i, held, pitch, loud, channel) for i, pitch in enumerate(pitches[:4])]
        return notes

    def _bass_notes(self, pattern: str, harmony: Harmony, start: float, end: float) -> list[_Note]:
        root = voicing(harmony, MIDDLE_BASS)
        lowest = min(pitch for pitch in root if pitch % 12 == harmony.root)
        third, fifth = INTERVALS[harmony.quality][1:3]
        tones = {"r": 0, "f": fifth, "o": 12, "t": third}
        notes = []
        for count, (onset, length, sign) in enumerate(self._pattern(pattern, start, end)):
            walk = int(self.rng.choice([tones["t"], tones["f"], 12, 2, tones["f"] + 2, -1 if end - onset <= 1 else 12]))
            interval = 0 if count == 0 else walk if sign == "w" else tones[sign]
            notes.append(_Note(onset, length, lowest + interval, 88, BASS))
        return notes

    def _tune(self, section: _Section, start: float, end: float) -> list[_Note]:
        scale = [(self.tonic + step) % 12 for step in SCALES[self.mode]]
        ladder = [pitch for pitch in range(self.lead_center - 11, self.lead_center + 12) if pitch % 12 in scale]
        harmonies = list(self._harmonies(section, start, end))
        place, notes = len(ladder) // 2, []
        for motif in np.arange(start, end - 1e-6, 2 * self.style.beats_per_bar):
            if self.rng.random() < 0.1:
                continue
            for (onset, length), step in zip(section.tune, section.contour, strict=True):
                beat = float(motif + onset)
                if beat >= end:
                    break
                harmony = [chord for begin, chord in harmonies if begin <= beat + 1e-6][-1]
                place = int(np.clip(place + step, 0, len(ladder) - 1))
                pitch = ladder[place]
                if (onset % 1 == 0 or length >= 1) and self.rng.random() < 0.85:
                    pitch = _nearest(pitch, harmony)
                notes.append(_Note(beat, length, pitch, 96 if onset % 1 == 0 else 86, LEAD))
        return notes

    def _upbeat(self) -> list[_Note]:
        """A few notes of the scale that lead to the first downbeat."""
        count = int(self.rng.integers(1, 4))
        step = 1 / self.style.lead_steps
        fifth = self.lead_center + (self.tonic + 7 - self.lead_center) % 12 - 12
        return [
            _Note(-(count - i) * step, step * 0.9, fifth + (0, 2, 4)[i] * (self.mode == "major"), 86, LEAD) for i in range(count)
        ]

    def _ending(self, start: float) -> tuple[list[_Note], list[tuple[float, float, str]]]:
        """One bar of the dominant, then the tonic, held."""
        bar = self.style.beats_per_bar
        notes: list[_Note] = []
        spans = []
        for count, harmony in enumerate(cadence(self.tonic, self.mode, self.style.harmonies)):
            begin = start + count * bar
            if count == 0:
                notes += self._chord_notes(self.style.chords[0], harmony, begin, begin + bar, CHORDS)
                notes += self._bass_notes(self.style.bass[0], harmony, begin, begin + bar)
            else:
                notes += [_Note(begin, bar, pitch, 88, CHORDS) for pitch in voicing(harmony, self.chord_center)]
                notes.append(_Note(begin, bar, MIDDLE_BASS + (harmony.root - MIDDLE_BASS) % 12, 88, BASS))
            spans.append((begin, begin + bar, harmony.label))
        if self.has_drums:
            last = self._material(1)
            notes += self._drums(last, start, start + bar, has_crash=False)
            notes.append(_Note(start + bar, 0.5, styles.CRASH, 100, DRUM_CHANNEL))
        return notes, spans

    def _performed(
        self,
        notes: list[_Note],
        chords: list[tuple[float, float, str]],
        sections: list[tuple[float, float, str]],
        last_beat: float,
    ) -> Piece:
        """From beats to seconds: lead-in, wandering tempo, swing, loose timing."""
        bar = self.style.beats_per_bar
        first = min(0, int(np.floor(min(note.onset for note in notes) + 1e-6)))
        grid = np.arange(first, int(last_beat) + bar + 2)
        walk = np.convolve(np.cumsum(self.rng.normal(0, 1, len(grid))), np.ones(8) / 8, mode="same")
        wander = self.style.drift * walk / max(1.0, float(np.abs(walk - walk.mean()).max()))
        clock = float(self.rng.uniform(0.05, 1.5)) + np.concatenate([[0.0], np.cumsum(60 / self.bpm * (1 + wander))[:-1]])

        def seconds(beat: float) -> float:
            whole = np.floor(beat + 1e-6)
            part = max(0.0, beat - whole)
            if self.style.beat_unit == 4:
                part = part * self.swing / 0.5 if part < 0.5 else self.swing + (part - 0.5) * (1 - self.swing) / 0.5
            return float(np.interp(whole + part, grid, clock))

        beats = np.arange(first, int(last_beat) + 1)
        times = [seconds(float(beat)) for beat in beats]
        played = tuple(sorted((self._play(note, seconds) for note in notes), key=lambda note: note.start))
        truth = Truth(
            bpm=60 / float(np.median(np.diff(times))),
            beats_per_bar=bar,
            beat_unit=self.style.beat_unit,
            beats=tuple(times),
            positions=tuple(int(beat % bar) + 1 for beat in beats),
            tonic=self.tonic,
            mode=self.mode,
            chords=tuple(TrueSpan(seconds(start), seconds(end), label) for start, end, label in chords),
            sections=tuple(TrueSpan(seconds(start), seconds(end), label) for start, end, label in sections),
        )
        return Piece(
            self.style.name, self.seed, played, self._programs(), self._volumes(), truth, max(note.end for note in played)
        )

    def _play(self, note: _Note, seconds: Callable[[float], float]) -> PlayedNote:
        loose = self.style.looseness_ms / 1000 * (0.5 if note.channel == DRUM_CHANNEL else 1.0)
        start = max(0.0, seconds(note.onset) + float(np.clip(self.rng.normal(0, loose), -0.03, 0.03)))
        end = seconds(note.onset + note.length * (self.gate if note.channel != PAD else 1.0))
        velocity = int(np.clip(note.velocity + self.rng.normal(0, 7), 20, 127))
        return PlayedNote(start, max(end, start + 0.06), int(np.clip(note.pitch, 12, 115)), velocity, note.channel)

    def _programs(self) -> dict[int, int]:
        style = self.style
        pools = {
            BASS: style.bass_programs, CHORDS: style.chord_programs, LEAD: style.lead_programs,
            PAD: styles.PADS + styles.STRINGS, SECOND_CHORDS: style.chord_programs,
        }  # fmt: skip
        return {channel: int(self.rng.choice(pool)) for channel, pool in pools.items()}

    def _volumes(self) -> dict[int, int]:
        loudest = {BASS: 105, CHORDS: 95, LEAD: 100, PAD: 75, SECOND_CHORDS: 70, DRUM_CHANNEL: 105}
        return {channel: int(self.rng.uniform(0.65, 1.0) * volume) for channel, volume in loudest.items()}


def _nearest(pitch: int, harmony: Harmony) -> int:
    """The note of the chord that is nearest to `pitch`."""
    return min(
        (near for near in range(pitch - 6, pitch + 7) if near % 12 in harmony.pitch_classes), key=lambda near: abs(near - pitch)
    )
