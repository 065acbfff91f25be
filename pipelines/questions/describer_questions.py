"""Which questions our own audio language model answers."""

from __future__ import annotations

import re

from pipelines.questions.question_parsing import plain_words

OTHER_QUESTION = (
    "This model cannot answer that. Ask it whether the music is slow or fast, in major or minor, what its metre or its main "
    "instrument is, or whether drums play."
)
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
