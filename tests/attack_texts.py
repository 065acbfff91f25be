"""Texts that would be markup, script, a template or a formula where they are not escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

PLAIN = "Rain on a roof, at night"
ATTACKS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "` onclick=`alert(1)",
    '"autofocus/onfocus=alert(1)//',
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "</textarea></title></style></select></option><iframe srcdoc='<script>1</script>'>",
    "<!--<script>",
    "--><b>",
    "<![CDATA[<b>]]>",
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x&#62; &quot;&#34; onload=1",
    "\u202egnp.<b>\u2066txt\u2069",
    "a\x00<b\x00>\x00 onload=1",
    "{0} {} {words} {value!r} {labels.__class__} ${x} $title {{7*7}} %s %(a)s",
    "<b\n\r\t\x0b\x0conclick=1>",
    "=HYPERLINK(\"http://evil.test\")<a href='http://evil.test'>",
    "\uff1cscript\uff1e\u2028<b>\u2029</b>",
    "<" + "w" * 20_000 + ">",
)


class Structure(HTMLParser):
    """Everything of a markup that is no text: tags with the names of their attributes, comments and declarations."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, *(name for name, _ in attrs)))
        for name, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower() if name in ("href", "src", "action", "poster") else ""
            self.parts += [("script", name)] if address.startswith(("javascript:", "data:text", "vbscript:")) else []
        self.text += " ".join(value or "" for _, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.parts.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.parts.append(("declaration", decl))

    def unknown_decl(self, data: str) -> None:
        self.parts.append(("declaration", data))

    def handle_pi(self, data: str) -> None:
        self.parts.append(("instruction", data))


def check_structure(plain: str, attacked: str) -> None:
    """Assert that a markup with an attack in place of `PLAIN` has the same tags and attributes, and that the text is shown."""
    assert PLAIN in Structure(plain).text
    assert Structure(attacked).parts == Structure(plain).parts
