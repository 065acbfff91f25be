"""No tag and no attribute on the page comes from a text of strangers, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from components.clip.clip_facts import clip_facts_markup
from components.embeddings.clips_panel import matches_markup
from components.embeddings.library_list import library_markup
from components.everything.panel import _end_markup
from components.login.account_line import account_markup
from components.music.caption_markup import caption_markup, turn_markup
from components.music.markup import description_summary, facts_markup, tags_markup
from components.music.zero_shot_panel import label_scores_markup
from components.music.zero_shot_panel import matches_markup as words_markup
from components.notes.updates import notes_summary
from components.page.markup import chips_markup, failure_markup, fold_markup, labels_markup
from components.pictures.files import DrawnPicture, KeptPicture
from components.pictures.markup import concepts_markup, drawing_summary, foreign_markup, gallery_markup, pictures_markup
from components.pictures.storyboard_markup import board_markup
from components.transcription.queue_panel import queue_markup
from components.transcription.summary import transcription_summary, waiting_message
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.recording import AudioTrack
from pipelines.description.caption import CheckedCaption, CheckedSentence
from pipelines.description.claims.claim import CheckedClaim, Claim
from pipelines.embeddings.clip_library import ClipMatch, LibraryClip
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import ConceptWeight
from pipelines.speech.batch import QueuedFile
from services import Services
from tests.components.music.test_markup import FACTS
from tests.components.pictures.test_markup import NOW, PICTURE
from tests.pipelines.bundle.toy_results import toy_contents, with_every_text

PLAIN = "Rain on a roof, at night"
ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "` onclick=`alert(1)",
    '"autofocus/onfocus=alert(1)//',
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</textarea></title></style></select></option><iframe srcdoc='<script>1</script>'>",
    "<!--<script>",
    "--><b>",
    "<![CDATA[<b>]]>",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x&#62; &quot;&#34; onload=1",
    "\u202egnp.<b>\u2066txt\u2069",
    "a\x00<b\x00>\x00 onload=1",
    "{0} {} {words} {value!r} {labels.__class__} ${x} $title {{7*7}} %s %(a)s",
    "<b\n\r\t\x0b\x0conclick=1>",
    "=HYPERLINK(\"http://evil.test\")<a href='http://evil.test'>",
    "\uff1cscript\uff1e\u2028<b>\u2029</b>",
    "<" + "w" * 20_000 + ">",
)


class Structure(HTMLParser):
    """Everything of a markup that is no text: tags with the names of their attributes, comments and declarations."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, *(name for name, _ in attrs)))
        self.text += " ".join(value or "" for _, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(("declaration", data))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("instruction", data))


@pytest.fixture(scope="module")
def contents(services: Services) -> BundleContents:
    return toy_contents(services)


def of_clip(text: str) -> str:
    clip = AudioClip("0" * 32, 16_000, 2.0, 1, "wav", "pcm_s16le", Path("clips"), text)
    tracks = tuple(AudioTrack(text, text, channels, False) for channels in (1, 2))
    return clip_facts_markup(replace(clip, notes=(text,), tracks=tracks))


def of_library(text: str) -> str:
    clip = LibraryClip("0" * 32, text, 61.0, 86400.0, ("yamnet/patches", f"{text}/x"))
    matches = [ClipMatch(clip, 0.5, 1.0, 2.0)]
    lists = library_markup((clip,), {"yamnet": text}, is_there) + library_markup((clip,), {"yamnet": text}, is_gone)
    return lists + matches_markup(matches, text, is_there) + matches_markup(matches, text, is_gone)


def is_there(found: object) -> bool:
    return True


def is_gone(found: object) -> bool:
    return False


def of_caption(text: str) -> str:
    claim = CheckedClaim(Claim("genre", text, 0, len(text)), "supported", text, 0.5)
    claims = (claim, replace(claim, start=1.0, end=2.0), replace(claim, verdict="contradicted"))
    shown = [caption_markup(CheckedCaption((CheckedSentence(text, 0.0, 1.0, (claim,)),), remark=text)) for claim in claims]
    return "".join(shown) + turn_markup(text, text, text, ((0.0, 1.0),))


def of_pictures(text: str) -> str:
    now = with_every_text(replace(NOW, preview=None), text)
    texts = {"prompt": text, "prompt_overflow": text, "negative_prompt_overflow": text}
    unsure = replace(now, certainty=0.38, concepts=(ConceptWeight(text, text, 0.5), ConceptWeight(text, text, 0.4)), **texts)
    kept = KeptPicture(with_every_text(PICTURE, text), Path("/clips/1.png"))
    gallery = gallery_markup([DrawnPicture("/clips/1.png", 1, text, 64, 64)])
    foreign = foreign_markup(ForeignSettings("ComfyUI", text, text, left_out=(text,)))
    return concepts_markup(unsure) + drawing_summary(unsure) + pictures_markup(now, (kept,)) + gallery + foreign


def of_models(text: str) -> str:
    return "".join(
        [
            failure_markup(text),
            fold_markup("Why", text, text),
            labels_markup({"name": text}),
            chips_markup("Sounds", [(text, 0.5), (text, None)]),
            account_markup(text, "viewer"),
            _end_markup(text, ()),
        ]
    )


def of_results(contents: BundleContents) -> Callable[[str], str]:
    """Return markup of results of every kind, in which each text is replaced."""

    def markup(text: str) -> str:
        changed: BundleContents = with_every_text(contents, text)
        assert changed.transcript and changed.description and changed.notes and changed.own_words and changed.storyboard
        spoken, described, words = changed.transcript.transcription, changed.description, changed.own_words
        assert words.scores and words.matches
        silent = replace(spoken, segments=())
        queue = (
            QueuedFile(Path("a.wav"), text, "done", spoken, "0" * 32),
            QueuedFile(Path("a.wav"), text, "failed", problem=text),
        )
        kept = tuple(KeptPicture(entry.picture, Path("/clips/1.png")) for entry in changed.storyboard.entries)
        return "".join(
            [
                transcription_summary(spoken),
                waiting_message(silent),
                queue_markup(queue),
                tags_markup(described.sounds, described.music),
                description_summary(described),
                facts_markup(described.facts) if described.facts else "",
                notes_summary(changed.notes),
                label_scores_markup(words.scores),
                words_markup(words.matches),
                board_markup(changed.storyboard, kept),
            ]
        )

    return markup


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("markup", [of_clip, of_library, of_caption, of_pictures, of_models])
def test_no_name_and_no_text_becomes_markup(markup: Callable[[str], str], attack: str) -> None:
    check(markup, attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_of_a_result_becomes_markup(contents: BundleContents, attack: str) -> None:
    check(of_results(contents), attack)


def check(markup: Callable[[str], str], attack: str) -> None:
    assert PLAIN in Structure(markup(PLAIN)).text
    assert Structure(markup(attack)).parts == Structure(markup(PLAIN)).parts


def test_the_facts_of_a_clip_escape_their_reasons() -> None:
    attacked = replace(FACTS, no_key_reason=ATTACKS[2], key=None)
    assert Structure(facts_markup(attacked)).parts == Structure(facts_markup(replace(attacked, no_key_reason=PLAIN))).parts
