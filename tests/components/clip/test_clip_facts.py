"""What the page says about a clip, and the choices that it offers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from components.clip.clip_facts import clip_facts_markup
from pipelines.clip.clip import AudioClip
from pipelines.clip.recording import AudioTrack

PLAIN = AudioClip("0" * 32, 16_000, 10.0, 2, "wav", "pcm_s16le", Path("clip"))
TRACKS = (AudioTrack("eng", "Film", 6, True), AudioTrack("deu", "", 2, False), AudioTrack("", "", 1, False))


def test_a_plain_clip_has_nothing_to_say() -> None:
    assert clip_facts_markup(None) == clip_facts_markup(PLAIN) == ""


def test_notes_are_escaped() -> None:
    assert "<li>1 s &lt;b&gt; is lost.</li>" in clip_facts_markup(replace(PLAIN, notes=("1 s <b> is lost.",)))


def test_tracks_have_their_titles_and_languages() -> None:
    markup = clip_facts_markup(replace(PLAIN, tracks=TRACKS, track=1))
    assert "1: Film, eng, 6 channels, default</option>" in markup
    assert '<option value="1" selected>2: deu, stereo</option>' in markup
    assert "3: mono</option>" in markup


def test_unlike_sides_can_be_chosen_and_left_again() -> None:
    assert '<option value="" selected>Both sides' in clip_facts_markup(replace(PLAIN, has_unlike_sides=True))
    assert '<option value="1" selected>Right side' in clip_facts_markup(replace(PLAIN, channel=1))
