"""For whom a call of the API, a job of a page or a clip that it opens counts."""

from __future__ import annotations

from gradio.context import LocalContext

from pipelines.clip.keepers import ClipHoldings
from pipelines.jobs.admission import Admission


def caller_name(account: str | None) -> str:
    """Return for whom what runs in this context counts: `account`, or else an address; '' where there is no connection.

    The address is that which a trusted proxy names, or of the connection.
    """
    if account:
        return f"account {account}"
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return str(client.host) if client else ""


def admit_opening(admission: Admission, holdings: ClipHoldings, content_hash: str = "") -> None:
    """Count that a page opens a clip, whose content may be known; raise the error of a limit that keeps it from that.

    Raises:
        JobRefused: there is too little disk, or there were too many calls.
        TooManyClips: the person keeps as many clips as one may, and not this one.
    """
    admission.check_disk()
    holdings.check_room(content_hash)
    admission.count_call(caller_name(admission.account()))
