"""Names of clips: readable on a page, and taken by every file system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip.clip_names import free_stem, name_key, readable_name, safe_stem
from pipelines.clip.clip_store import ClipStore
from tests.recordings import EXAMPLES

LONGEST_ENDING = " 4294967295 projector.zip"
REFUSED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a song.flac", "a song"),
        ("speech.flac 1.0–2.5 s", "speech.flac 1.0–2.5 s"),
        ("take 1.0", "take 1.0"),
        ("x\ud83dy.wav", "xy"),
        ("evil\u202egnp.wav", "evilgnp"),
        ("CON.wav", "_CON"),
        ("com1.take.wav", "_com1.take"),
        ("console.wav", "console"),
        ("../../etc/passwd", "etc passwd"),
        ("a\nb\x00c.mp3", "a bc"),
        (".wav", "clip"),
        ("...", "clip"),
        ("", "clip"),
        ("Cafe\u0301.ogg", "Café"),
    ],
)
def test_stems(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


@given(st.text(alphabet=st.characters(), max_size=400) | st.text("🎧./CONLPT1 \u202e\ud83d", max_size=120))
def test_a_stem_and_the_longest_ending_fit_every_file_system(name: str) -> None:
    stem = safe_stem(name)
    assert 0 < len((stem + LONGEST_ENDING).encode()) <= 255
    assert not {unicodedata.category(character) for character in stem + readable_name(name)} & REFUSED
    assert stem == stem.strip(" .")
    assert safe_stem(stem + ".wav") == stem


def test_many_emojis_are_cut_between_two_of_them() -> None:
    assert safe_stem("🎧" * 80 + ".wav") == "🎧" * 50


def test_equal_names_are_kept_apart_whatever_their_case_and_form() -> None:
    taken: set[str] = set()
    stems = []
    for name in ("Café.wav", "Cafe\u0301.mp3", "CAFÉ.ogg", "café 2.flac"):
        stems.append(free_stem(safe_stem(name), taken))
        taken.add(name_key(stems[-1]))
    assert stems == ["Café", "Café 2", "CAFÉ 3", "café 2 2"]


def test_a_clip_has_a_readable_name(store: ClipStore) -> None:
    clip = store.open(EXAMPLES / "blackbird.ogg", name="evil\u202egnp\ud83d\n.ogg")
    assert clip.name == "evilgnp .ogg"
    assert clip.named("a\u2028b").name == "a b"
