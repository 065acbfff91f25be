"""Main memory by owner, as a table; and what unloading brought, as a sentence."""

from __future__ import annotations

from components.model_status.labels import MEMORY, MEMORY_COLUMNS, MEMORY_OWNERS, TOTAL
from models.cache.memory_report import MemoryReport
from models.errors import as_size
from models.runtime import Unloaded


def memory_markup(report: MemoryReport) -> str:
    """Return the table of owners; those that hold nothing are left out."""
    rows = [(*MEMORY_OWNERS[name], size) for name, size in report.owners() if size > 0]
    listed = "".join(f"<tr><td>{owner} <small>{about}</small></td><td>{as_size(size)}</td></tr>" for owner, about, size in rows)
    heads = "".join(f'<th scope="col">{name}</th>' for name in MEMORY_COLUMNS)
    total = f"<tr><td><b>{TOTAL}</b></td><td><b>{as_size(report.total)}</b></td></tr>"
    return f"<h2>{MEMORY}</h2><table><thead><tr>{heads}</tr></thead><tbody>{listed}{total}</tbody></table>"


def unloaded_sentence(unloaded: Unloaded) -> str:
    """Return what came back, as 'Unloaded 3 models: 412 MB came back' and a full stop."""
    count = unloaded.models
    done = f"Unloaded {count} model{'s' if count != 1 else ''}" if count else "No model was idle"
    return f"{done}: {as_size(unloaded.size_bytes)} came back."
