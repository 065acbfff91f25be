"""Templates of the offline captions of music. None claims more than its measurement, and `find_claims` can read each."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.music.decisions import Level, Spread


@dataclass(frozen=True)
class Pace:
    """Adjectives for a tempo; their limits lie within those of `music_vocabulary.TEMPO_WORDS`."""

    below: float
    """Beats per minute."""
    adjectives: tuple[str, ...]


PACES = (
    Pace(60, ("very slow", "slow", "slow-moving")),
    Pace(78, ("slow", "unhurried", "leisurely")),
    Pace(86, ("unhurried", "leisurely", "moderately slow")),
    Pace(104, ("mid-tempo", "moderately paced", "medium-paced")),
    Pace(112, ("moderately paced", "mid-tempo", "medium-tempo")),
    Pace(122, ("lively", "brisk", "moderately fast")),
    Pace(144, ("brisk", "lively", "quick", "up-tempo")),
    Pace(160, ("fast", "brisk", "fast-moving", "quick")),
    Pace(1000, ("very fast", "fast", "rapid")),
)
GENRE_NOUNS: dict[str, tuple[str, ...]] = {
    "classical": ("classical piece", "classical-style piece"),
    "opera": ("operatic piece", "piece of opera"),
    "choral": ("choral piece",),
    "rock": ("rock track", "rock number", "rock piece"),
    "hard rock": ("hard-rock track",),
    "metal": ("metal track", "heavy metal track"),
    "punk": ("punk track", "punk-rock number"),
    "progressive rock": ("progressive rock piece",),
    "alternative": ("alternative track", "alternative piece"),
    "indie": ("indie track", "indie piece"),
    "pop": ("pop tune", "pop track", "pop piece"),
    "electronic": ("electronic track", "electronic piece"),
    "techno": ("techno track",),
    "house": ("house track",),
    "dance": ("dance track", "dance tune"),
    "ambient": ("ambient piece", "ambient track"),
    "new age": ("new-age piece",),
    "experimental": ("experimental piece",),
    "jazz": ("jazz piece", "jazz number", "jazz tune"),
    "blues": ("blues", "blues number", "blues piece"),
    "soul": ("soul track", "soul number"),
    "R&B": ("R&B track",),
    "funk": ("funk track", "funk groove"),
    "hip-hop": ("hip-hop track", "hip-hop beat"),
    "reggae": ("reggae track", "reggae groove"),
    "ska": ("ska tune",),
    "folk": ("folk tune", "folk piece"),
    "country": ("country tune", "country number"),
    "Indian": ("Indian piece",),
    "Latin": ("Latin tune", "Latin piece"),
    "easy listening": ("easy-listening piece", "easy-listening tune"),
}
PLAIN_NOUNS = ("piece", "piece of music")
METRES = {"2/4": ("2/4",), "3/4": ("3/4", "three-four time"), "4/4": ("4/4", "four-four time"), "5/4": ("5/4",), "6/8": ("6/8",)}
MIN_WALTZ_BPM = 90.0
"""Tempo from which a piece in 3/4 is called a waltz. Chosen."""
VOCALS = ("a voice {hedge}sings{when}",)
NO_VOCALS = ("there are {hedge}no vocals", "it is {hedge}instrumental")
LOOPS = (
    "the chords {hedge}repeat {chords}", "the chord progression is {hedge}{chords}", "the chords {hedge}cycle through {chords}",
    "the progression {hedge}repeats {chords}",
)  # fmt: skip
TWO_CHORDS = ("the chords {hedge}alternate between {chords}", "it {hedge}alternates between the chords {chords}")
CHORD_SETS = ("the main chords are {hedge}{chords}", "most of the time the chords are {hedge}{chords}")
ONE_CHORD = ("the harmony {hedge}stays on {chord}", "the chord is {hedge}{chord} almost throughout")
SAME_ENDS = ("it {hedge}begins and ends on the chord {first}", "the first and the last chord are {hedge}{first}")
BOTH_ENDS = (
    "it {hedge}begins on the chord {first} and ends on the chord {last}",
    "the first chord is {hedge}{first}, the last chord {last}",
)
PLAYERS = ("{players} {play}{also}", "it features {players}{also}", "the instruments include {players}{also}")
PLAYERS_ALONE = ("{players} {play} without vocals", "it is an instrumental with {players}", "it features {players} and no vocals")
PLAYERS_AND_SINGER = ("a voice sings over {players}{when}", "a voice sings with {players}{when}")
UNSURE_PLAYERS = ("it {hedge}features {players}", "{hedge}{players}")
CLEAREST = ("the {player} is clearest at {time}", "the {player} is most prominent around {time}")
RETURNS = ("the form is {hedge}{plan}, in {parts}", "it {hedge}has {parts}, in the order {plan}")
TWO_PARTS = ("the second of two parts {hedge}begins at {time}", "a second part {hedge}begins at {time}")
MANY_PARTS = ("it {hedge}has {parts}, the second from {time}", "the second of {hedge}{parts} begins at {time}")
CHANGES = ("the chords {hedge}change about every {pace}", "a new chord {hedge}comes about every {pace}")
LEVELS: dict[Level, tuple[str, ...]] = {
    "loud": ("it is loud", "the recording is loud"),
    "medium": (),
    "quiet": ("it is quiet", "the recording is quiet"),
}
SPREADS: dict[Spread, tuple[str, ...]] = {
    "wide": ("it varies between soft and loud", "the loudness range is wide"),
    "moderate": (),
    "even": ("the level hardly changes", "the loudness stays even"),
}
LENGTHS = ("it lasts {length}", "it runs for {length}")
