"""Captions of a clip by templates or a language model, with every claim checked against the measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from models.errors import InvalidOption, NoModelFits
from models.model_catalog import ModelCatalog
from models.runtime import ModelRuntime
from models.specs.model_spec import AUTO, Task
from models.stopping import never_stop
from pipelines.clip.chunking import cut_into_pieces
from pipelines.clip.clip import AudioClip
from pipelines.description.claims.checking import check_claims
from pipelines.description.claims.claim import CheckedClaim
from pipelines.description.findings import ClipFindings
from pipelines.description.model_caption import (
    CaptionOptions,
    MusicDescription,
    describe_from_facts,
    describe_music,
)
from pipelines.description.template_caption import write_caption
from pipelines.jobs.model_use import ModelUse
from pipelines.jobs.result import Result
from pipelines.language_models.generation import WORKING_BYTES
from pipelines.language_models.prompting import AUDIO_LIMITS
from pipelines.language_models.streaming import text_seconds

FROM_FACTS = "facts"
"""The templates, which need no model; used where a key of the catalogue is expected."""
TEMPLATES = "Audioscope's templates"
"""Title of the templates, as `ModelUse.model`."""


@dataclass(frozen=True)
class CheckedSentence(Result):
    """A sentence, the part of the clip that it is about, and its claims with their verdicts."""

    text: str
    start: float
    """Seconds."""
    end: float
    claims: tuple[CheckedClaim, ...] = ()
    """Claims in the order of their words; their characters count from the beginning of the sentence."""


@dataclass(frozen=True)
class Listener:
    """What listens to a clip: a model, or the measurements in its place."""

    model: str
    """`FROM_FACTS`, or what `ModelCatalog.choose` takes."""
    remark: str = ""
    """One short sentence, where 'auto' found no model; else ''."""
    reason: str = ""
    """The same with each model that was passed over."""


@dataclass(frozen=True)
class CheckedCaption(ModelUse):
    """A snapshot of a caption; the last one of a run is the result."""

    sentences: tuple[CheckedSentence, ...] = ()
    position: float = 1.0
    """Progress, 0 to 1."""
    is_piecewise: bool = False
    """Whether the sentences are about consecutive pieces of the clip; else their times are examples of what they say."""
    remark: str = ""
    """One sentence, where 'auto' found no model that listens; else ''."""

    @property
    def text(self) -> str:
        """All sentences in one line."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def claims(self) -> tuple[CheckedClaim, ...]:
        """The claims of all sentences."""
        return tuple(claim for sentence in self.sentences for claim in sentence.claims)


def caption_clip(
    clip: AudioClip,
    findings: ClipFindings,
    options: CaptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool] = never_stop,
) -> Iterator[CheckedCaption]:
    """Caption `clip`: yield one caption by templates, or with a model a snapshot for every token.

    Args:
        clip: the audio.
        findings: the measurements of the clip.
        options: `model` is `FROM_FACTS`, a key of the task 'describe_music' (an audio language model), one of 'write_text' (a
            text model that gets the facts), or 'auto': see `choose_listener`.
        runtime: catalogue, models and feature store.
        should_stop: asked for every token.

    Raises:
        InvalidOption, UnknownModel, ModelError: before anything is written.
    """
    listener = choose_listener("describe_music", options.model, runtime.catalog)
    if listener.model == FROM_FACTS:
        written = write_caption(findings, clip.content_hash)
        sentences = tuple(_checked(s.text, s.start, s.end, findings) for s in written.sentences)
        yield CheckedCaption(sentences, remark=listener.remark, model=TEMPLATES, model_reason=listener.reason, state="done")
        return
    is_independent = not _writes_from_facts(options.model, runtime.catalog)
    for now in _by_model(clip, findings, options, runtime, should_stop):
        sentences = tuple(_checked(s.text, s.start, s.end, findings, is_independent) for s in now.sentences)
        summary = (_checked(now.summary, 0.0, clip.duration, findings, is_independent),) if now.summary else ()
        use = {field.name: getattr(now, field.name) for field in fields(ModelUse)}
        yield CheckedCaption((*summary, *sentences), now.position / clip.duration, len(now.pieces) > 1, **use)


def choose_listener(task: Task, model: str, catalog: ModelCatalog) -> Listener:
    """Return which model does `task`: for 'auto', the measurements where no model fits.

    Args:
        task: 'describe_music' or 'answer_questions'.
        model: 'auto', `FROM_FACTS` or a key of the catalogue, which stands.
        catalog: what fits here.
    """
    if model != AUTO:
        return Listener(model)
    try:
        catalog.choose(task, AUTO, WORKING_BYTES)
    except NoModelFits as error:
        return Listener(FROM_FACTS, f"From the measurements: no listening model {error.lack}.", str(error))
    return Listener(AUTO)


def caption_gpu_seconds(clip: AudioClip, options: CaptionOptions, catalog: ModelCatalog) -> float:
    """Return the estimated time of a caption on ZeroGPU, of the longest allowed length; 0 for one that needs none.

    Raises:
        UnknownModel, ModelError: see `ModelCatalog.choose`.
    """
    model = choose_listener("describe_music", options.model, catalog).model
    if model == FROM_FACTS or _writes_from_facts(model, catalog):
        return 0.0
    spec = catalog.choose("describe_music", model, WORKING_BYTES).spec
    if not spec.on_zero_gpu:
        return 0.0
    pieces = len(cut_into_pieces(clip.duration, (), AUDIO_LIMITS[spec.architecture].window_seconds))
    return (pieces + (pieces > 1)) * text_seconds(spec, options)  # several pieces get a summary


def _writes_from_facts(model: str, catalog: ModelCatalog) -> bool:
    """Return whether `model` is a text model, which repeats the measurements; an audio language model has its own opinion."""
    return any(spec.key == model for spec in catalog.models("write_text"))


def _by_model(
    clip: AudioClip,
    findings: ClipFindings,
    options: CaptionOptions,
    runtime: ModelRuntime,
    should_stop: Callable[[], bool],
) -> Iterator[MusicDescription]:
    if _writes_from_facts(options.model, runtime.catalog):
        if findings.facts is None or findings.music is None:
            raise InvalidOption("model", options.model, "an audio language model, for a clip without measurements")
        return describe_from_facts(clip, findings.facts, findings.music, options, runtime, should_stop)
    sections = findings.facts.sections if findings.facts else ()
    cuts = tuple((section.start, section.end) for section in sections)
    return describe_music(clip, options, cuts, runtime, should_stop)


def _checked(text: str, start: float, end: float, findings: ClipFindings, is_independent: bool = False) -> CheckedSentence:
    return CheckedSentence(text, start, end, check_claims(text, findings, is_independent))
