"""No tag and no attribute on the page comes from a text of strangers, whatever it holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from components.clip.clip_facts import clip_facts_markup
from components.embeddings import files_panel
from components.embeddings.clips_panel import matches_markup
from components.embeddings.files_panel import map_page
from components.embeddings.layers_panel import cka_markup
from components.embeddings.library_list import library_markup
from components.embeddings.logit_lens_markup import lens_summary_markup, token_markup, token_words_markup
from components.embeddings.shown_embedding import progress_markup, shown_summary, without_others
from components.embeddings.timed_picture import curve_markup
from components.embeddings.views_panel import similar_frames_markup
from components.everything.panel import _end_markup
from components.login.account_line import account_markup
from components.model_status.catalogue import catalogue_markup
from components.model_status.panel import status_markup
from components.music.caption_markup import caption_markup, turn_markup
from components.music.markup import description_summary, facts_markup, tags_markup
from components.music.zero_shot_panel import label_scores_markup
from components.music.zero_shot_panel import matches_markup as words_markup
from components.notes.updates import notes_summary
from components.page.markup import chips_markup, failure_markup, fold_markup, labels_markup
from components.pictures.files import DrawnPicture, KeptPicture
from components.pictures.film_panel import film_markup
from components.pictures.markup import concepts_markup, drawing_summary, foreign_markup, gallery_markup, pictures_markup
from components.pictures.storyboard_markup import board_markup
from components.transcription.queue_panel import queue_markup
from components.transcription.summary import transcription_summary, waiting_message
from models.cache.status import ResidentStatus
from models.files.trained_models import FoundModels
from models.model_catalog import ALL_MODELS
from models.specs.model_spec import HubSource
from pipelines.bundle.contents import BundleContents
from pipelines.clip.clip import AudioClip
from pipelines.clip.clip_names import safe_stem
from pipelines.clip.recording import AudioTrack
from pipelines.description.caption import CheckedCaption, CheckedSentence
from pipelines.description.claims.claim import CheckedClaim, Claim
from pipelines.embeddings.analysis import LayerFrames
from pipelines.embeddings.clip_library import ClipMatch, LibraryClip
from pipelines.embeddings.embedding_types import EmbeddingProgress
from pipelines.film.film import Film
from pipelines.pictures.foreign_metadata import ForeignSettings
from pipelines.pictures.options import ConceptWeight
from pipelines.speech.batch import QueuedFile
from services import Services
from tests.attack_texts import ATTACKS, PLAIN, Structure, check_structure
from tests.components.embeddings.test_logit_lens_panel import progress, trace_of
from tests.components.embeddings.test_shown_embedding import shown_map
from tests.components.music.test_markup import FACTS
from tests.components.pictures.test_markup import NOW, PICTURE
from tests.pipelines.bundle.toy_results import toy_contents, with_every_text


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


def of_map(text: str) -> str:
    clip, *others = shown_map().clips
    shown = replace(
        shown_map(),
        clips=tuple(replace(one, name=text) for one in (clip, *others)),
        texts=tuple(text for _ in shown_map().texts),
        colouring=replace(shown_map().colouring, label=text, names=(text,) * 3),
        embeddings=tuple(replace(one, model=text, model_reason=text) for one in shown_map().embeddings),
        map=replace(shown_map().map, note=text),
    )
    facts = {"encoder": shown.embedding.encoder, "layer": "", "model": text, "licence": text}
    now = EmbeddingProgress(state="encoding", position=1.0, duration=2.0, **facts)  # type: ignore[arg-type]
    layers = [LayerFrames(text, one.frames, one.times) for one in shown.embeddings[:2]]
    return "".join(
        [
            shown_summary(shown, text),
            similar_frames_markup(shown, 2),
            progress_markup(now, text),
            cka_markup(text, layers, text, layers),
            curve_markup(np.arange(4, dtype=np.float32), 1.0, text),
        ]
    )


def of_lens(text: str) -> str:
    token = text.encode("utf-8", "replace")
    trace = trace_of(token, b" and", token)
    now = replace(progress(trace), model=text, model_reason=text, licence=text, device=text)
    # A token keeps its first 64 bytes, and white space at its ends is not shown.
    return token_words_markup(now) + token_markup(trace, 0) + lens_summary_markup(now)


def of_films(text: str) -> str:
    film = Film(
        pictures=1, frames=2, video=Path(f"/clips/{safe_stem(text)}.mp4"), gif=Path("/clips/a.gif"), state="done", model=text
    )
    return film_markup(film, Image.new("RGB", (8, 8)), safe_stem(text))


def of_models_found(services: Services) -> Callable[[str], str]:
    """Return the catalogue with a model that was put into the folder, and the table of those in memory."""

    def markup(text: str) -> str:
        spec = replace(
            ALL_MODELS[0], title=text, licence=text, licence_url=f"https://licences.test/{text}", source=HubSource(text)
        )
        found = SimpleNamespace(find=lambda: FoundModels((spec,), (text,)))
        resident = ResidentStatus(text, text, "int8", "main memory", 1, "idle")
        listed = catalogue_markup(replace(services, trained=found))  # type: ignore[arg-type]
        return listed + status_markup(replace(services.runtime.cache.status(), residents=(resident,)))

    return markup


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
@pytest.mark.parametrize("markup", [of_clip, of_library, of_caption, of_pictures, of_models, of_map, of_lens, of_films])
def test_no_name_and_no_text_becomes_markup(markup: Callable[[str], str], attack: str) -> None:
    check(markup, attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_of_a_result_becomes_markup(contents: BundleContents, attack: str) -> None:
    check(of_results(contents), attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_of_a_model_that_was_put_there_becomes_markup(services: Services, attack: str) -> None:
    check(of_models_found(services), attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_no_text_ends_the_script_of_a_map_on_its_own_page(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_panel, "_sound_markup", lambda clip: "")

    def page(text: str) -> str:
        shown = without_others(shown_map())
        return map_page(replace(shown, clips=(replace(shown.clip, name=text),), texts=(text,) * len(shown.texts)))

    check(page, attack)
    (script,) = re.findall("<script>(.*?)</script>", page(attack), re.DOTALL)
    assert f"script-src 'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}';" in page(attack)


def check(markup: Callable[[str], str], attack: str) -> None:
    check_structure(markup(PLAIN), markup(attack))


def test_the_facts_of_a_clip_escape_their_reasons() -> None:
    attacked = replace(FACTS, no_key_reason=ATTACKS[2], key=None)
    assert Structure(facts_markup(attacked)).parts == Structure(facts_markup(replace(attacked, no_key_reason=PLAIN))).parts
