"""What our own audio language model says, without what it does not know: other questions, sound without music, unsure claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from functools import partial

from models.runtime import ModelRuntime
from models.specs.model_spec import ModelSpec
from pipelines.clip.clip import AudioClip
from pipelines.jobs.gpu_calls import gpu_steps
from pipelines.language_models.claim_certainty import sure_sentences
from pipelines.language_models.generation import WORKING_BYTES, SamplingOptions, generate_text
from pipelines.language_models.prompting import Prompt, model_inputs
from pipelines.language_models.streaming import text_seconds
from pipelines.music.tags.music_tagging import tag_music
from pipelines.music.tags.tag_fusion import MusicTagOptions
from pipelines.questions.question_parsing import plain_words

NO_MUSIC = "This model describes music only, and no music was found in this clip."
NOTHING_SURE = "This model is not sure of anything in this music."
OTHER_QUESTION = (
    "This model cannot answer that. Ask it whether the music is slow or fast, in major or minor, what its metre or its main "
    "instrument is, or whether drums play."
)
UNSURE = "Not sure, but perhaps: {}"
ASKS = re.compile(
    r"\b(?:tempo|pace|speed|how (?:fast|slow)|(?:slow|fast|medium)\b.* or (?:slow|medium|fast)|"
    r"(?:major|minor) or (?:minor|major)|"
    r"time signature|met(?:re|er)|beats (?:per|in a|are in a) bar|(?:main|lead\w*|solo) (?:instruments?|part)|"
    r"(?:which|what)(?: kind of)? instruments? (?:is|are|leads?|stands?|plays?)|drums?|percussion|"
    r"describe (?:the|this) (?:music|clip|piece|song)|what is (?:this|the) music like|caption|tags?)\b"
)
"""Questions of the kinds that it was trained on, but for those that it answers by guessing: chords, notes, beats a minute, the
tonic and the exact instrument."""
WORDS = re.compile(
    r"(?:an?|and|are|bar|beats|by|can|caption|clip|could|describe|do(?:es)?|drums?|fast|fits?|for|give|ha(?:s|ve)|how|in|"
    r"instruments?|is|it|its|key|kind|lead(?:ing|s)?|list|main|major|many|me|medium|melody|met(?:er|re)|minor|moderate|"
    r"mo(?:de|st|stly)|music|o[fr]|out|pace|part|per(?:cussion)?|piece|play(?:s|ed|ing)?|please|prominent|signature|slow|solo|"
    r"song|sounds?|speed|stand(?:s|ing)?|tags?|tell|tempo|that|the(?:re)?|this|time|track|tune|what(?:'s)?|which|with|would|"
    r"write|you|like|any)"
)
"""Words of such questions. One with any other word asks for something else: 'Does the tempo change?', 'Translate tempo.'"""
COUNTS = re.compile(r"\bhow many (?!beats)|\bsounds? like\b|\bin tune\b")


def is_answerable(question: str) -> bool:
    """Return whether the model was trained on questions of this kind, and answers them better than by guessing."""
    words = plain_words(question)
    is_known = all(WORDS.fullmatch(word) for word in re.findall(r"[\w'#♯♭]+", words))
    return is_known and bool(ASKS.search(words)) and not COUNTS.search(words)


def has_music(clip: AudioClip, runtime: ModelRuntime, should_stop: Callable[[], bool]) -> bool:
    """Return whether a clip is music, as the music tags decide it; True after a stop."""
    *_, tags = tag_music(clip, MusicTagOptions(), runtime, should_stop)
    return tags.is_music is not False


def sure_text(
    runtime: ModelRuntime, spec: ModelSpec, prompt: Prompt, options: SamplingOptions, should_stop: Callable[[], bool]
) -> Generator[tuple[str, str], None, None]:
    """Yield once (the sentences that the model is sure of, its whole text); nothing after a stop.

    Raises:
        ModelError: the model cannot be had; see `ModelCache.lease`.
    """
    work = partial(_sure_text, spec, prompt, options)
    yield from gpu_steps(work, runtime, spec, text_seconds(spec, options), should_stop)


def _sure_text(
    spec: ModelSpec, prompt: Prompt, options: SamplingOptions, runtime: ModelRuntime, should_stop: Callable[[], bool]
) -> Generator[tuple[str, str], None, None]:
    with runtime.cache.lease(spec, working_bytes=WORKING_BYTES, should_stop=should_stop) as (language_model,):
        if should_stop():
            return
        inputs = model_inputs(language_model, spec, prompt)
        *_, whole = "", *generate_text(language_model, inputs, options, should_stop)
        yield sure_sentences(language_model, inputs, whole), whole
