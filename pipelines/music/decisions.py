"""Thresholds that decide what is said of a clip: captions, answers, the check of claims, tags and tracks all read these.

A question is decided in one place, so that a caption and an answer about the same clip cannot contradict each other.
"""

from __future__ import annotations

from typing import Literal

MIN_MUSIC_SCORE = 0.2
"""Score of 'Music' or of a kind of it, 0 to 1, from which a moment, or by its mean a clip, counts as music. Averaged over a clip,
the highest of sounds that are no music was 0.14, the lowest of 31 rendered pieces 0.24."""
MIN_MUSIC_CLASS_SCORE = 0.5
"""Score of the class 'Music', 0 to 1, from which a moment counts as music in a clip that as a whole is none: likelier than not,
since sounds that are no music often have a little of it."""
MIN_MUSIC_FRACTION = 0.25
"""Fraction of a clip's patches, silent ones left out, that must be music for the clip to be called music. Chosen: a jingle
before a speech is less."""

MIN_VOCALS_PROB, MAX_NO_VOCALS_PROB = 0.75, 0.25
"""Probability of vocals in a clip from which there are some, and up to which there are none; between them it stays open. Chosen:
what is said is right three times in four."""
MIN_VOCALS_MOMENT_PROB = 0.5
"""Probability of vocals in a moment from which the moment belongs to a stretch with vocals: likelier than not."""
MIN_VOCALS_IN_MUSIC_PROB = 0.5
"""Probability of vocals in a clip by its music tags from which the moments of these tags count too. It is lower than that of the
decision, which is on the mean of two models."""
MIN_SINGING_SCORE = 0.12
"""YAMNet's score of a class of singing that is worth a probability of `MIN_VOCALS_MOMENT_PROB`."""

MIN_OPEN_SINGING_SCORE = 0.005
"""Mean over a clip that is no music of YAMNet's highest score of singing, from which it stays open whether there are vocals.
YAMNet takes much singing without accompaniment for speech: of nine such recordings for tuning eight reach this, and speech has
0.0001."""

MIN_SPEECH_SCORE = 0.5
"""Score of 'Speech', 0 to 1, from which a clip, a segment or a moment has speech: likelier than not."""
MIN_NAMED_SOUND_SCORE = 0.125
"""Score from which the best sound of a clip is named, with 'perhaps'; below, the sounds count as not identified."""
MIN_RELATIVE_SOUND_SCORE = 0.4
"""Score of a further sound, relative to that of the first, from which it is named too."""

MIN_LOUD_LUFS, MAX_QUIET_LUFS = -12.0, -27.0
"""Integrated loudness from which a clip is loud, and up to which it is quiet: 2 LU above the -14 LUFS of streaming services, and
4 LU below the -23 LUFS of broadcasts (EBU R 128)."""
MAX_NEAR_SILENT_LUFS = -45.0
"""Integrated loudness up to which a clip is nearly silent. Chosen: room noise of a quiet recording is below it."""
MIN_WIDE_LU, MAX_EVEN_LU = 12.0, 3.0
"""Loudness range (EBU Tech 3342) from which the level varies widely, and up to which it is even. Chosen."""

Level = Literal["loud", "medium", "quiet"]
Spread = Literal["wide", "moderate", "even"]


def is_music(fraction: float) -> bool:
    """Decide whether a clip is music, by the fraction of its patches that are."""
    return fraction >= MIN_MUSIC_FRACTION


def has_vocals(probability: float) -> bool | None:
    """Decide whether a clip has vocals, by their probability; None where that stays open."""
    if MAX_NO_VOCALS_PROB < probability < MIN_VOCALS_PROB:
        return None
    return probability >= MIN_VOCALS_PROB


def level(integrated_lufs: float) -> Level:
    """Decide how loud a clip is, by its integrated loudness."""
    return "loud" if integrated_lufs >= MIN_LOUD_LUFS else "quiet" if integrated_lufs <= MAX_QUIET_LUFS else "medium"


def spread(range_lu: float) -> Spread:
    """Decide how much the level of a clip varies, by its loudness range."""
    return "wide" if range_lu >= MIN_WIDE_LU else "even" if range_lu <= MAX_EVEN_LU else "moderate"
