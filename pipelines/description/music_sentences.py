"""The offline captions of music: what kind of piece it is, who plays and sings, how its harmony and form go."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from pipelines.description import music_phrases as phrases
from pipelines.description.clauses import (
    CaptionSentence,
    Clause,
    as_sentences,
    choose,
)
from pipelines.description.findings import ClipFindings, Detection
from pipelines.description.spans import Span
from pipelines.music.chord_recognition import Chord
from pipelines.music.decisions import MAX_CERTAIN_NO_VOCALS_PROB, MIN_CERTAIN, MIN_PROBABLE, hedge, level, spread
from pipelines.music.key_detection import Key
from pipelines.music.notation import pitch_class, written
from pipelines.wording.grammar import counted, listed, number_word, sentence, with_article
from pipelines.wording.times import clock_time, length

OPENING_SECONDS = 8.0
MAX_PLAYERS = 3
LOOPS_AT_LEAST = ((4, 2), (3, 3), (2, 4))
"""(Chords, times): how often a progression has to be heard."""
LOOP_GAP_SECONDS = 1.0
MAX_MAIN_CHORDS = 4
MAIN_CHORD_SHARE = 0.12
"""Of the time with chords that a main chord sounds."""
ONE_CHORD_SHARE = 0.85
THROUGHOUT = 0.8
"""Share of the clip that vocals fill if they are heard throughout."""
MAX_PARTS = 8
AT_ONCE_SECONDS = 3.0
SHORTEST_TOLD_SECONDS = 2.0
"""Of vocals whose times are told."""
WALTZ_GENRES = ("classical", "jazz", "folk", "pop")


def music_sentences(findings: ClipFindings, dice: random.Random, most: int = 3) -> list[CaptionSentence]:
    """Two or three sentences on the music of a clip."""
    opening, tells_players = _opening(findings, dice)
    clauses = _vocals(findings, dice) if tells_players else _players_and_vocals(findings, dice)
    details = [*_harmony(findings, dice), *_form(findings, dice)]
    dice.shuffle(details)
    extras = [*_ends(findings, dice), *_chord_pace(findings, dice), *_clearest(findings, dice), *_loudness(findings, dice)]
    dice.shuffle(extras)
    clauses += details[: max(1, 3 - len(clauses))]
    clauses += extras[: max(0, 2 - len(clauses))]
    if not clauses:
        clauses = [Clause(choose(dice, phrases.LENGTHS, length=length(findings.duration)), (0.0, findings.duration))]
    return [opening, *as_sentences(dice, clauses, most - 1)]


# ---- the opening sentence


@dataclass(frozen=True)
class _Piece:
    """'a brisk jazz waltz', with what there is of doubt."""

    noun_phrase: str
    confidence: float

    @property
    def is_plain(self) -> bool:
        """Whether it needs no hedge."""
        return self.confidence >= MIN_CERTAIN

    def alone(self, dice: random.Random) -> str:
        """At the beginning of a sentence."""
        if self.is_plain:
            return self.noun_phrase
        hedges = ("probably", "by the sound of it,") if self.confidence >= MIN_PROBABLE else ("perhaps", "possibly")
        return f"{dice.choice(hedges)} {self.noun_phrase}"

    def as_object(self, dice: random.Random) -> str:
        """After a verb."""
        if self.is_plain:
            return self.noun_phrase
        hedges = (
            ("what sounds like", "what is probably") if self.confidence >= MIN_PROBABLE else ("what may be", "what is perhaps")
        )
        return f"{dice.choice(hedges)} {self.noun_phrase}"


def _opening(findings: ClipFindings, dice: random.Random) -> tuple[CaptionSentence, bool]:
    """The first sentence, and whether it tells who plays."""
    piece = _piece(findings, dice)
    setting = _setting(findings, dice, "waltz" in piece.noun_phrase)
    is_sure = not re.search("perhaps|probably", setting)
    apart = setting if is_sure or not setting else f", {setting}"
    players = _sure_players(findings)
    plans = [f"{piece.alone(dice)} {apart}"]
    if piece.is_plain:
        plans += [f"this is {piece.noun_phrase} {apart}"]
        plans += [f"{setting}, this is {piece.noun_phrase}"] * (is_sure and bool(setting))
    else:
        plans += [f"this is {piece.alone(dice)} {apart}".replace(",,", ",")] * ("," not in piece.alone(random.Random(0)))
    if players:
        names, play = listed([player.name for player in players]), "play" if _is_plural(players) else "plays"
        plans += [f"{names} {play} {piece.as_object(dice)} {apart}"] * 2
        plans += [f"{piece.alone(dice)} with {names}{', ' + setting if setting else ''}"] * 2
    plan = dice.choice(plans)
    start, end = findings.first_bars or (0.0, min(findings.duration, OPENING_SECONDS))
    tells_players = bool(players) and plan in plans[-4:]
    return CaptionSentence(sentence(" ".join(plan.split()).replace(" ,", ",")), start, end), tells_players


def _piece(findings: ClipFindings, dice: random.Random) -> _Piece:
    """Pace, mood, genre and form, as far as they are known."""
    genres = [genre for genre in findings.named("genre") if genre.name in phrases.GENRE_NOUNS]
    is_told = bool(genres) and (genres[0].confidence >= MIN_PROBABLE or dice.random() < 0.7)
    noun = dice.choice(phrases.GENRE_NOUNS[genres[0].name] if is_told else phrases.PLAIN_NOUNS)
    confidence = genres[0].confidence if is_told else 1.0
    if _is_waltz(findings) and dice.random() < 0.7:
        is_told = is_told and genres[0].name in WALTZ_GENRES
        noun, confidence = (f"{genres[0].name} waltz", confidence) if is_told else ("waltz", 1.0)
    adjectives = [adjective for adjective in (_pace(findings, dice), _mood(findings, dice)) if adjective]
    return _Piece(with_article(f"{', '.join(adjectives)} {noun}".strip()), confidence)


def _is_waltz(findings: ClipFindings) -> bool:
    beats, tempo = findings.beats, findings.tempo
    is_in_three = beats is not None and beats.metre == "3/4" and beats.confidence >= MIN_PROBABLE
    return is_in_three and tempo is not None and tempo.bpm >= phrases.WALTZ_FROM_BPM


def _pace(findings: ClipFindings, dice: random.Random) -> str:
    tempo = findings.tempo
    if tempo is None or tempo.confidence < MIN_PROBABLE or len(findings.tempi) > 1:
        return ""
    pace = next(pace for pace in phrases.PACES if tempo.bpm < pace.below)
    return dice.choice(pace.adjectives)


def _mood(findings: ClipFindings, dice: random.Random) -> str:
    moods = [tag for tag in findings.tags("mood") if tag.confidence >= phrases.MIN_MOOD and tag.name in phrases.MOOD_ADJECTIVES]
    return phrases.MOOD_ADJECTIVES[moods[0].name] if moods and dice.random() < 0.4 else ""


def _setting(findings: ClipFindings, dice: random.Random, is_waltz: bool) -> str:
    """'in G major at 168 BPM, in 3/4', as far as it is known."""
    key, tempo, metre = _key(findings), _tempo(findings, dice), "" if is_waltz else _metre(findings, dice)
    if key and tempo and metre:
        return dice.choice((f"{key} at {tempo}, {metre}", f"{metre} at {tempo}, {key}", f"{key}, {metre} at {tempo}"))
    if tempo:
        return f"{key or metre} at {tempo}".strip()
    return " and ".join(part for part in (key, metre) if part)


def _key(findings: ClipFindings) -> str:
    key = findings.key
    return f"{hedge(key.confidence)}in {_spoken_key(key.name)}" if key is not None else ""


def _spoken_key(name: str) -> str:
    """'F sharp minor' for 'F# minor'."""
    tonic, mode = name.split(" ")
    return f"{tonic[0]}{ {'#': ' sharp', 'b': ' flat'}.get(tonic[1:], '') } {mode}"


def _tempo(findings: ClipFindings, dice: random.Random) -> str:
    tempo = findings.tempo
    if tempo is None:
        return ""
    unit = dice.choice(("BPM", "BPM", "beats per minute"))
    about = dice.choice(("", "about ", "around ")) if tempo.confidence >= MIN_PROBABLE else "perhaps "
    other = f" (or {round(findings.tempi[1])}, which fits nearly as well)" if len(findings.tempi) > 1 else ""
    return f"{about}{round(tempo.bpm)} {unit}{other}"


def _metre(findings: ClipFindings, dice: random.Random) -> str:
    beats = findings.beats
    if beats is None or beats.confidence < MIN_PROBABLE or beats.metre not in phrases.METRES:
        return ""
    return f"{hedge(beats.confidence)}in {dice.choice(phrases.METRES[beats.metre])}"


# ---- who plays and sings


def _heard_players(findings: ClipFindings) -> list[Detection]:
    """Instruments; a choir only if somebody sings."""
    return [one for one in findings.named("instrument") if one.name != "choir" or findings.is_sung]


def _sure_players(findings: ClipFindings) -> list[Detection]:
    return [one for one in _heard_players(findings) if one.confidence >= MIN_PROBABLE][:MAX_PLAYERS]


def _is_plural(players: list[Detection]) -> bool:
    return len(players) > 1 or (players[0].name.endswith("s") and players[0].name not in ("brass", "bagpipes"))


def _place(findings: ClipFindings, span: Span | None) -> Span:
    return span or (0.0, min(findings.duration, OPENING_SECONDS))


def _players_and_vocals(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    """Often in one breath, if both are sure."""
    players, vocals = _players(findings, dice), _vocals(findings, dice)
    sure = _sure_players(findings)
    if not sure or not vocals or dice.random() < 0.4:
        return players + vocals
    values = {"players": listed([one.name for one in sure]), "play": "play" if _is_plural(sure) else "plays"}
    if findings.is_sung and (findings.singing or 0) >= MIN_CERTAIN:
        values |= {"accompany": "accompany" if _is_plural(sure) else "accompanies", "who": _singer(findings, dice)}
        text = choose(dice, phrases.PLAYERS_AND_SINGER, when=_when(findings), **values)
        return [Clause(text, vocals[0].span)]
    if findings.is_sung is False and (findings.singing or 0) <= MAX_CERTAIN_NO_VOCALS_PROB:
        return [Clause(choose(dice, phrases.PLAYERS_ALONE, **values), players[0].span)]
    return players + vocals


def _players(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    players = _sure_players(findings)
    if players:
        names = listed([one.name for one in players]) if len(players) > 1 else _articled(players[0].name)
        text = choose(dice, phrases.PLAYERS, players=names, play="play" if _is_plural(players) else "plays")
        return [Clause(text, _place(findings, players[0].span))]
    unsure = _heard_players(findings)[:1]
    if not unsure:
        return []
    options = phrases.UNSURE_PLAYERS if _is_plural(unsure) else phrases.UNSURE_PLAYER
    return [Clause(choose(dice, options, players=_articled(unsure[0].name)), _place(findings, unsure[0].span))]


def _articled(name: str) -> str:
    """'a piano', but 'drums' and 'percussion'."""
    return name if name.endswith("s") or "percussion" in name else with_article(name)


def _vocals(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    whole = (0.0, findings.duration)
    if findings.singing is None or findings.is_sung is None:
        return []
    if not findings.is_sung:
        options = phrases.NOBODY_SINGS if findings.singing <= MAX_CERTAIN_NO_VOCALS_PROB else phrases.NOBODY_SEEMS_TO_SING
        return [Clause(dice.choice(options), whole)]
    sings = "sings" if findings.singing >= MIN_CERTAIN else "seems to sing"
    span = findings.vocal_spans[0] if findings.vocal_spans else whole
    return [Clause(f"{_singer(findings, dice)} {sings}{_when(findings)}", span)]


def _singer(findings: ClipFindings, dice: random.Random) -> str:
    voices = [voice for voice in findings.singers if voice.name in phrases.SINGERS]
    return dice.choice(phrases.SINGERS[voices[0].name]) if voices else "somebody"


def _when(findings: ClipFindings) -> str:
    """' from 0:12 on', where vocals do not fill the clip."""
    spans = findings.vocal_spans
    if not spans:
        return ""
    if sum(end - start for start, end in spans) >= THROUGHOUT * findings.duration:
        return " throughout"
    start, end = spans[0]
    if end - start < SHORTEST_TOLD_SECONDS:
        return ""
    if len(spans) == 1 and end >= findings.duration - AT_ONCE_SECONDS:
        return f" from {clock_time(start)} on" if start >= AT_ONCE_SECONDS else ""
    return (
        f" from {clock_time(start)} to {clock_time(end)}"
        if len(spans) == 1
        else f", first from {clock_time(start)} to {clock_time(end)}"
    )


# ---- harmony and form


def _harmony(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    chords = findings.chords
    total = sum(chord.end - chord.start for chord in chords)
    if not chords or not total:
        return []
    loop = _loop(chords, findings.key)
    if loop:
        names = [written(chord.name) for chord in loop]
        text = choose(dice, phrases.LOOPS, chords="–".join(names))
        if len(names) == 2:
            text = choose(dice, phrases.TWO_CHORDS, chords=listed(names))
        return [Clause(text, (loop[0].start, loop[-1].end))]
    seconds = {name: sum(one.end - one.start for one in chords if one.name == name) for name in {one.name for one in chords}}
    by_length = sorted(seconds, key=lambda name: (-seconds[name], name))
    main = [name for name in by_length[:MAX_MAIN_CHORDS] if seconds[name] >= MAIN_CHORD_SHARE * total]
    first = next(chord for chord in chords if chord.name == by_length[0])
    if seconds[first.name] >= ONE_CHORD_SHARE * total:
        return [Clause(choose(dice, phrases.ONE_CHORD, chord=f"the chord {written(first.name)}"), (first.start, first.end))]
    if len(main) < 2:
        return []
    return [Clause(choose(dice, phrases.CHORD_SETS, chords=listed([written(name) for name in main])), (first.start, first.end))]


def _loop(chords: tuple[Chord, ...], key: Key | None) -> tuple[Chord, ...]:
    """The first pass of the longest progression that keeps coming back, from the tonic on if it comes as often from there."""
    for size, least in LOOPS_AT_LEAST:
        runs = [chords[i : i + size] for i in range(len(chords) - size + 1)]
        close = [run for run in runs if all(after.start - before.end <= LOOP_GAP_SECONDS for before, after in pairwise(run))]
        counts = Counter(tuple(chord.name for chord in run) for run in close)
        often = [names for names, times in counts.items() if times >= max(least, max(counts.values()) - 1)]
        if often:
            home = [
                names for names in often if key is not None and pitch_class(names[0].partition(":")[0]) == pitch_class(key.tonic)
            ]
            chosen = (home or often)[0]
            period = next(step for step in range(2, size + 1) if chosen[: size - step] == chosen[step:])
            return next(run for run in close if tuple(chord.name for chord in run) == chosen)[:period]
    return ()


def _ends(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    chords = findings.chords
    if len(chords) < 2 or chords[0].start > AT_ONCE_SECONDS or chords[-1].end < findings.duration - AT_ONCE_SECONDS:
        return []
    first, last = written(chords[0].name), written(chords[-1].name)
    text = choose(dice, phrases.SAME_ENDS if first == last else phrases.BOTH_ENDS, first=first, last=last)
    return [Clause(text, (chords[0].start, chords[0].end))]


def _chord_pace(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    chords = findings.chords
    if len(chords) < 4:
        return []
    lengths = sorted(chord.end - chord.start for chord in chords)
    middle = round(lengths[len(lengths) // 2])
    if middle < 1:
        return []
    pace = "second" if middle == 1 else f"{number_word(middle)} seconds"
    return [Clause(choose(dice, phrases.CHANGES, pace=pace), (chords[0].start, chords[min(2, len(chords) - 1)].end))]


def _form(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    sections = findings.facts.sections if findings.facts else ()
    if not 2 <= len(sections) <= MAX_PARTS or sum(section.confidence for section in sections) < MIN_PROBABLE * len(sections):
        return []
    labels = "".join(section.label for section in sections)
    if len(set(labels)) < len(labels) and dice.random() < 0.6:
        text = choose(dice, phrases.RETURNS, parts=counted(len(sections), "part"), plan=labels)
        return [Clause(text, (sections[1].start, sections[1].end))]
    options = phrases.TWO_PARTS if len(sections) == 2 else phrases.MANY_PARTS
    text = choose(dice, options, parts=counted(len(sections), "part"), time=clock_time(sections[1].start))
    return [Clause(text, (sections[1].start, sections[1].end))]


def _clearest(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    for player in _sure_players(findings):
        if player.span and not _is_plural([player]) and player.span[1] - player.span[0] < findings.duration / 2:
            text = choose(dice, phrases.CLEAREST, player=player.name, time=clock_time(player.span[0]))
            return [Clause(text, player.span)]
    return []


def _loudness(findings: ClipFindings, dice: random.Random) -> list[Clause]:
    loudness = findings.facts.loudness if findings.facts else None
    if loudness is None or loudness.integrated_lufs is None:
        return []
    varies = spread(loudness.range_lu) if loudness.range_lu is not None else "moderate"
    options = phrases.LEVELS[level(loudness.integrated_lufs)] if varies != "wide" else ()
    options = options or phrases.SPREADS[varies]
    return [Clause(dice.choice(options), (0.0, findings.duration))] if options else []
