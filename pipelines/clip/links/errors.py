"""Errors of links. Each text is one sentence that says what happened and what to do."""

from __future__ import annotations

from http import HTTPStatus

from models.errors import as_size
from pipelines.clip.errors import ClipError
from pipelines.wording.times import measured_time

INSTEAD = "download the file and upload it"


class LinkError(ClipError):
    """The file behind a link cannot be used."""


class LinksSwitchedOff(LinkError):
    """The operator does not let the server fetch links."""

    def __init__(self) -> None:
        super().__init__(f"This server fetches no links: {INSTEAD}.")


class LinkRefused(LinkError):
    """The link is not one of http or https, or holds a user name, or an unusual port."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This link cannot be used, because {why}: give the https address of an audio or video file.")


class LinkNotPublic(LinkError):
    """The name stands for an address that is not one of the public internet."""

    def __init__(self) -> None:
        super().__init__(f"This link leads to a private or reserved address: {INSTEAD}.")


class LinkUnreachable(LinkError):
    """The name is unknown, or there is no connection."""

    def __init__(self) -> None:
        super().__init__(f"The server of this link cannot be reached: check the address, or {INSTEAD}.")


class LinkAnswered(LinkError):
    """The server has no file for this link."""

    def __init__(self, status: int) -> None:
        known = HTTPStatus(status).phrase if status in set(HTTPStatus) else "unknown"
        super().__init__(f"The server of this link answered {status} ({known}): check the address, or {INSTEAD}.")


class LinkRedirectsTooOften(LinkError):
    """Each redirect leads to another one."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"This link redirects more than {limit} times: give the address at which it ends.")


class LinkToWebPage(LinkError):
    """The link leads to HTML."""

    def __init__(self) -> None:
        super().__init__("This link leads to a web page, not to a recording: give the address of the audio or video file itself.")


class LinkTooLarge(LinkError):
    """The file has more bytes than a clip may have."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file behind this link is larger than the limit of {as_size(limit_bytes)}: give a smaller one.")


class LinkTooSlow(LinkError):
    """The server takes longer than the limits allow."""

    def __init__(self, limit_seconds: float) -> None:
        limit = measured_time(limit_seconds)
        super().__init__(f"The server of this link did not deliver within {limit}: try again later, or {INSTEAD}.")


class LinkBroken(LinkError):
    """The connection ended before the file did, or the answer is not HTTP."""

    def __init__(self) -> None:
        super().__init__(f"The connection broke off before the end of the file: try again, or {INSTEAD}.")
