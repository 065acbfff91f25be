"""A whole analysis in short: as a document for programs and models, and as text for people."""

from __future__ import annotations

from typing import Any

from pipelines.everything.types import EverythingFound
from pipelines.jobs.result import as_document


def summary_of(found: EverythingFound) -> dict[str, Any]:
    """Return what is found so far as JSON values, each subject in a few fields, null where it has no result."""
    return {
        "state": found.state,
        "subject": found.subject,
        "position": as_document(found.position),
        "duration": as_document(found.duration),
        "elapsed": as_document(found.elapsed),
        "left_out": as_document(found.left_out),
        "speech": found.speech and {"text": found.speech.text, "language": found.speech.language},
        "description": _description(found),
        "notes": found.notes and {"count": len(found.notes.notes), "parts": [part.name for part in found.notes.parts]},
        "embedding": found.embedding
        and {
            "encoder": found.embedding.encoder.key,
            "layer": found.embedding.layer,
            "frames": found.embedding.frames.shape[0],
            "width": found.embedding.frames.shape[1],
        },
        "picture": found.picture
        and {"prompt": found.picture.prompt, "concepts": [concept.concept for concept in found.picture.drawn_concepts]},
        "model": found.model,
        "licence": found.licence,
    }


def _description(found: EverythingFound) -> dict[str, Any] | None:
    if found.description is None:
        return None
    facts = found.description.facts
    tempo, key = (facts.tempo, facts.key) if facts else (None, None)
    return {
        "text": found.description.caption.text if found.description.caption else "",
        "bpm": as_document(tempo and tempo.bpm),
        "key": f"{key.tonic} {key.mode}" if key else None,
    }


def text_of(found: EverythingFound) -> str:
    """Return the description, the transcript and what else there is, as paragraphs for people; not what does not fit the clip."""
    parts = []
    if found.description and found.description.caption:
        parts.append(found.description.caption.text)
    if found.speech and found.speech.text:
        parts.append(found.speech.text)
    if found.notes and found.notes.notes:
        parts.append(f"{len(found.notes.notes)} notes: {', '.join(part.name for part in found.notes.parts)}.")
    parts += [one.reason for one in found.left_out if one.is_failure]
    return "\n\n".join(parts) + "\n"
