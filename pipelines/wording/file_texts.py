"""Texts of strangers in files that other programs open."""

from __future__ import annotations

import re

WORD_JOINER = "\u2060"
"""Invisible and without width: what it stands in or before is text, and no markup and no formula."""
FORMULA = re.compile(r"(?=[\s\"'\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a cell begins as a formula does, in full width too, behind spaces and quotes that a program may drop."""
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_cell(text: str) -> str:
    """Return the text of a cell, which no spreadsheet program takes for a formula; without null characters, which few read."""
    text = text.replace("\0", "")
    return WORD_JOINER + text if FORMULA.match(text) else text


def xml_text(text: str) -> str:
    """Return `text` with a space for each character that XML cannot hold."""
    return NOT_IN_XML.sub(" ", text)
