"""Names and places of files that a person takes home."""

from __future__ import annotations

import re

FILES_FOLDER = "files"


APP_VERSION = "0.1.0"


UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


LONGEST_NAME = 80


def safe_stem(name: str) -> str:
    """The name of a file without its ending and without what a file system might not like."""
    return UNSAFE_IN_NAMES.sub(" ", name.rsplit(".", 1)[0]).strip(" .")[:LONGEST_NAME] or "clip"
