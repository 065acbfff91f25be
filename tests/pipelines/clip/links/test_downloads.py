"""Links are fetched from public addresses alone, within limits, and every refusal is a sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from models.errors import JobStopped
from pipelines.clip.links.connections import is_public, resolve_name
from pipelines.clip.links.downloads import Fetched, LinkDownloads
from pipelines.clip.links.errors import (
    LinkAnswered,
    LinkBroken,
    LinkError,
    LinkNotPublic,
    LinkRedirectsTooOften,
    LinkRefused,
    LinksSwitchedOff,
    LinkTooLarge,
    LinkTooSlow,
    LinkToWebPage,
    LinkUnreachable,
)
from tests.pipelines.clip.links.link_server import LinkServer, is_loopback_server, link_server

SOUND = b"RIFF" + bytes(1000)


@pytest.fixture(scope="module")
def server() -> Iterator[LinkServer]:
    with link_server() as server:
        server.files = {
            "/bird.wav": ("audio/wav", SOUND),
            "/page": ("text/html; charset=utf-8", b"<p>"),
            "/": ("audio/ogg", SOUND),
        }
        yield server


def downloads(**changed: object) -> LinkDownloads:
    """Downloads that reach the tests' server, with short limits."""
    options: dict[str, object] = {"max_bytes": 10**6, "max_seconds": 5.0, "idle_seconds": 1.0, "is_allowed": is_loopback_server}
    return LinkDownloads(is_enabled=True, **options | changed)  # type: ignore[arg-type]


def test_a_file_comes_with_its_name(server: LinkServer, tmp_path: Path) -> None:
    found = downloads().download(f" {server.link('/bird.wav?x=1#t=2')} ", tmp_path)
    assert (found.path.read_bytes(), found.name) == (SOUND, "bird.wav")
    assert downloads().download(server.link("/"), tmp_path).name == "127.0.0.1"


def test_the_name_is_asked_for_once_and_sent_as_the_host(server: LinkServer, tmp_path: Path) -> None:
    """A name server that first gives an allowed address and then another one changes nothing."""
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    found = downloads(resolve=lambda *_: next(answers)).download(server.link("/bird.wav", "sound.example"), tmp_path)
    assert found.path.read_bytes() == SOUND
    assert server.hosts[-1] == f"sound.example:{server.port}"
    assert next(answers) == ("10.0.0.1",)


def test_a_name_with_one_private_address_among_others_is_refused(server: LinkServer, tmp_path: Path) -> None:
    with pytest.raises(LinkNotPublic):
        downloads(resolve=lambda *_: ("127.0.0.1", "10.0.0.1")).download(server.link("/bird.wav", "sound.example"), tmp_path)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]"],
)
def test_no_notation_of_loopback_is_fetched(host: str, server: LinkServer, tmp_path: Path) -> None:
    before = len(server.hosts)
    with pytest.raises((LinkNotPublic, LinkUnreachable)):
        downloads(is_allowed=is_public).download(server.link("/bird.wav", host), tmp_path)
    assert len(server.hosts) == before


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "100::1",
    ],
)
def test_an_address_outside_the_public_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "2606:4700:4700::1111"])
def test_an_address_of_the_public_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


PRIVATE = (
    *("10.0.0.1", "[::ffff:10.0.0.1]", "169.254.169.254", "127.0.0.2", "127.0.0.2."),
    *("2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "025177524776", "169.254.43518", "169.16689662"),
    *(
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a9fe:a9fe]",
    ),
    *("[2002:a9fe:a9fe::]", "[2001:0:a9fe:a9fe::]", "[fd00:ec2::254]", "[::]", "[fe80::1]", "localhost.", "LOCALHOST", "0"),
)
"""Hosts of a private network and of a cloud's metadata, in every notation."""


@pytest.mark.parametrize(
    "target", ["//192.168.0.1/x", "http://169.254.169.254/latest/meta-data", *(f"http://{host}/" for host in PRIVATE)]
)
def test_a_redirect_to_a_private_address_is_refused(target: str, server: LinkServer, tmp_path: Path) -> None:
    server.redirects = {"/moved": "/again", "/again": target}
    with pytest.raises((LinkRefused, LinkNotPublic, LinkUnreachable)):  # some notations are no host, or have no address
        downloads().download(server.link("/moved"), tmp_path)


TRICKS = (
    *("http://sound.example@10.0.0.1/", "http://sound.example%40@10.0.0.1/", "http://10.0.0.1#@sound.example/a.wav"),
    *("http://sound.example:80@10.0.0.1/", "http://sound.example\\@10.0.0.1/", "http://10.0.0.1\\@sound.example/"),
    *(
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://10.0.0.1%2f@sound.example/",
        "http://10.0.0.1%23.sound.example/",
    ),
    *("http://sound.example@10.0.0.1:80#@sound.example/", "http:10.0.0.1", "http:\\\\10.0.0.1\\", "http://\uff11\uff10.0.0.1/"),
    *(
        "http://10\u30020\u30020\u30021/",
        "http://\u246010.0.0.1/",
        "http://sound.example\r\nHost: 10.0.0.1/",
        "http://10.0.0.1%00.sound.example/",
    ),
)
"""Addresses that two readers may take for different hosts."""


@pytest.mark.parametrize("link", TRICKS)
def test_the_host_that_is_checked_is_the_host_that_is_asked(link: str, tmp_path: Path) -> None:
    """Whatever host is read from a link, its own addresses are checked: no reader is asked a second time."""

    def resolve(name: str, port: int) -> tuple[str, ...]:
        found = resolve_name(name, port) if name != "sound.example" else ()
        asked.append((name, found))
        return found

    asked: list[tuple[str, tuple[str, ...]]] = []
    with pytest.raises((LinkRefused, LinkNotPublic, LinkUnreachable)):
        downloads(resolve=resolve, is_allowed=is_public).download(link, tmp_path)
    assert all(name in ("sound.example", "10.0.0.1") or not found for name, found in asked)


def test_each_connection_is_checked_anew(server: LinkServer, tmp_path: Path) -> None:
    """A name that is public for the link, and private for the redirect to itself, is refused at the redirect."""
    server.redirects = {"/moved": "http://sound.example/again"}  # another port: another connection
    answers = iter([("127.0.0.1",), ("10.0.0.1",)])
    with pytest.raises(LinkNotPublic):
        downloads(resolve=lambda *_: next(answers)).download(server.link("/moved", "sound.example"), tmp_path)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "data:audio/wav;base64,AAAA", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/"]
)
def test_a_redirect_is_checked_as_the_link_was(target: str, server: LinkServer, tmp_path: Path) -> None:
    server.redirects = {"/moved": target}
    with pytest.raises(LinkRefused):
        downloads().download(server.link("/moved"), tmp_path)


def test_redirects_are_followed_and_counted(server: LinkServer, tmp_path: Path) -> None:
    server.redirects = {"/moved": "bird.wav", "/round": "/round", "/nowhere": "http://[bad"}
    assert downloads().download(server.link("/moved"), tmp_path).name == "bird.wav"
    with pytest.raises(LinkRedirectsTooOften):
        downloads().download(server.link("/round"), tmp_path)
    with pytest.raises(LinkRefused):
        downloads().download(server.link("/nowhere"), tmp_path)


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "data:audio/wav;base64,AAAA",
        "ftp://example.org/a.wav",
        "gopher://x",
        "javascript:0",
        "/etc/passwd",
        "",
        "http://",
        "http:///a.wav",
        "http://[::1",
        "https://user:pass@example.org/a.wav",
        "https://user@example.org/a.wav",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://exa mple.org/",
        f"http://example.org/{'a' * 3000}",
    ],
)
def test_what_is_no_link_to_a_file_is_refused_unasked(link: str, tmp_path: Path) -> None:
    def unasked(*_: object) -> tuple[str, ...]:
        raise AssertionError("The name was asked for.")

    with pytest.raises(LinkRefused):
        downloads(resolve=unasked).download(link, tmp_path)


def test_an_endless_file_ends_at_the_limit(server: LinkServer, tmp_path: Path) -> None:
    with pytest.raises(LinkTooLarge):
        downloads().download(server.link("/endless"), tmp_path)
    assert (tmp_path / "file").stat().st_size <= 10**6


def test_a_file_that_says_that_it_is_too_large_is_not_begun(server: LinkServer, tmp_path: Path) -> None:
    with pytest.raises(LinkTooLarge):
        downloads(max_bytes=100).download(server.link("/bird.wav"), tmp_path)
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("path", ["/drip", "/slow-header", "/silent"])
def test_a_slow_answer_ends_at_the_deadline(path: str, server: LinkServer, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(LinkTooSlow):
        downloads(max_seconds=0.6).download(server.link(path), tmp_path)
    assert time.monotonic() - began < 3


def test_bad_answers_are_sentences(server: LinkServer, tmp_path: Path) -> None:
    kinds: dict[str, type[LinkError]] = {"/short": LinkBroken, "/404": LinkAnswered, "/page": LinkToWebPage}
    for path, kind in kinds.items():
        with pytest.raises(kind, match=r"^[A-Z].*\.$"):
            downloads().download(server.link(path), tmp_path)
    with pytest.raises(LinkUnreachable):
        downloads(resolve=lambda *_: ()).download("http://unknown.example/a.wav", tmp_path)
    with pytest.raises(LinkUnreachable):
        downloads().download(server.link("/bird.wav").replace("http:", "https:"), tmp_path)


def test_a_stop_counts_during_the_download(server: LinkServer, tmp_path: Path) -> None:
    with pytest.raises(JobStopped):
        downloads().download(server.link("/endless"), tmp_path, should_stop=lambda: True)


def test_a_download_says_how_far_it_is(server: LinkServer, tmp_path: Path) -> None:
    reports: list[Fetched] = []
    downloads().download(server.link("/bird.wav"), tmp_path, report=reports.append)
    assert reports[0].total_bytes == len(SOUND)
    with pytest.raises(LinkTooLarge):
        downloads().download(server.link("/endless"), tmp_path, report=reports.append)
    assert reports[-1].total_bytes is None
    assert all(0 < fetched.size_bytes <= 10**6 for fetched in reports)


def test_nothing_is_asked_where_links_are_switched_off(tmp_path: Path) -> None:
    with pytest.raises(LinksSwitchedOff):
        LinkDownloads(is_enabled=False, max_bytes=1).download("http://127.0.0.1/", tmp_path)


def test_a_name_that_is_unknown_has_no_address() -> None:
    assert resolve_name("name.invalid", 80) == ()
    assert resolve_name("a" * 70 + ".example", 80) == ()
    assert resolve_name("0x7f.1", 80) == ("127.0.0.1",)
