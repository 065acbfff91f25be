"""Words for tempi, metres, instruments and genres, and the tags and classes that each stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

TermKind = Literal["instrument", "genre"]


@dataclass(frozen=True)
class TempoWord:
    """A word for a tempo, and the range that it fits."""

    word: str
    """Regular expression in lower case."""
    slowest: float
    """Beats per minute."""
    fastest: float


TEMPO_WORDS = (
    TempoWord("very slow", 0, 70),
    TempoWord("slow|slowly|slow-moving|slow-paced|slow-tempo|slower", 0, 88),
    TempoWord("unhurried|leisurely|relaxed tempo|relaxed pace|laid-back tempo|laid-back pace", 0, 104),
    TempoWord("downtempo|down-tempo", 0, 104),
    TempoWord("moderately slow", 60, 100),
    TempoWord("moderately fast", 104, 148),
    TempoWord("moderate|moderately paced|moderate-paced|mid-tempo|midtempo|mid tempo|medium tempo|medium-tempo", 76, 128),
    TempoWord("medium pace|medium paced|medium-paced|walking pace|even-paced", 76, 128),
    TempoWord("lively|brisk|briskly|quick|spirited tempo", 104, 400),
    TempoWord("up-tempo|uptempo|up tempo|upbeat|energetic tempo|high tempo", 104, 400),
    TempoWord("fast|fast-paced|fast-moving|fast-tempo|rapid|high-speed|faster", 116, 400),
    TempoWord("very fast|breakneck|frantic|furious tempo|frenetic", 144, 400),
    TempoWord("larghissimo", 0, 48),
    TempoWord("largo|larghetto|lento", 36, 70),
    TempoWord("adagio", 50, 84),
    TempoWord("andante|andantino", 70, 112),
    TempoWord("moderato", 84, 128),
    TempoWord("allegretto", 96, 132),
    TempoWord("allegro", 104, 176),
    TempoWord("vivace|vivo", 132, 200),
    TempoWord("presto|prestissimo", 156, 400),
)
"""Tempo words with ranges; neighbours overlap, since listeners disagree near the limits."""

METRE_WORDS = {
    "3/4": ("waltz", "waltzes", "waltz time", "waltz rhythm", "waltz feel", "three-four", "three-quarter time", "triple metre",
            "triple meter", "triple time"),
    "4/4": ("four-four", "common time", "four on the floor", "four-to-the-floor", "four-on-the-floor", "quadruple metre",
            "quadruple meter", "quadruple time"),
    "2/4": ("two-four", "duple metre", "duple meter", "duple time"),
    "6/8": ("six-eight", "compound duple"),
    "5/4": ("five-four", "quintuple metre", "quintuple meter"),
    "2/2": ("cut time", "alla breve"),
    "7/8": ("seven-eight",),
    "12/8": ("twelve-eight",),
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """An instrument or a genre: its words, and its tags and classes."""

    name: str
    kind: TermKind
    words: tuple[str, ...]
    """Regular expressions in lower case; a blank also matches a hyphen, and a plural is found too."""
    rows: tuple[str, ...] = ()
    """Names in `pipelines.music.tags.tag_table.TABLE`."""
    classes: tuple[str, ...] = ()
    """AudioSet classes."""
    broader: str = ""
    """Name of the broader term; '' where there is none."""


def _instrument(name: str, words: str, rows: str = "", classes: str = "", broader: str = "") -> Term:
    return Term(name, "instrument", _split(words), _split(rows), _split(classes), broader)


def _genre(name: str, words: str, rows: str = "", classes: str = "", broader: str = "") -> Term:
    return Term(name, "genre", _split(words), _split(rows), _split(classes), broader)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


NOUNS = r"(?= (?:music|song|track|tune|piece|ballad|number|band|beat|groove|anthem|style|sound|singer|vibe|feel|jam))"
"""Nouns after which a word with other meanings is a genre."""

INSTRUMENTS = (
    _instrument("keyboard", "keyboards?;keys(?= play)", "Keyboard", "Keyboard (musical)"),
    _instrument("piano", "grand piano;upright piano;pianos?;pianist", "Piano", "Piano", "keyboard"),
    _instrument("electric piano", "electric piano;rhodes;wurlitzer;e piano", "Electric piano", "Electric piano", "piano"),
    _instrument("harpsichord", "harpsichord", "Harpsichord", "Harpsichord", "keyboard"),
    _instrument("clavichord", "clavichord", broader="keyboard"),
    _instrument("organ", "church organ;pipe organ;hammond organ;organs?(?! music box)", "Organ", "Organ", "keyboard"),
    _instrument("accordion", "accordions?;concertina", "Accordion", "Accordion"),
    _instrument(
        "synthesizer", "synthesi[sz]er;synth pads?;synth lead;synth bass;synths?", "Synthesizer", "Synthesizer", "keyboard"
    ),
    _instrument("plucked strings", "plucked strings?(?: instruments?)?", "Plucked strings", "Plucked string instrument"),
    _instrument("guitar", "guitars?;guitarist;guitar riffs?;guitar solo", "Guitar", "Guitar", "plucked strings"),
    _instrument(
        "acoustic guitar", "acoustic guitar;classical guitar;nylon guitar;nylon string guitar;spanish guitar",
        "Acoustic guitar", "Acoustic guitar", "guitar",
    ),
    _instrument(
        "electric guitar", "electric guitar;distorted guitar;overdriven guitar;lead guitar;distortion guitar",
        "Electric guitar", "Electric guitar", "guitar",
    ),
    _instrument("slide guitar", "slide guitar;steel guitar;lap steel;pedal steel", "", "Steel guitar, slide guitar", "guitar"),
    _instrument(
        "bass guitar",
        "bass guitar;electric bass;bass ?line;(?:slap|fretless) bass;bassist;bass(?! drum| clarinet| trombone| voice| note)",
        "Bass guitar", "Bass guitar", "guitar",
    ),
    _instrument("banjo", "banjos?", "Banjo", "Banjo", "plucked strings"),
    _instrument("mandolin", "mandolins?", "Mandolin", "Mandolin", "plucked strings"),
    _instrument("ukulele", "ukuleles?", "Ukulele", "Ukulele", "plucked strings"),
    _instrument("sitar", "sitars?", "Sitar", "Sitar", "plucked strings"),
    _instrument("zither", "zithers?;koto;guzheng;kantele", classes="Zither"),
    _instrument("harp", "harps?;harpist", "Harp", "Harp", "plucked strings"),
    _instrument(
        "strings", "strings;string section;string ensemble;string orchestra;string quartet;bowed strings?", "Strings",
        "Bowed string instrument;String section",
    ),
    _instrument("violin", "violins?;fiddles?;violinist", "Violin", "Violin, fiddle", "strings"),
    _instrument("viola", "violas?", broader="strings"),
    _instrument("cello", "cellos?;cellist", "Cello", "Cello", "strings"),
    _instrument("double bass", "double bass;upright bass;contrabass;acoustic bass", "Double bass", "Double bass", "strings"),
    _instrument("orchestra", "orchestras?;orchestration;symphony orchestra", "Orchestra", "Orchestra"),
    _instrument("wind instruments", "wind instruments?;winds(?= play| section)", "Wind"),
    _instrument("woodwinds", "woodwinds?", "Woodwind", "Wind instrument, woodwind instrument", "wind instruments"),
    _instrument("flute", "flutes?;flautist;flutist", "Flute", "Flute", "woodwinds"),
    _instrument("recorder", "recorder(?= melody| plays| and)", broader="woodwinds"),
    _instrument("pan flute", "pan flute;panpipes?", broader="flute"),
    _instrument("clarinet", "clarinets?", "Clarinet", "Clarinet", "woodwinds"),
    _instrument("oboe", "oboes?", broader="woodwinds"),
    _instrument("bassoon", "bassoons?", broader="woodwinds"),
    _instrument(
        "saxophone", "tenor sax;alto sax;saxophones?;saxophonist;saxes;sax", "Saxophone", "Saxophone", "woodwinds"
    ),
    _instrument(
        "brass", "brass section;brass band;brass instruments?;brass;horn section;horns", "Brass", "Brass instrument",
        "wind instruments",
    ),
    _instrument("trumpet", "trumpets?;trumpeter;cornet;flugelhorn", "Trumpet", "Trumpet", "brass"),
    _instrument("trombone", "trombones?", "Trombone", "Trombone", "brass"),
    _instrument("French horn", "french horns?", "French horn", "French horn", "brass"),
    _instrument("tuba", "tubas?", broader="brass"),
    _instrument("harmonica", "harmonicas?;mouth organ;blues harp", "Harmonica", "Harmonica"),
    _instrument("bagpipes", "bagpipes?", "Bagpipes", "Bagpipes"),
    _instrument("didgeridoo", "didgeridoos?", "Didgeridoo", "Didgeridoo"),
    _instrument("percussion", "percussion;percussive elements;percussion instruments?", "Percussion", "Percussion"),
    _instrument(
        "drums", "acoustic drums;electronic drums;drum kit;drum set;drum machine;drum beat;drumbeat;drums?;drummer;drumming;"
        "kick drum;snare drum;snares?;hi hats?;bass drum;tom toms?",
        "Drums", "Drum kit;Drum machine;Drum", "percussion",
    ),
    _instrument("cymbals", "cymbals?", "", "Cymbal", "percussion"),
    _instrument("tambourine", "tambourines?", "", "Tambourine", "percussion"),
    _instrument("bongos", "bongos?;congas?;djembe", "", "", "percussion"),
    _instrument("shaker", "shakers?;maracas?", "", "Maraca", "percussion"),
    _instrument("tabla", "tablas?", "Tabla", "Tabla", "drums"),
    _instrument("timpani", "timpani;kettle ?drums?", "Timpani", "Timpani", "percussion"),
    _instrument("gong", "gongs?", "", "Gong", "percussion"),
    _instrument("mallet percussion", "mallet percussion;mallets?(?= instrument)", "Mallets", "Mallet percussion", "percussion"),
    _instrument("marimba", "marimbas?;xylophones?", "Marimba", "Marimba, xylophone", "mallet percussion"),
    _instrument("vibraphone", "vibraphones?;vibes(?= solo| player)", "Vibraphone", "Vibraphone", "mallet percussion"),
    _instrument("glockenspiel", "glockenspiels?", "Glockenspiel", "Glockenspiel", "mallet percussion"),
    _instrument("steelpan", "steel ?pans?;steel drums?", "Steelpan", "Steelpan", "mallet percussion"),
    _instrument(
        "bells", "tubular bells?;church bells?;chimes;sleigh bells?;bells", "Bells", "Church bell;Chime;Tubular bells;Bell"
    ),
    _instrument("choir", "choirs?;chorus of voices;choral voices", "Choir", "Choir"),
    _instrument("theremin", "theremins?", "", "Theremin"),
    _instrument("kalimba", "kalimba;mbira;thumb piano"),
    _instrument("lute", "lutes?;ouds?;balalaika;bouzouki;charango;erhu;shamisen;pipa"),
    _instrument("music box", "music box"),
)  # fmt: skip

GENRES = (
    _genre("classical", "classical(?! guitar);orchestral;symphonic;baroque;chamber music", "Classical", "Classical music"),
    _genre("romantic era", "romantic period;romantic era", broader="classical"),
    _genre("opera", "opera;operatic;aria", "Opera", "Opera"),
    _genre("choral", "choral(?! voices)", "Choral", "Choir"),
    _genre("rock", "classic rock;soft rock;rock and roll;rock n roll;rock'n'roll;rock", "Rock", "Rock music"),
    _genre("hard rock", "hard rock", "Hard rock", "", "rock"),
    _genre("metal", "(?:heavy|death|black|thrash|doom|nu) metal;metal" + NOUNS + ";metalcore", "Metal", "Heavy metal", "rock"),
    _genre("punk", "punk rock;punk;hardcore punk", "Punk", "Punk rock", "rock"),
    _genre("progressive rock", "progressive rock;prog rock;prog", "Progressive rock", "Progressive rock", "rock"),
    _genre("grunge", "grunge", "", "Grunge", "rock"),
    _genre("psychedelic rock", "psychedelic rock;psychedelic", "", "Psychedelic rock", "rock"),
    _genre("rockabilly", "rockabilly;surf rock;garage rock;post rock;shoegaze", broader="rock"),
    _genre("alternative", "alternative rock;alternative" + NOUNS + ";alt rock", "Alternative"),
    _genre("indie", "indie rock;indie pop;indie folk;indie", "Indie", "Independent music"),
    _genre("pop", "pop rock;pop ballad;pop", "Pop", "Pop music"),
    _genre("synth-pop", "synth ?pop;electro ?pop;dance pop;k pop;j pop;teen pop", broader="pop"),
    _genre(
        "electronic", "electronic(?! drums?| organ| sounds?| piano);electronica;electro;edm", "Electronic", "Electronic music"
    ),
    _genre("techno", "techno;trance" + NOUNS + ";psytrance", "Techno", "Techno;Trance music", "electronic"),
    _genre("house", "house" + NOUNS + ";(?:deep|tech|acid|progressive|electro) house", "House", "House music", "electronic"),
    _genre("drum and bass", "drum and bass;drum n bass;drum'n'bass;jungle" + NOUNS, "", "Drum and bass", "electronic"),
    _genre("dubstep", "dubstep", "", "Dubstep", "electronic"),
    _genre("synthwave", "synthwave;chiptune;8 bit;vaporwave;idm;trip hop;lo fi hip hop", broader="electronic"),
    _genre("dance", "dance" + NOUNS + ";disco;nu disco;eurodance", "Dance", "Dance music;Disco;Electronic dance music"),
    _genre("ambient", "ambient(?! (?:noise|sounds?|room|background))", "Ambient", "Ambient music"),
    _genre("new age", "new age", "New age", "New-age music"),
    _genre("experimental", "experimental;avant garde", "Experimental"),
    _genre("jazz", "jazz;jazzy;swing" + NOUNS + ";big band", "Jazz", "Jazz;Swing music"),
    _genre("bebop", "bebop;bossa nova;smooth jazz;dixieland;gypsy jazz;free jazz;ragtime", broader="jazz"),
    _genre("blues", "blues;bluesy;twelve bar blues;12 bar blues;blues rock", "Blues", "Blues"),
    _genre("soul", "soul" + NOUNS + ";soul music;motown;neo soul;gospel", "Soul", "Soul music;Gospel music"),
    _genre("R&B", "r&b;rnb;rhythm and blues", "R&B", "Rhythm and blues"),
    _genre("funk", "funk;funky", "Funk", "Funk"),
    _genre("hip-hop", "hip hop;rap" + NOUNS + ";boom bap;rap music", "Hip-hop", "Hip hop music"),
    _genre("trap", "trap" + NOUNS + ";drill" + NOUNS, broader="hip-hop"),
    _genre("reggae", "reggae;roots reggae", "Reggae", "Reggae"),
    _genre("dub", "dub" + NOUNS + ";dancehall;reggaeton", broader="reggae"),
    _genre("ska", "ska", "Ska", "Ska"),
    _genre("folk", "folk rock;folk;folky", "Folk", "Folk music"),
    _genre("celtic", "celtic;irish jig;irish folk", broader="folk"),
    _genre("country", "country" + NOUNS + ";country rock;country music;bluegrass;country and western", "Country", "Country"),
    _genre("Indian", "indian classical;indian" + NOUNS + ";bollywood;carnatic;raga", "Indian", "Music of Asia"),
    _genre("Latin", "latin" + NOUNS + ";latin;salsa;flamenco;tango;cumbia;mariachi", "Latin", "Music of Latin America"),
    _genre("easy listening", "easy listening;lounge music", "Easy listening"),
    _genre("afrobeat", "afro ?beats?", "", "Afrobeat"),
    _genre("Middle Eastern", "middle eastern;arabic music", "", "Middle Eastern music"),
    _genre("soundtrack", "soundtrack;film score;movie score;theme music", "Soundtrack", "Soundtrack music;Theme music"),
    _genre("Christmas music", "christmas (?:music|song|carol)", "Christmas music", "Christmas music"),
    _genre("lullaby", "lullaby;lullabies", "", "Lullaby"),
    _genre("video game music", "video game music;game music", "Video game music", "Video game music"),
)  # fmt: skip

TERMS = (*INSTRUMENTS, *GENRES)


@cache
def terms_by_name() -> dict[tuple[TermKind, str], Term]:
    """Return each term by its kind and name."""
    return {(term.kind, term.name): term for term in TERMS}


@cache
def narrower(kind: TermKind, name: str) -> tuple[Term, ...]:
    """Return the term itself and all narrower terms."""
    own = terms_by_name()[kind, name]
    return (own, *(more for term in TERMS if term.kind == kind and term.broader == name for more in narrower(kind, term.name)))


@cache
def term_of_row(kind: TermKind, row: str) -> Term | None:
    """Return the term for a tag of `pipelines.music.tags.tag_table`."""
    return next((term for term in TERMS if term.kind == kind and row in term.rows), None)


@cache
def term_of_class(name: str) -> Term | None:
    """Return the instrument for an AudioSet class."""
    return next((term for term in INSTRUMENTS if name in term.classes), None)
