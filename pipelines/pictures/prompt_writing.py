"""Prompts for pictures, written from the sound tags, the music tags and the transcript of a segment of a clip.

A model with a closed vocabulary gets the one or two of its concepts that fit the segment best, any other model a description in
the style of Stable Diffusion prompts. The same clip and models give the same prompt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from models.arrays import FloatArray
from models.errors import InvalidOption, JobStopped
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.image import drawing_defaults
from models.specs.model_spec import ModelSpec
from models.stopping import never_stop
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_store import MIN_CUT_SECONDS
from pipelines.jobs.cluster_jobs import in_cluster
from pipelines.jobs.result import Result
from pipelines.music.decisions import MIN_MUSIC_SCORE, MIN_RELATIVE_SOUND_SCORE, MIN_SPEECH_SCORE, has_vocals, is_music
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTag, MusicTagOptions, best_tags, clip_confidences
from pipelines.music.tags.tag_table import TAG_KINDS
from pipelines.music.tags.vocal_evidence import clip_vocals_prob
from pipelines.pictures.vocabulary import class_phrase, concept_by_word, mentioned_concepts
from pipelines.speech.transcript import TranscriptionOptions
from pipelines.speech.transcription import find_stored
from pipelines.tagging.audioset import (
    GENERIC_ANIMALS,
    MUSIC,
    SPEECH,
    ClassTree,
    Tag,
    best_names,
)
from pipelines.tagging.sound_tagging import WORKING_BYTES, ClipTagger
from pipelines.wording.grammar import listed
from pipelines.wording.music_vocabulary import TermKind, term_of_row
from pipelines.wording.sound_phrases import ABOUT_THE_SOUND, SPEAKERS, sound_phrase

FROM_TAGS, FROM_MUSIC, FROM_TRANSCRIPT = "tags", "music", "transcript"
"""Sources of a prompt."""
MAX_CONCEPTS = 2
"""Concepts of a closed vocabulary in one prompt: a small model fails to draw more than two."""
MAX_SOUNDS = 3
MAX_TAGS = 12
"""Best sound tags that are considered."""
MIN_SCORE = 0.25
"""Smallest score of a further sound."""
PLACES = {
    "Inside, small room": "in a small room",
    "Inside, large room or hall": "in a large hall",
    "Inside, public space": "in a public place",
    "Outside, urban or manmade": "in a city",
    "Outside, rural or natural": "in the open country",
}
MIN_PLACE_SCORE = 0.2
SINGERS = {"Female voice": "a female singer", "Male voice": "a male singer", "Rap": "a rapper", "Chant": "chanting people"}
NON_VISUAL_MOODS = ("Fast", "Loud", "Catchy", "Sexy")
MAX_MOODS, MAX_INSTRUMENTS = 2, 3
MAX_QUOTED_WORDS = 6
"""Speech of at most so many words is quoted; longer speech is reduced to keywords."""
MAX_KEYWORDS = 6
MIN_KEYWORD_LETTERS = 4
GENERIC_PHRASE = "a sound such as"
"""Start of the phrase for a class that has none of its own."""
QUALITY_SUFFIX = "highly detailed, atmospheric light"
FALLBACK_PROMPT = "an abstract picture of sound waves"
FALLBACK_CONCEPT = "musical notes"
"""Prompts where no sound of the segment has a phrase."""


@dataclass(frozen=True)
class WrittenPrompt(Result):
    """A prompt and its sources."""

    text: str
    sources: tuple[str, ...]
    """Some of 'tags', 'music' and 'transcript', in the order of the text."""


@dataclass(frozen=True)
class _Part:
    """A piece of a prompt."""

    text: str
    source: str


@dataclass(frozen=True, eq=False)
class _SegmentFacts:
    """Sound tags and transcript of a segment."""

    scores: FloatArray
    """[classes], 0 to 1: mean scores of the classes of `tree`."""
    tree: ClassTree
    transcript: str

    def score(self, name: str) -> float:
        """Return the score of a class; 0 for one that the model does not have."""
        return float(self.scores[self.tree.index(name)]) if name in self.tree.names else 0.0

    def is_kind(self, tag: Tag, *names: str) -> bool:
        """Return whether the tag is one of `names` or below one of them in the class tree."""
        return self.tree.index(tag.name) in self.tree.below(*names)

    @property
    def has_speech(self) -> bool:
        """Whether a speaker is in the picture."""
        return bool(self.transcript) or self.score(SPEECH) >= MIN_SPEECH_SCORE

    @property
    def is_musical(self) -> bool:
        """Whether the music taggers are worth running."""
        return self.music_score >= MIN_MUSIC_SCORE

    @property
    def music_score(self) -> float:
        """Highest score of any class of music, 0 to 1."""
        return float(self.scores[sorted(self.tree.below(MUSIC))].max())

    def tags(self) -> list[Tag]:
        """Return the best sound tags, best first."""
        return [tag for tag in best_names(self.scores, MAX_TAGS, tree=self.tree) if tag.name not in ABOUT_THE_SOUND]


@in_cluster("pictures")
def write_prompt(
    clip: AudioClip,
    start: float,
    end: float,
    picture_model: ModelSpec,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> WrittenPrompt:
    """Write a prompt for the segment from `start` to `end` seconds of `clip`, in the vocabulary of `picture_model`.

    A transcript is used if one with the default options was made before; none is made for this.

    Raises:
        InvalidOption: the segment is not inside the clip.
        JobStopped: `should_stop` said so before the prompt was finished.
        ModelError: a model cannot be had; see `ModelCache.lease`.
    """
    end = min(end, clip.duration)
    if not 0 <= start <= end - MIN_CUT_SECONDS:
        raise InvalidOption("segment", f"{start:.2f} to {end:.2f} s", f"at least {MIN_CUT_SECONDS} s inside the clip")
    choice = runtime.catalog.choose("tag_sounds", working_bytes=WORKING_BYTES)
    tagger = ClipTagger(clip, choice, runtime)
    transcript = _transcript(clip, start, end, runtime.catalog)
    facts = _SegmentFacts(tagger.segment_scores(start, end), tagger.tree, transcript)
    if should_stop():
        raise JobStopped
    if drawing_defaults(picture_model).closed_vocabulary:
        return _joined(_concepts(facts), " and ")
    music = music_tags_between(clip, start, end, runtime, should_stop) if facts.is_musical else ()
    return _joined(_description(facts, music), ", ", QUALITY_SUFFIX)


def _joined(parts: list[_Part], separator: str, suffix: str = "") -> WrittenPrompt:
    texts = [*(part.text for part in parts), *([suffix] if suffix else [])]
    return WrittenPrompt(separator.join(texts), tuple(dict.fromkeys(part.source for part in parts)))


def _transcript(clip: AudioClip, start: float, end: float, catalog: ModelCatalog) -> str:
    """Return the stored transcript between two times in seconds; empty if there is none."""
    known = find_stored(clip, TranscriptionOptions(), catalog)
    segments = known.segments if known else ()
    return " ".join(segment.text.strip() for segment in segments if segment.start < end and segment.end > start)


# ---- a closed vocabulary


def _concepts(facts: _SegmentFacts) -> list[_Part]:
    """Return one or two concepts; where speech is the first sound, those that it mentions."""
    tags = facts.tags()
    mentioned = mentioned_concepts(facts.transcript)[:MAX_CONCEPTS]
    if mentioned and (not tags or facts.is_kind(tags[0], SPEECH)):
        return [_Part(word, FROM_TRANSCRIPT) for word in mentioned]
    return [_Part(phrase, FROM_TAGS) for phrase in concept_phrases(tags, facts.music_score, facts.tree)]


def concept_phrases(tags: list[Tag], music_score: float, tree: ClassTree) -> list[str]:
    """Return the phrases of one or two concepts.

    In music, a tag that is not of music and far fainter is a mistake, as a car horn is in a soft piano: musical notes are drawn.

    Args:
        tags: the best ones, best first.
        music_score: highest score of any class of music, 0 to 1.
        tree: the classes of the tags.
    """
    music = tree.below(MUSIC)
    least = MIN_RELATIVE_SOUND_SCORE * music_score if music_score >= MIN_MUSIC_SCORE else 0.0
    chosen: dict[str, str] = {}
    for tag in tags:
        phrase = class_phrase(tag.name, tree)
        if phrase is None or (tag.score < least and tree.index(tag.name) not in music):
            continue
        if not chosen or tag.score >= max(MIN_SCORE, MIN_RELATIVE_SOUND_SCORE * tags[0].score):
            chosen.setdefault(concept_by_word()[phrase], phrase)
    return list(chosen.values())[:MAX_CONCEPTS] or [FALLBACK_CONCEPT]


# ---- an open vocabulary


def _description(facts: _SegmentFacts, music: tuple[MusicTag, ...]) -> list[_Part]:
    """Describe the scene: the music, the speaker, the other sounds, the place."""
    parts = [*_music_parts(music), *_speech_parts(facts, bool(music)), *_sound_parts(facts, bool(music))]
    place = max(PLACES, key=facts.score)
    if facts.score(place) >= MIN_PLACE_SCORE and not music:
        parts.append(_Part(PLACES[place], FROM_TAGS))
    return parts or [_Part(FALLBACK_PROMPT, FROM_TAGS)]


def _music_parts(tags: tuple[MusicTag, ...]) -> list[_Part]:
    """Return the parts for music, such as 'musicians playing slow jazz music on piano', 'a female singer', '1970s'."""
    if not tags:
        return []
    moods = [tag.name.lower() for tag in tags if tag.kind == "mood" and tag.name not in NON_VISUAL_MOODS]
    genres, instruments = _terms("genre", tags), _terms("instrument", tags)
    what = " ".join([*filter(None, [", ".join(moods[:MAX_MOODS]), *genres[:1]]), "music"])
    playing = f"musicians playing {what}" + (f" on {listed(instruments[:MAX_INSTRUMENTS])}" if instruments else "")
    singers = [SINGERS[tag.name] for tag in tags if tag.kind == "vocals"]
    eras = [tag.name for tag in tags if tag.kind == "era" and tag.name[0].isdigit()]
    return [_Part(text, FROM_MUSIC) for text in (playing, *singers[:1], *eras[:1])]


def _terms(kind: TermKind, tags: tuple[MusicTag, ...]) -> list[str]:
    """Return the tags of one kind as they are written within a sentence."""
    terms = (term_of_row(kind, tag.name) for tag in tags if tag.kind == kind)
    return [term.name for term in terms if term is not None]


def _speech_parts(facts: _SegmentFacts, is_music: bool) -> list[_Part]:
    """Return the parts for speech, such as 'a man speaking', 'about ships, storms and the sea'."""
    parts = []
    if facts.score(SPEECH) >= MIN_SPEECH_SCORE or (facts.transcript and not is_music):
        who = max(SPEAKERS, key=facts.score)
        parts.append(_Part(f"{SPEAKERS[who] if facts.score(who) >= MIN_SCORE else 'a person'} speaking", FROM_TAGS))
    if facts.transcript:
        parts.append(_Part(speech_phrase(facts.transcript), FROM_TRANSCRIPT))
    return parts


def _sound_parts(facts: _SegmentFacts, is_music: bool) -> list[_Part]:
    """Return the part for sounds, such as 'a barking dog and birdsong'; kinds of music and speech are left to the other parts."""
    covered = [SPEECH, *([MUSIC] if is_music else [])]
    tags = [tag for tag in facts.tags() if not facts.is_kind(tag, *covered) and tag.name not in GENERIC_ANIMALS]
    is_alone = not is_music and not facts.has_speech
    shown = [
        tag
        for place, tag in enumerate(tags)
        if (is_alone and place == 0) or tag.score >= max(MIN_SCORE, MIN_RELATIVE_SOUND_SCORE * tags[0].score)
    ]
    nouns = list(dict.fromkeys(_noun(tag.name, facts.tree) for tag in shown[:MAX_SOUNDS]))
    return [_Part(listed(nouns), FROM_TAGS)] if nouns else []


def _noun(name: str, tree: ClassTree) -> str:
    """Return a noun phrase: 'a barking dog'. A sound without a source, as in 'chirping', gets a probable one: 'bird chirping'."""
    noun = sound_phrase(name)
    if noun.startswith(GENERIC_PHRASE):
        noun = name.split(",")[0].lower()
    probable = class_phrase(name, tree) or ""
    return probable if " " not in noun and " " in probable else noun


def speech_phrase(text: str) -> str:
    """Return keywords, 'about ships, storms and the sea', or for a few words a quotation."""
    words = re.findall(r"[^\W\d_][\w'’-]*", text)
    if len(words) <= MAX_QUOTED_WORDS:
        return f"saying “{text.strip(' .,;:!?“”')}”"
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    lowered = [word.lower() for word in words]
    spelling = dict(zip(lowered, words, strict=True))
    counts = Counter(word for word in lowered if len(word) >= MIN_KEYWORD_LETTERS and word not in ENGLISH_STOP_WORDS)
    chosen = sorted(counts, key=lambda word: (-counts[word], -len(word)))[:MAX_KEYWORDS]
    in_order = [spelling[word] for word in counts if word in chosen]
    return f"about {listed(in_order)}" if in_order else "about this and that"


# ---- music


def music_tags_between(
    clip: AudioClip,
    start: float,
    end: float,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> tuple[MusicTag, ...]:
    """Return the music tags between two times in seconds, by kind and then best first; none if there is no music.

    The models run from the beginning of the clip to `end`; their earlier results are in the feature store.

    Raises:
        JobStopped: `should_stop` said so before `end` was reached.
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
    mean = clip_confidences(tags.confidences[musical])
    sung = has_vocals(clip_vocals_prob(tags.vocals[within], tags.music[within]))
    kinds = [kind for kind in TAG_KINDS if kind != "vocals" or sung]
    return tuple(tag for kind in kinds for tag in best_tags(mean, kind, MusicTagOptions().names))
