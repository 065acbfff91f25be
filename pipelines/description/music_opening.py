"""The first sentence of a music caption: what kind of piece it is, in which key, at which tempo, in which metre."""

from __future__ import annotations

import random

from pipelines.description import music_phrases as phrases
from pipelines.description.caption_sentence import CaptionSentence
from pipelines.description.findings import ClipFindings
from pipelines.description.player_sentences import OPENING_SECONDS, certain_players, is_plural
from pipelines.wording.certainty import MIN_CERTAIN, MIN_PROBABLE, hedge
from pipelines.wording.grammar import listed, sentence, with_article

WALTZ_GENRES = ("classical", "jazz", "folk", "pop")
"""Genres that go before 'waltz'."""
POSSIBLE_GENRE_RATE, WALTZ_RATE = 0.7, 0.7
"""How often a caption names a genre that is only possible, and calls a waltz one."""


def opening_sentence(findings: ClipFindings, rng: random.Random) -> tuple[CaptionSentence, bool]:
    """Return the first sentence, and whether it names the instruments."""
    piece, confidence = _piece(findings, rng)
    setting = _setting(findings, rng, "waltz" in piece)
    players = certain_players(findings)
    names = listed([player.name for player in players])
    piece = f"{hedge(confidence)}{piece}"
    plans = [f"{piece} {setting}", f"this is {piece} {setting}"]
    if players:
        plans += [f"{piece} with {names}, {setting.removeprefix(', ')}".removesuffix(", ")] * 2
    if players and confidence >= MIN_CERTAIN:
        plans += [f"{names} {'play' if is_plural(players) else 'plays'} {piece} {setting}"] * 2
    plan = rng.choice(plans)
    span = findings.first_bars or (0.0, min(findings.duration, OPENING_SECONDS))
    return CaptionSentence(sentence(plan.replace(" ,", ",")), *span), plan not in plans[:2]


def _piece(findings: ClipFindings, rng: random.Random) -> tuple[str, float]:
    """Return a noun phrase such as 'a brisk jazz waltz' from pace, genre and form, and its confidence."""
    genre = next((genre for genre in findings.detections("genre") if genre.name in phrases.GENRE_NOUNS), None)
    if genre is not None and genre.confidence < MIN_PROBABLE and rng.random() >= POSSIBLE_GENRE_RATE:
        genre = None
    noun = rng.choice(phrases.GENRE_NOUNS[genre.name] if genre else phrases.PLAIN_NOUNS)
    confidence = genre.confidence if genre else 1.0
    beats = findings.beats
    if beats is not None and _is_waltz(findings) and rng.random() < WALTZ_RATE:
        is_named = genre is not None and genre.name in WALTZ_GENRES
        noun = f"{genre.name} waltz" if genre is not None and is_named else "waltz"
        confidence = min(confidence, beats.confidence) if is_named else beats.confidence
    return with_article(f"{_pace(findings, rng)} {noun}".strip()), confidence


def _is_waltz(findings: ClipFindings) -> bool:
    beats, tempo = findings.beats, findings.tempo
    is_in_three = beats is not None and beats.metre == "3/4" and beats.confidence >= MIN_PROBABLE
    return is_in_three and tempo is not None and tempo.bpm >= phrases.MIN_WALTZ_BPM


def _pace(findings: ClipFindings, rng: random.Random) -> str:
    """Return an adjective for the tempo; '' where the tempo is not certain, since an adjective carries no hedge."""
    tempo = findings.tempo
    if tempo is None or tempo.confidence < MIN_CERTAIN or len(findings.tempi) > 1:
        return ""
    pace = next(pace for pace in phrases.PACES if tempo.bpm < pace.below)
    return rng.choice(pace.adjectives)


def _setting(findings: ClipFindings, rng: random.Random, is_waltz: bool) -> str:
    """Return key, metre and tempo, what is certain first: 'in G major, probably in 3/4 at 168 BPM'."""
    key, tempo, beats = findings.key, findings.tempo, None if is_waltz else findings.beats
    parts: list[tuple[str, str]] = []
    if key is not None:
        parts.append((hedge(key.confidence), f"in {_spoken_key(key.name)}"))
    if beats is not None and beats.confidence >= MIN_PROBABLE and beats.metre in phrases.METRES:
        parts.append((hedge(beats.confidence), f"in {rng.choice(phrases.METRES[beats.metre])}"))
    if tempo is not None:
        other = f" (or {round(findings.tempi[1])})" if len(findings.tempi) > 1 else ""
        parts.append((hedge(tempo.confidence), f"at {round(tempo.bpm)} BPM{other}"))
    text = ""
    for doubt in dict.fromkeys(sorted((doubt for doubt, _ in parts), key=bool)):
        settings = [setting for own, setting in parts if own == doubt]
        text += f", {doubt}" if doubt else ""
        text += " ".join(settings).replace(" in ", ", in ")
    return text


def _spoken_key(name: str) -> str:
    """Return 'F sharp minor' for 'F# minor'."""
    tonic, mode = name.split(" ")
    return f"{tonic[0]}{ {'#': ' sharp', 'b': ' flat'}.get(tonic[1:], '') } {mode}"
