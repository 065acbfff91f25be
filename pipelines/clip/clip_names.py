"""Names of clips as people read them and as files take them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

MAX_NAME_CHARACTERS = 255
MAX_STEM_CHARACTERS = 80
MAX_STEM_BYTES = 200
"""In UTF-8. File systems take 255; the rest is left for a number and an ending."""
DEFAULT_STEM = "clip"
ENDING = re.compile(r"\.(?=\d*[A-Za-z])[A-Za-z0-9]{1,5}$")
"""A dot and a few letters or digits, not all of them digits, so that 'take 1.0' keeps its number."""
RESERVED_IN_NAMES = re.compile(r'[/\\:*?"<>|]+')
"""Characters that Windows refuses in a name; the slash is refused everywhere."""
DEVICE_NAMES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
"""Names that Windows takes for a device, whatever ending follows."""
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories: control, format (which turns the direction of writing), surrogates, line and paragraph separators."""


def readable_name(name: str) -> str:
    """Return `name` on one line without characters that are invisible, change the direction of text or cannot be encoded."""
    shown = "".join(" " if character.isspace() else character for character in name)
    shown = "".join(character for character in shown if unicodedata.category(character) not in INVISIBLE)
    return unicodedata.normalize("NFC", " ".join(shown.split()))[:MAX_NAME_CHARACTERS]


def safe_stem(name: str) -> str:
    """Return the name of a file without its ending, as every file system takes it, with room for an ending.

    At most `MAX_STEM_BYTES` in UTF-8, and never empty or the name of a device.
    """
    stem = " ".join(RESERVED_IN_NAMES.sub(" ", ENDING.sub("", readable_name(name))).split()).strip(" .")
    stem = f"_{stem}" if DEVICE_NAMES.match(stem) else stem
    stem = stem[:MAX_STEM_CHARACTERS].encode("utf-8")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    return stem.rstrip(" .") or DEFAULT_STEM


def free_stem(stem: str, taken: Container[str]) -> str:
    """Return `stem`, with a number if a file of this name is in `taken`, which holds names as `name_key` returns them."""
    number, free = 2, stem
    while name_key(free) in taken:
        free, number = f"{stem} {number}", number + 1
    return free


def name_key(stem: str) -> str:
    """Return what two names have in common that a file system may hold for the same one."""
    return unicodedata.normalize("NFC", stem.casefold())
