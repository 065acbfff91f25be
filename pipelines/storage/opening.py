"""From an address to the storage there."""

from __future__ import annotations

import re
from pathlib import Path

from models.errors import InvalidOption
from pipelines.storage.folder_storage import FolderStorage
from pipelines.storage.object_storage import PROTOCOLS, ObjectStorage
from pipelines.storage.storage import Storage, without_password

PROTOCOL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def open_storage(address: str | Path) -> Storage:
    """Return the storage at a folder's path or an address such as s3://bucket/prefix; nothing is read or written.

    Raises:
        InvalidOption: the protocol is unknown, or its package is not installed.
    """
    protocol = PROTOCOL.match(str(address))
    if protocol is None:
        return FolderStorage(Path(address).expanduser())
    if protocol[1].lower() not in PROTOCOLS:
        raise InvalidOption("address", without_password(str(address)), f"a folder, or {', '.join(PROTOCOLS)} with ://")
    return ObjectStorage(protocol[0].lower() + str(address)[protocol.end() :])
