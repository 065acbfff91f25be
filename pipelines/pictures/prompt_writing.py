"""A prompt for a picture, written from what is known of a part of a clip: its sounds, its music, the words that were spoken.

A model with a closed vocabulary gets the one or two of its concepts that the part sounds like, any other model a description as
people write it for Stable Diffusion. The same clip and models give the same words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from models.arrays import FloatArray
from models.errors import InvalidOption, JobStopped, NoModelFits
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import MIN_CUT_SECONDS, AudioClip
from pipelines.music.decisions import MIN_MUSIC_SCORE, has_vocals, is_music
from pipelines.music.music_tagging import MusicTagOptions, tag_music
from pipelines.music.tag_fusion import (
    MusicTag,
    best_tags,
    clip_vocals_prob,
)
from pipelines.music.tag_table import KINDS
from pipelines.pictures.vocabulary import concept_of, phrase_of_class, spoken_concepts
from pipelines.speech.transcription import TranscriptionOptions, find_stored
from pipelines.tagging.audioset import (
    ANIMAL,
    ANIMAL_FAMILIES,
    MUSIC,
    SPEECH,
    ClassTree,
    Tag,
    best_names,
)
from pipelines.tagging.sound_tagging import WORKING_BYTES, ClipTagger
from pipelines.wording.grammar import listed
from pipelines.wording.music_vocabulary import TermKind, term_of_row
from pipelines.wording.sound_phrases import ABOUT_THE_SOUND, sound_phrase

FROM_TAGS, FROM_MUSIC, FROM_WORDS = "tags", "music", "words spoken"
"""What a prompt can be written from."""
MAX_CONCEPTS = 2
"""Pictures of more than two things fail in a small model."""
MAX_SOUNDS = 3
CANDIDATES = 12
WORTH_SHOWING = 0.4
"""Of the first sound's score, from which another one is in the picture too."""
CLEAR = 0.25
"""Score below which only the first sound is."""
SPOKEN = 0.5
"""Score of 'Speech' from which the words belong to the picture."""
PLACES = {
    "Inside, small room": "in a small room",
    "Inside, large room or hall": "in a large hall",
    "Inside, public space": "in a public place",
    "Outside, urban or manmade": "in a city",
    "Outside, rural or natural": "in the open country",
}
MIN_PLACE = 0.2
SPEAKERS = {
    "Male speech, man speaking": "a man",
    "Female speech, woman speaking": "a woman",
    "Child speech, kid speaking": "a child",
}
SINGERS = {"Female voice": "a female singer", "Male voice": "a male singer", "Rap": "a rapper", "Chant": "chanting people"}
UNSEEN_MOODS = ("Fast", "Loud", "Catchy", "Sexy")
"""They say nothing to the eye."""
MAX_MOODS, MAX_INSTRUMENTS = 2, 3
VAGUE = (ANIMAL, *ANIMAL_FAMILIES)
QUOTED_WORDS = 6
TELLING_WORDS = 6
MIN_LETTERS = 4
NO_PHRASE = "a sound such as"
"""How the phrase begins of a class that has none of its own."""
FINISH = "highly detailed, atmospheric light"
UNNAMED = "an abstract picture of sound waves"
UNNAMED_CONCEPT = "musical notes"
"""Where nothing that is heard has a name."""


@dataclass(frozen=True)
class WrittenPrompt:
    """A prompt, and what it was written from."""

    text: str
    sources: tuple[str, ...]
    """Of 'tags', 'music' and 'words spoken', in the order of the text."""


@dataclass(frozen=True)
class _Part:
    """A piece of a prompt."""

    text: str
    source: str


@dataclass(frozen=True, eq=False)
class _Sound:
    """What is known of a part of a clip."""

    scores: FloatArray
    """[classes], 0 to 1, of the classes of `tree`."""
    tree: ClassTree
    spoken: str

    def score(self, name: str) -> float:
        """0 for a class that the model does not have."""
        return float(self.scores[self.tree.index(name)]) if name in self.tree.names else 0.0

    def is_kind(self, tag: Tag, *names: str) -> bool:
        """Whether the tag is one of `names` or a kind of it."""
        return self.tree.index(tag.name) in self.tree.below(*names)

    @property
    def is_spoken(self) -> bool:
        """Whether speech belongs to the picture."""
        return bool(self.spoken) or self.score(SPEECH) >= SPOKEN

    @property
    def is_musical(self) -> bool:
        """Whether it is worth listening for music."""
        return float(self.scores[sorted(self.tree.below(MUSIC))].max()) >= MIN_MUSIC_SCORE

    def tags(self) -> list[Tag]:
        """What can be heard, best first."""
        return [tag for tag in best_names(self.scores, CANDIDATES, tree=self.tree) if tag.name not in ABOUT_THE_SOUND]


def write_prompt(
    clip: AudioClip,
    start: float,
    end: float,
    picture_model: ModelSpec,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> WrittenPrompt:
    """A prompt for the part of `clip` between two times in seconds, in the words that `picture_model` understands.

    The words that were spoken count if a transcript with the usual options was made before; none is made for this.

    Raises:
        InvalidOption: the part is not inside the clip.
        JobStopped: before the prompt was there.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    end = min(end, clip.duration)
    if not 0 <= start <= end - MIN_CUT_SECONDS:
        raise InvalidOption("part", f"{start:.2f} to {end:.2f} s", f"at least {MIN_CUT_SECONDS} s inside the clip")
    choice = runtime.catalog.choose("tag_sounds", working_bytes=WORKING_BYTES)
    listener = ClipTagger(clip, choice, runtime)
    sound = _Sound(listener.segment_scores(start, end), listener.tree, _spoken_words(clip, start, end, runtime.catalog))
    if should_stop():
        raise JobStopped
    if drawing_defaults(picture_model).closed_vocabulary:
        return _joined(_concepts(sound), " and ")
    music = music_between(clip, start, end, runtime, should_stop) if sound.is_musical else ()
    return _joined(_description(sound, music), ", ", FINISH)


def _joined(parts: list[_Part], between: str, ending: str = "") -> WrittenPrompt:
    texts = [*(part.text for part in parts), *([ending] if ending else [])]
    return WrittenPrompt(between.join(texts), tuple(dict.fromkeys(part.source for part in parts)))


def _spoken_words(clip: AudioClip, start: float, end: float, catalog: ModelCatalog) -> str:
    """What is said between two times, as far as it is known."""
    options = TranscriptionOptions()
    try:
        known = find_stored(clip, options, catalog.choose("transcribe", options.model), catalog)
    except NoModelFits:  # then there is no transcript of such a model either
        return ""
    segments = known.segments if known else ()
    return " ".join(segment.text.strip() for segment in segments if segment.start < end and segment.end > start)


# ---- in the words of a closed vocabulary


def _concepts(sound: _Sound) -> list[_Part]:
    """One concept or two; where speech comes first, what is spoken of."""
    tags = sound.tags()
    told = spoken_concepts(sound.spoken)[:MAX_CONCEPTS]
    if told and (not tags or sound.is_kind(tags[0], SPEECH)):
        return [_Part(word, FROM_WORDS) for word in told]
    chosen: dict[str, str] = {}
    for tag in tags:
        phrase = phrase_of_class(tag.name, sound.tree)
        if phrase is not None and (not chosen or tag.score >= max(CLEAR, WORTH_SHOWING * tags[0].score)):
            chosen.setdefault(concept_of()[phrase], phrase)
    phrases = list(chosen.values())[:MAX_CONCEPTS] or [UNNAMED_CONCEPT]
    return [_Part(phrase, FROM_TAGS) for phrase in phrases]


# ---- as people write it


def _description(sound: _Sound, music: tuple[MusicTag, ...]) -> list[_Part]:
    """What is to be seen, part by part: music, who speaks, what else sounds, and where."""
    parts = [*_music_parts(music), *_speech_parts(sound, bool(music)), *_sound_parts(sound, bool(music))]
    place = max(PLACES, key=sound.score)
    if sound.score(place) >= MIN_PLACE and not music:
        parts.append(_Part(PLACES[place], FROM_TAGS))
    return parts or [_Part(UNNAMED, FROM_TAGS)]


def _music_parts(tags: tuple[MusicTag, ...]) -> list[_Part]:
    """'musicians playing slow, mellow jazz music on piano and saxophone', 'a female singer', '1970s'."""
    if not tags:
        return []
    moods = [tag.name.lower() for tag in tags if tag.kind == "mood" and tag.name not in UNSEEN_MOODS]
    genres, instruments = _terms("genre", tags), _terms("instrument", tags)
    what = " ".join([*filter(None, [", ".join(moods[:MAX_MOODS]), *genres[:1]]), "music"])
    playing = f"musicians playing {what}" + (f" on {listed(instruments[:MAX_INSTRUMENTS])}" if instruments else "")
    singers = [SINGERS[tag.name] for tag in tags if tag.kind == "vocals"]
    eras = [tag.name for tag in tags if tag.kind == "era" and tag.name[0].isdigit()]
    return [_Part(text, FROM_MUSIC) for text in (playing, *singers[:1], *eras[:1])]


def _terms(kind: TermKind, tags: tuple[MusicTag, ...]) -> list[str]:
    """As they are written within a sentence."""
    terms = (term_of_row(kind, tag.name) for tag in tags if tag.kind == kind)
    return [term.name for term in terms if term is not None]


def _speech_parts(sound: _Sound, is_music: bool) -> list[_Part]:
    """'a man speaking', 'about ships, storms and the sea'."""
    parts = []
    if sound.score(SPEECH) >= SPOKEN or (sound.spoken and not is_music):
        who = max(SPEAKERS, key=sound.score)
        parts.append(_Part(f"{SPEAKERS[who] if sound.score(who) >= CLEAR else 'a person'} speaking", FROM_TAGS))
    if sound.spoken:
        parts.append(_Part(telling_words(sound.spoken), FROM_WORDS))
    return parts


def _sound_parts(sound: _Sound, is_music: bool) -> list[_Part]:
    """'a barking dog and birdsong'; of kinds of music and speech the other parts tell."""
    told_elsewhere = [SPEECH, *([MUSIC] if is_music else [])]
    tags = [tag for tag in sound.tags() if not sound.is_kind(tag, *told_elsewhere) and tag.name not in VAGUE]
    is_alone = not is_music and not sound.is_spoken
    shown = [
        tag
        for place, tag in enumerate(tags)
        if (is_alone and place == 0) or tag.score >= max(CLEAR, WORTH_SHOWING * tags[0].score)
    ]
    nouns = list(dict.fromkeys(_noun(tag.name, sound.tree) for tag in shown[:MAX_SOUNDS]))
    return [_Part(listed(nouns), FROM_TAGS)] if nouns else []


def _noun(name: str, tree: ClassTree) -> str:
    """'a barking dog'; where the sound is told without who makes it, as in 'chirping', who probably does: 'bird chirping'."""
    noun = sound_phrase(name).noun
    if noun.startswith(NO_PHRASE):
        noun = name.split(",")[0].lower()
    probable = phrase_of_class(name, tree) or ""
    return probable if " " not in noun and " " in probable else noun


def telling_words(text: str) -> str:
    """'about ships, storms and the sea' for long speech, a quotation for a few words."""
    words = re.findall(r"[^\W\d_][\w'’-]*", text)
    if len(words) <= QUOTED_WORDS:
        return f"saying “{text.strip(' .,;:!?“”')}”"
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    lowered = [word.lower() for word in words]
    spelling = dict(zip(lowered, words, strict=True))
    counts = Counter(word for word in lowered if len(word) >= MIN_LETTERS and word not in ENGLISH_STOP_WORDS)
    chosen = sorted(counts, key=lambda word: (-counts[word], -len(word)))[:TELLING_WORDS]
    in_order = [spelling[word] for word in counts if word in chosen]
    return f"about {listed(in_order)}" if in_order else "about this and that"


# ---- music


def music_between(
    clip: AudioClip,
    start: float,
    end: float,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> tuple[MusicTag, ...]:
    """Tags of the music between two times in seconds, by kind and then best first; none if it is no music.

    The models hear the clip from its beginning to `end`; what they heard before is found in the feature store.

    Raises:
        JobStopped: before the music was heard.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    for tags in tag_music(clip, MusicTagOptions(), runtime, should_stop):
        if tags.position >= end:
            break
    if should_stop():
        raise JobStopped
    within = (tags.times + tags.patch_seconds > start) & (tags.times < end)
    musical = within & (tags.music >= MIN_MUSIC_SCORE)
    if not is_music(musical.sum() / max(1, within.sum())):
        return ()
    mean = tags.confidences[musical].mean(axis=0)
    sung = has_vocals(clip_vocals_prob(tags.vocals[within], tags.music[within]))
    kinds = [kind for kind in KINDS if kind != "vocals" or sung]
    return tuple(tag for kind in kinds for tag in best_tags(mean, kind, MusicTagOptions().names))
