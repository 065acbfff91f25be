"""The words of the offline captions of music. Each says no more than what was measured, and `claim_finding` can read each."""

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
MOOD_ADJECTIVES = {
    "Beautiful": "beautiful", "Mellow": "mellow", "Chill": "chilled", "Happy": "happy", "Sad": "sad", "Tender": "tender",
    "Exciting": "exciting", "Angry": "angry", "Scary": "eerie", "Catchy": "catchy", "Weird": "odd",
}  # fmt: skip
"""Of the moods; tempo and loudness are measured better than tagged."""
MIN_MOOD = 0.7
METRES = {
    "2/4": ("2/4", "two-four time"),
    "3/4": ("3/4", "three-four time", "waltz time"),
    "4/4": ("4/4", "four-four time", "common time"),
    "5/4": ("5/4", "five-four time"),
    "6/8": ("6/8", "six-eight time"),
}
WALTZ_FROM_BPM = 90.0
SINGERS = {
    "Female voice": ("a woman", "a female voice"),
    "Male voice": ("a man", "a male voice"),
}
NOBODY_SINGS = (
    "nobody sings",
    "there are no vocals",
    "there is no singing",
    "the piece is purely instrumental",
    "it stays instrumental",
)
NOBODY_SEEMS_TO_SING = ("nobody seems to sing", "there are probably no vocals")
LOOPS = (
    "the chords go round {chords}", "the harmony cycles through {chords}", "its chords follow the progression {chords}",
    "{chords} is the progression that keeps coming back", "the harmony keeps returning to the progression {chords}",
    "underneath, the chords circle through {chords}", "the progression {chords} comes round again and again",
)  # fmt: skip
TWO_CHORDS = (
    "the harmony rocks between the chords {chords}", "its chords alternate between {chords}",
    "the chords swing to and fro between {chords}",
)  # fmt: skip
CHORD_SETS = (
    "its main chords are {chords}", "the harmony turns on the chords {chords}", "most of the time the chords are {chords}",
    "the harmony rests on the chords {chords}", "the chords heard longest are {chords}",
)  # fmt: skip
ONE_CHORD = ("the harmony stays on {chord}", "it hardly leaves {chord}", "{chord} holds nearly all the way through")
SAME_ENDS = ("it begins and ends on the chord {first}", "the chord {first} both opens and closes it")
BOTH_ENDS = ("it opens on the chord {first} and closes on the chord {last}", "the first chord is {first}, the last chord {last}")
PLAYERS = ("{players} can be heard", "{players} {play}", "you hear {players}", "the sound comes from {players}")
PLAYERS_ALONE = (
    "{players} {play} without vocals", "{players} can be heard, but no singing", "you hear {players} and no vocals",
    "it is an instrumental for {players}", "{players} {play} and nobody sings",
)  # fmt: skip
PLAYERS_AND_SINGER = (
    "{who} sings over {players}{when}", "over {players}, {who} sings{when}", "{players} {accompany} {who}, who sings{when}",
)  # fmt: skip
UNSURE_PLAYERS = ("{players} may be playing", "it sounds like {players}", "there may be {players} in it")
UNSURE_PLAYER = (*UNSURE_PLAYERS, "what plays is perhaps {players}", "{players} seems to play")
CLEAREST = (
    "the {player} comes out most clearly at {time}", "the {player} is at its clearest around {time}",
    "around {time} the {player} stands out most",
)  # fmt: skip
RETURNS = (
    "its {parts} follow the plan {plan}", "the form, in {parts}, runs {plan}", "it is laid out in {parts} as {plan}",
    "the {parts} come in the order {plan}",
)  # fmt: skip
TWO_PARTS = (
    "a second part begins at {time}", "the first of its two parts ends at {time}", "the music turns to something else at {time}",
    "at {time} a second part takes over",
)  # fmt: skip
MANY_PARTS = (
    "it falls into {parts}, the second of them from {time}", "the second of its {parts} begins at {time}",
    "it moves through {parts}, the first until {time}", "of its {parts}, the first gives way at {time}",
)  # fmt: skip
CHANGES = ("the chords change every {pace} or so", "a new chord comes about every {pace}")
LEVELS: dict[Level, tuple[str, ...]] = {
    "loud": ("it is loud", "the level is high"),
    "medium": (),
    "quiet": ("it is quiet", "the level is low"),
}
SPREADS: dict[Spread, tuple[str, ...]] = {
    "wide": ("it varies between soft and loud", "the loudness range is wide"),
    "moderate": (),
    "even": ("the level hardly changes", "the loudness stays even"),
}
LENGTHS = ("it lasts {length}", "the whole takes {length}", "it runs for {length}", "all of it fits into {length}")
