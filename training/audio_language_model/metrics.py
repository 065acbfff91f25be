"""The field's measures of each task: mean average precision, BLEU and chrF, word error rate, note F-measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.arrays import FloatArray
from training.audio_language_model.note_tokens import TextNote

ONSET_SECONDS = 0.05
"""Distance within which onsets are the same, as in MIREX."""


def mean_average_precision(scores: FloatArray, is_true: FloatArray) -> float:
    """Return the mean over the labels that occur of the average precision.

    Args:
        scores: [clips, labels], higher is more probable.
        is_true: [clips, labels], 1 where the label holds.
    """
    from sklearn.metrics import average_precision_score

    occurs = is_true.any(axis=0)
    return float(average_precision_score(is_true[:, occurs], scores[:, occurs], average="macro"))


def word_error_rate(answers: Sequence[str], references: Sequence[str]) -> float:
    """Return word errors per word of the references, after case and punctuation are taken away."""
    import jiwer

    plain = jiwer.Compose([jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip()])
    return float(jiwer.wer([plain(text) for text in references], [plain(text) for text in answers]))


def caption_scores(answers: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the BLEU and the chrF of the corpus, 0 to 100 (sacrebleu).

    Args:
        answers: one caption for each clip.
        references: one or more for each clip; a clip with fewer than others has its last one again.
    """
    import sacrebleu

    count = max(map(len, references))
    streams = [[texts[min(number, len(texts) - 1)] for texts in references] for number in range(count)]
    return {
        "bleu": sacrebleu.corpus_bleu(list(answers), streams).score,
        "chrf": sacrebleu.corpus_chrf(list(answers), streams).score,
    }


def note_scores(found: Sequence[Sequence[TextNote]], true: Sequence[Sequence[TextNote]]) -> dict[str, float]:
    """Return the mean F-measures of onset and pitch, and of these with the offset (mir_eval), over clips with notes."""
    from mir_eval.transcription import precision_recall_f1_overlap  # type: ignore[import-untyped]

    onset, whole = [], []
    for estimate, reference in zip(found, true, strict=True):
        if not reference:
            continue
        arrays = (*_note_arrays(reference), *_note_arrays(estimate))
        onset.append(0.0 if not estimate else precision_recall_f1_overlap(*arrays, ONSET_SECONDS, offset_ratio=None)[2])
        whole.append(0.0 if not estimate else precision_recall_f1_overlap(*arrays, ONSET_SECONDS)[2])
    return {"onset_f": float(np.mean(onset)), "note_f": float(np.mean(whole))}


def _note_arrays(notes: Sequence[TextNote]) -> tuple[FloatArray, FloatArray]:
    """Return (intervals [notes, 2] in seconds, pitches [notes] in Hz)."""
    intervals = np.array([(note.start, note.end) for note in notes], dtype=np.float32)
    hertz = 440 * 2 ** ((np.array([note.pitch for note in notes], dtype=np.float32) - 69) / 12)
    return intervals, hertz.astype(np.float32)
