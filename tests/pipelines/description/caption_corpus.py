"""Captions as people and large models write them, with the claims in them and what the example findings say to each.

Findings and caption stand in a line, the claims indented below it: 'kind value verdict', with '-' before the value where the
caption denies it. The verdicts are + supported, x contradicted, ? not measured.
"""

from __future__ import annotations

import re

TEXT = """
waltz | A brisk waltz in G major at 132 BPM.
    tempo brisk +; metre 3/4 +; key G major +; tempo 132 BPM +
waltz | This instrumental features a grand piano and a string section in 3/4 time.
    vocals -singing +; instrument piano +; instrument strings +; metre 3/4 +
waltz | A slow jazz ballad with saxophone and brushed drums.
    tempo slow x; genre jazz ?; instrument saxophone x; instrument drums x
waltz | The piece is in E minor and moves at around 66 beats per minute.
    key E minor x; tempo 66 BPM x
waltz | A female vocalist sings an operatic aria over an orchestra.
    vocals female voice x; genre opera x; genre opera x; instrument orchestra x
waltz | No drums, no bass and no vocals, only piano and strings.
    instrument -drums +; instrument -bass guitar +; vocals -singing +; instrument piano +; instrument strings +
waltz | The chords go G–C–D7 over and over.
    chords G–C–D7 +
waltz | A I-IV-V7 progression in G.
    chords I–IV–V7 +
waltz | It alternates between G7 and Cm chords.
    chords G7, Cm x
waltz | A classical composition, played on a violin and a flute, in four-four time.
    genre classical +; instrument violin ?; instrument flute ?; metre 4/4 x
waltz | An upbeat orchestral piece with a lively tempo of 130 BPM.
    tempo upbeat +; genre classical +; tempo lively +; tempo 130 BPM +
waltz | Perhaps a flute is playing.
    instrument flute +
waltz | The music is in a major key with a triple meter feel.
    key major +; metre 3/4 +
waltz | A melancholic song in a minor key.
    key minor x
waltz | The clip features theremin sounds.
    instrument theremin x
waltz | A solo kalimba plays.
    instrument kalimba ?
waltz | The time signature could be 6/8.
    metre 6/8 x
waltz | Without any guitar or voice, the keyboard carries the melody.
    instrument -guitar +; instrument keyboard +
waltz | Played on acoustic guitar, banjo and harmonica, this is a country song.
    instrument acoustic guitar x; instrument banjo x; instrument harmonica x; genre country x
waltz | A medium tempo piece with a Cmaj7 chord.
    tempo medium tempo x; chords Cmaj7 ?
waltz | Allegro, in G.
    tempo allegro +
waltz | The key of G gives it a bright feel.
    key G +
waltz | Baroque harpsichord music.
    genre classical +; instrument harpsichord x
waltz | In G dorian.
    key G dorian ?
waltz | A string quartet plays something that sounds like jazz.
    instrument strings +; genre jazz +
rock | This is an energetic rock song with a male vocalist, electric guitar, bass and drums.
    genre rock +; vocals male voice ?; instrument electric guitar +; instrument bass guitar +; instrument drums +
rock | A heavy metal track with distorted guitars and a fast tempo.
    genre metal ?; instrument electric guitar +; tempo fast +
rock | The song is in C major, at 120 bpm.
    key C major x; tempo 120 BPM +
rock | An instrumental track without vocals.
    vocals -singing x; vocals -singing x
rock | A woman sings softly over acoustic guitar.
    vocals female voice ?; instrument acoustic guitar x
rock | The progression is Am–F–C–G.
    chords Am–F–C–G +
rock | The chord progression Am, G, F, C repeats.
    chords Am–G–F–C x
rock | The harmony uses A minor, F major, C major and G major chords.
    chords Am, F, C, G +
rock | vi-IV-I-V in C major
    chords vi–IV–I–V x; key C major x
rock | A i–VI–III–VII progression in A minor.
    chords i–VI–III–VII +; key A minor +
rock | A fast-paced punk anthem at 240 BPM.
    tempo fast paced +; genre punk ?; tempo 240 BPM x
rock | Slow and moody at 60 BPM.
    tempo slow x; tempo 60 BPM x
rock | Four on the floor kick drum with synth pads.
    metre 4/4 +; instrument drums +; instrument synthesizer ?
rock | Possibly some synths in the background.
    instrument synthesizer +
rock | There are no drums.
    instrument -drums x
rock | The track lacks any piano, and nobody raps.
    instrument -piano +; vocals -rap ?
rock | A male singer and a female singer share the vocals.
    vocals male voice ?; vocals female voice ?; vocals singing +
rock | Somebody is singing in 6/8.
    vocals singing +; metre 6/8 x
rock | A techno track with a drum machine.
    genre techno x; instrument drums +
rock | Hip hop beat with rapping.
    genre hip-hop x; vocals rap ?
rock | The guitar solo is fast, with fast runs.
    instrument guitar +; tempo fast +
rock | It is not in A major but in A minor.
    key -A major +; key A minor +
rock | Gsus4 resolves to G.
    chords Gsus4 ?
rock | Mid-tempo, 100 to 125 BPM.
    tempo mid tempo +; tempo 100–125 BPM +
rock | A choir sings with an organ.
    instrument choir x; vocals singing +; instrument organ x
rock | The low quality recording features a rock song sung by a man, with e-guitar riffs and crash cymbals.
    genre rock +; vocals male voice ?; instrument guitar +; instrument cymbals x
rock | Dub reggae with steel drums.
    genre reggae x; instrument steelpan x
rock | The A section begins with an F chord.
    chords F +
rock | A house on the hill; the audience pops and rocks.
    none
rock | The key of A minor, soft female vocal singing, and no voices.
    key A minor +; vocals female voice ?; vocals -singing x
speaker | A man speaks over soft piano music.
    instrument piano x
speaker | A woman talks about her country and the key to her house.
    none
speaker | A male voice narrates; there is no music and no singing.
    vocals -singing +
speaker | Upbeat music at 120 BPM in C major.
    tempo upbeat ?; tempo 120 BPM ?; key C major ?
speaker | Am I dreaming? A B C are letters.
    none
bird | A blackbird sings over faint traffic; nobody speaks.
    none
bird | A bird chirps while a car horn honks.
    none
bird | Birdsong with gentle flute music.
    instrument flute x
bird | A choir sings.
    instrument choir x; vocals singing x
unknown | A slow waltz in D minor with guitar.
    tempo slow ?; metre 3/4 ?; key D minor ?; instrument guitar ?
unknown | A pop song with male vocals and the chords C, G and Am.
    genre pop ?; vocals male voice ?; chords C, G, Am ?
"""
CORPUS = tuple(
    (name, text, tuple(" ".join(claims.split()).split("; ")) if claims.strip() != "none" else ())
    for name, text, claims in re.findall(r"^(\w+) \| (.+)\n((?:    .+\n)+)", TEXT, re.MULTILINE)
)
"""(Name in `EXAMPLES`, caption, claims)."""
