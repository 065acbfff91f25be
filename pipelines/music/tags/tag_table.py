"""The tags of music, and the tags of the three models that are evidence for each.

MTT: MagnaTagATune's 50 tags; MSD: the Million Song Dataset's 50 Last.fm tags, both in the order of musicnn's outputs (Pons and
Serra 2019); YAMNet: the classes in `audioset_classes.txt`. Each row of the table is one tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TagKind = Literal["genre", "instrument", "mood", "era", "vocals", "other"]
TAG_KINDS: tuple[TagKind, ...] = ("genre", "instrument", "mood", "era", "vocals", "other")

CALIBRATED_KINDS: tuple[TagKind, ...] = ("genre", "instrument")
"""Kinds whose confidences were measured on music of which they are known; tags of the others are guesses."""

# fmt: off
MTT_TAGS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient", "beat",
    "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals", "harpsichord", "loud",
    "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice",
    "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice", "weird", "country", "metal",
    "female voice", "choral",
)
MSD_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "mellow", "electronica", "80s",
    "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "hip-hop", "70s", "party", "country", "easy listening", "sexy", "catchy", "funk", "electro",
    "heavy metal", "progressive rock", "60s", "rnb", "indie pop", "sad", "house", "happy",
)
# fmt: on


@dataclass(frozen=True)
class TableRow:
    """One tag. Of several tags of one model the maximum counts."""

    name: str
    kind: TagKind
    mtt: tuple[str, ...] = ()
    msd: tuple[str, ...] = ()
    yamnet: tuple[str, ...] = ()
    family: str = ""
    """Name of the less specific row, as in AudioSet: a bass guitar is a guitar, and tablas are drums."""
    is_vague: bool = False
    """Whether it is only named if none of its members is confident."""


GENRES = (
    TableRow("Classical", "genre", ("classical", "classic"), (), ("Classical music",)),
    TableRow("Opera", "genre", ("opera",), (), ("Opera",)),
    TableRow("Choral", "genre", ("choral",), (), ("Choir",)),
    TableRow(
        "Rock", "genre", ("rock",), ("rock", "classic rock", "alternative rock", "indie rock"), ("Rock music", "Rock and roll")
    ),
    TableRow("Hard rock", "genre", (), ("hard rock",), (), "Rock"),
    TableRow("Metal", "genre", ("metal",), ("metal", "heavy metal"), ("Heavy metal",), "Rock"),
    TableRow("Punk", "genre", (), ("punk",), ("Punk rock",), "Rock"),
    TableRow("Progressive rock", "genre", (), ("progressive rock",), ("Progressive rock",), "Rock"),
    TableRow("Alternative", "genre", (), ("alternative",)),
    TableRow("Indie", "genre", (), ("indie", "indie pop"), ("Independent music",)),
    TableRow("Pop", "genre", ("pop",), ("pop",), ("Pop music",)),
    TableRow(
        "Electronic", "genre", ("electronic",), ("electronic", "electronica", "electro"), ("Electronic music", "Electronica")
    ),
    TableRow("Techno", "genre", ("techno",), (), ("Techno", "Trance music"), "Electronic"),
    TableRow("House", "genre", (), ("house",), ("House music",), "Electronic"),
    TableRow("Dance", "genre", ("dance",), ("dance",), ("Dance music", "Electronic dance music", "Disco")),
    TableRow("Ambient", "genre", ("ambient",), ("ambient",), ("Ambient music",)),
    TableRow("New age", "genre", ("new age",), (), ("New-age music",)),
    TableRow("Experimental", "genre", (), ("experimental",)),
    TableRow("Jazz", "genre", (), ("jazz",), ("Jazz", "Swing music")),
    TableRow("Blues", "genre", (), ("blues",), ("Blues",)),
    TableRow("Soul", "genre", (), ("soul",), ("Soul music", "Gospel music")),
    TableRow("R&B", "genre", (), ("rnb",), ("Rhythm and blues",)),
    TableRow("Funk", "genre", (), ("funk",), ("Funk",)),
    TableRow("Hip-hop", "genre", (), ("hip-hop",), ("Hip hop music", "Rapping", "Beatboxing")),
    TableRow("Reggae", "genre", (), (), ("Reggae",)),
    TableRow("Ska", "genre", (), (), ("Ska",)),
    TableRow("Folk", "genre", (), ("folk",), ("Folk music",)),
    TableRow("Country", "genre", ("country",), ("country",), ("Country", "Bluegrass")),
    TableRow("Indian", "genre", ("indian",), (), ("Carnatic music", "Music of Bollywood")),
    TableRow("Latin", "genre", (), (), ("Music of Latin America", "Salsa music", "Flamenco")),
    TableRow("Easy listening", "genre", (), ("easy listening",)),
)

INSTRUMENTS = (
    TableRow(
        "Keyboard",
        "instrument",
        ("piano", "harpsichord"),
        (),
        ("Keyboard (musical)", "Piano", "Electric piano", "Harpsichord", "Organ"),
        is_vague=True,
    ),
    TableRow("Piano", "instrument", ("piano",), (), ("Piano",), "Keyboard"),
    TableRow("Electric piano", "instrument", (), (), ("Electric piano",), "Piano"),
    TableRow("Harpsichord", "instrument", ("harpsichord",), (), ("Harpsichord",), "Keyboard"),
    TableRow("Organ", "instrument", (), (), ("Organ", "Electronic organ", "Hammond organ"), "Keyboard"),
    TableRow("Accordion", "instrument", (), (), ("Accordion",)),
    TableRow("Synthesizer", "instrument", ("synth",), (), ("Synthesizer",)),
    TableRow(
        "Plucked strings",
        "instrument",
        ("guitar", "sitar", "harp"),
        ("guitar",),
        ("Plucked string instrument", "Guitar", "Banjo", "Mandolin", "Ukulele", "Sitar", "Harp", "Zither"),
        is_vague=True,
    ),
    TableRow("Guitar", "instrument", ("guitar",), ("guitar",), ("Guitar", "Strum"), "Plucked strings"),
    TableRow("Acoustic guitar", "instrument", (), ("acoustic",), ("Acoustic guitar",), "Guitar"),
    TableRow("Electric guitar", "instrument", (), (), ("Electric guitar",), "Guitar"),
    TableRow("Bass guitar", "instrument", (), (), ("Bass guitar",), "Guitar"),
    TableRow("Banjo", "instrument", (), (), ("Banjo",), "Plucked strings"),
    TableRow("Mandolin", "instrument", (), (), ("Mandolin",), "Plucked strings"),
    TableRow("Ukulele", "instrument", (), (), ("Ukulele",), "Plucked strings"),
    TableRow("Sitar", "instrument", ("sitar",), (), ("Sitar",), "Plucked strings"),
    TableRow("Harp", "instrument", ("harp",), (), ("Harp",), "Plucked strings"),
    TableRow(
        "Strings",
        "instrument",
        ("strings", "violin", "cello"),
        (),
        ("Bowed string instrument", "String section", "Violin, fiddle", "Cello", "Double bass"),
        is_vague=True,
    ),
    TableRow("Violin", "instrument", ("violin",), (), ("Violin, fiddle",), "Strings"),
    TableRow("Cello", "instrument", ("cello",), (), ("Cello",), "Strings"),
    TableRow("Double bass", "instrument", (), (), ("Double bass",), "Strings"),
    TableRow("Orchestra", "instrument", (), (), ("Orchestra",)),
    TableRow(
        "Wind",
        "instrument",
        ("flute",),
        (),
        (
            "Wind instrument, woodwind instrument",
            "Brass instrument",
            "Flute",
            "Clarinet",
            "Saxophone",
            "Trumpet",
            "Trombone",
            "French horn",
        ),
        is_vague=True,
    ),
    TableRow(
        "Woodwind",
        "instrument",
        ("flute",),
        (),
        ("Wind instrument, woodwind instrument", "Flute", "Clarinet", "Saxophone"),
        "Wind",
        is_vague=True,
    ),
    TableRow("Flute", "instrument", ("flute",), (), ("Flute",), "Woodwind"),
    TableRow("Clarinet", "instrument", (), (), ("Clarinet",), "Woodwind"),
    TableRow("Saxophone", "instrument", (), (), ("Saxophone",), "Woodwind"),
    TableRow("Brass", "instrument", (), (), ("Brass instrument", "Trumpet", "Trombone", "French horn"), "Wind", is_vague=True),
    TableRow("Trumpet", "instrument", (), (), ("Trumpet",), "Brass"),
    TableRow("Trombone", "instrument", (), (), ("Trombone",), "Brass"),
    TableRow("French horn", "instrument", (), (), ("French horn",), "Brass"),
    TableRow("Harmonica", "instrument", (), (), ("Harmonica",)),
    TableRow("Bagpipes", "instrument", (), (), ("Bagpipes",)),
    TableRow("Didgeridoo", "instrument", (), (), ("Didgeridoo",)),
    TableRow(
        "Percussion",
        "instrument",
        ("drums",),
        (),
        ("Percussion", "Drum", "Drum kit", "Drum machine", "Snare drum", "Bass drum", "Hi-hat", "Tabla", "Timpani"),
        is_vague=True,
    ),
    TableRow(
        "Drums",
        "instrument",
        ("drums",),
        (),
        ("Drum kit", "Drum machine", "Snare drum", "Bass drum", "Hi-hat"),
        "Percussion",
    ),
    TableRow("Tabla", "instrument", (), (), ("Tabla",), "Drums"),
    TableRow("Timpani", "instrument", (), (), ("Timpani",), "Percussion"),
    TableRow(
        "Mallets",
        "instrument",
        (),
        (),
        ("Mallet percussion", "Marimba, xylophone", "Vibraphone", "Glockenspiel", "Steelpan"),
        "Percussion",
        is_vague=True,
    ),
    TableRow("Marimba", "instrument", (), (), ("Marimba, xylophone",), "Mallets"),
    TableRow("Vibraphone", "instrument", (), (), ("Vibraphone",), "Mallets"),
    TableRow("Glockenspiel", "instrument", (), (), ("Glockenspiel",), "Mallets"),
    TableRow("Steelpan", "instrument", (), (), ("Steelpan",), "Mallets"),
    TableRow("Bells", "instrument", (), (), ("Tubular bells", "Church bell", "Change ringing (campanology)", "Chime")),
    TableRow("Choir", "instrument", ("choir", "choral"), (), ("Choir",)),
)

MOODS = (
    TableRow("Slow", "mood", ("slow",)),
    TableRow("Fast", "mood", ("fast",)),
    TableRow("Quiet", "mood", ("quiet",)),
    TableRow("Soft", "mood", ("soft",)),
    TableRow("Loud", "mood", ("loud",)),
    TableRow("Weird", "mood", ("weird",)),
    TableRow("Beautiful", "mood", (), ("beautiful",)),
    TableRow("Mellow", "mood", (), ("mellow",)),
    TableRow("Chill", "mood", (), ("chillout", "chill")),
    TableRow("Happy", "mood", (), ("happy",), ("Happy music",)),
    TableRow("Sad", "mood", (), ("sad",), ("Sad music",)),
    TableRow("Tender", "mood", (), (), ("Tender music", "Lullaby")),
    TableRow("Exciting", "mood", (), (), ("Exciting music",)),
    TableRow("Angry", "mood", (), (), ("Angry music",)),
    TableRow("Scary", "mood", (), (), ("Scary music",)),
    TableRow("Party", "mood", (), ("party",)),
    TableRow("Catchy", "mood", (), ("catchy",)),
    TableRow("Sexy", "mood", (), ("sexy",)),
)

ERAS = (
    TableRow("1960s", "era", (), ("60s",)),
    TableRow("1970s", "era", (), ("70s",)),
    TableRow("1980s", "era", (), ("80s",)),
    TableRow("1990s", "era", (), ("90s",)),
    TableRow("2000s", "era", (), ("00s",)),
    TableRow("Oldies", "era", (), ("oldies",)),
)

VOCALS = (
    TableRow(
        "Female voice",
        "vocals",
        ("female", "woman", "female vocal", "female voice"),
        ("female vocalists", "female vocalist"),
    ),
    TableRow("Male voice", "vocals", ("male", "man", "male vocal", "male voice"), ("male vocalists",)),
    TableRow("Rap", "vocals", (), (), ("Rapping",)),
    TableRow("Chant", "vocals", (), (), ("Chant", "Mantra")),
)

OTHERS = (
    TableRow("Solo", "other", ("solo",)),
    TableRow("Beat", "other", ("beat", "beats")),
    TableRow("Acoustic", "other", (), ("acoustic",)),
    TableRow("Soundtrack", "other", (), (), ("Soundtrack music", "Theme music")),
    TableRow("Video game music", "other", (), (), ("Video game music",)),
    TableRow("Christmas music", "other", (), (), ("Christmas music",)),
)

TABLE: tuple[TableRow, ...] = (*GENRES, *INSTRUMENTS, *MOODS, *ERAS, *VOCALS, *OTHERS)
